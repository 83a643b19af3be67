#!/bin/bash
# PATCHes drawn at random, applied by scim (over HTTP) and by two libraries of others, scim-patch
# and scimmy from npm: the tests of internal/interop that need them, none left out.
#
# Needs Go, and Node with npm; on Debian root installs them. The libraries go into a throwaway
# folder, and none of their scripts is run. Where npm's registry can't be reached this script says
# so and ends well; with ACCESSSEC_REQUIRE_SCIM_ORACLES=1 that is a failure.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
packages=(scim-patch@0.8.3 scimmy@1.3.5)

left_out() {
	echo "left out: PATCHes beside scim-patch and scimmy: $*"
	[ -z "${ACCESSSEC_REQUIRE_SCIM_ORACLES:-}" ] || exit 1
	exit 0
}

# shellcheck source=npm.bash
source "$root/.ci/npm.bash"
npm_install "${packages[@]}"

cd "$root/internal/interop"
status=0
told=$(ACCESSSEC_TEST_SCIM_ORACLES=$work GOWORK=off go test -count=1 -v -run '^TestSCIMOracles' .) || status=$?
if [ "$status" -ne 0 ]; then
	echo "$told"
	exit "$status"
fi
# A test that is gone would pass as well.
passed=$(grep -c -- '^--- PASS: TestSCIMOracles' <<<"$told" || true)
[ "$passed" -ge 2 ] || {
	echo "only $passed of the tests beside the oracles ran" >&2
	exit 1
}
echo "oracles: ${packages[*]} on node $(node --version)"
sed -n 's/^ *scim_oracle_test.go:[0-9]*: //p' <<<"$told"
