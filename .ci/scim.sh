#!/bin/bash
# scim2-tester (PyPI), a checklist of RFC 7643 and 7644 by other people, against
# examples/scimonly: over every attribute of the schemas that it serves, once as any client
# is served and once under the strict profile. Everything but a success fails, and but two
# requests of its own that break the standard, under strict. Needs Go,
# Python 3 and PyPI; leaves no file in the tree.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v python3 >/dev/null || ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
	if ! command -v apt-get >/dev/null; then
		echo "missing: python3 with venv (and no apt-get to install it with)" >&2
		exit 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
fi

work=$(mktemp -d)
server=
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check scim2-tester==0.5.2 'scim2-client[httpx2]==0.13.2' scim2-models==0.12.3

cat >"$work/check.py" <<'PYTHON'
import sys

from scim2_client.engines.httpx2 import SyncSCIMClient
from httpx2 import Client
from scim2_tester import Status, check_server

url, token, profile = sys.argv[1:]
client = SyncSCIMClient(Client(base_url=url, headers={"Authorization": f"Bearer {token}"}))
results = check_server(client)
titles = {r.title for r in results}


def broken_by_client(r):
    """scim2-models puts "schemas" into the value of an extension, where no schema has it;
    that is what the strict profile is for."""
    return profile == "strict" and (
        r.title in ("check_add_attribute", "check_replace_attribute")
        and r.reason.endswith('has a part that its schema does not have: "schemas".'))


passed, refused, failed = 0, 0, 0
for r in results:
    if r.status in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE):
        passed += 1
    elif broken_by_client(r):
        refused += 1
    else:
        failed += 1
        print(f"{r.status.name} {r.title}: {r.reason}", file=sys.stderr)
print(f"scim2-tester, profile {profile}: {passed} of {len(results)} checks of {len(titles)} kinds pass, "
      f"{refused} are rightly refused, {failed} fail")
# Fewer checks than these would mean that something was left out.
sys.exit(0 if failed == 0 and refused in (0, 2) and passed + refused >= 133 else 1)
PYTHON

go build -o "$work/scimonly" ./examples/scimonly

check() {
	local profile=$1 token url
	token=$(head -c 20 /dev/urandom | od -An -tx1 | tr -d ' \n')
	"$work/scimonly" -listen localhost:0 -token "$token" -profile "$profile" >"$work/log" 2>&1 &
	server=$!
	url=
	for _ in $(seq 100); do
		url=$(sed -n 's/^SCIM is at //p' "$work/log")
		[ -z "$url" ] || break
		sleep 0.1
	done
	if [ -z "$url" ]; then
		cat "$work/log" >&2
		return 1
	fi
	"$work/venv/bin/python" "$work/check.py" "$url" "$token" "$profile" || {
		tail -n 20 "$work/log" >&2
		return 1
	}
	kill "$server"
	wait "$server" 2>/dev/null || true
	server=
}

check detect
check strict
