#!/bin/bash
# Claims looked up at real servers: NSD and Knot as the name servers, Unbound as the
# resolvers. The tests of internal/interop that need them, none left out.
#
# Needs Go and, on Debian, root where the three programs are not there yet: their packages
# are then unpacked into a temporary folder and not installed, so that no server begins to
# run on this machine, and nothing of them stays. Where they can't be had, this script says so
# and ends well; with ACCESSSEC_REQUIRE_NSD=1 that is a failure. All that runs listens on
# loopback and ends with the tests.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH=$PATH:/usr/sbin

left_out() {
	echo "left out: claims at real name servers: $*"
	[ -z "${ACCESSSEC_REQUIRE_NSD:-}" ] || exit 1
	exit 0
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

there() { command -v nsd >/dev/null && command -v knotd >/dev/null && command -v unbound >/dev/null; }

# unpack fetches the packages, and what they need and is not installed.
unpack() {
	command -v apt-get >/dev/null || left_out "there is no apt-get"
	[ "$(id -u)" -eq 0 ] || left_out "nsd, knot and unbound are missing, and only root can fetch them"
	mkdir -p "$work/debs/partial" "$work/root"
	{ apt-get update -qq && apt-get install -y -qq --no-install-recommends --download-only \
		-o Dir::Cache::archives="$work/debs" nsd knot unbound; } >"$work/apt.log" 2>&1 ||
		left_out "the packages can't be fetched: $(tail -n 1 "$work/apt.log")"
	local deb
	for deb in "$work"/debs/*.deb; do
		dpkg-deb -x "$deb" "$work/root"
	done
	PATH=$work/root/usr/sbin:$PATH
	LD_LIBRARY_PATH=$work/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -dumpmachine)
	export LD_LIBRARY_PATH
	there || left_out "the packages have no nsd, knotd and unbound"
}
there || unpack

echo "name servers: $(nsd -v 2>&1 | head -n 1), $(knotd -V | head -n 1); resolvers: unbound $(unbound -V | sed -n 's/^Version //p')"
cd "$root/internal/interop"
status=0
told=$(ACCESSSEC_REQUIRE_NSD=1 GOWORK=off go test -count=1 -v -run '^TestNSD' .) || status=$?
if [ "$status" -ne 0 ]; then
	echo "$told"
	exit "$status"
fi
# A test that is gone would pass as well.
passed=$(grep -c -- '--- PASS: TestNSD/' <<<"$told" || true)
[ "$passed" -ge 28 ] || {
	echo "only $passed claims were looked up" >&2
	exit 1
}
echo "$passed claims and lives of claims looked up at NSD and Knot, by resolvers and by the name servers themselves"
