#!/bin/bash
# Sign-ins at an OpenID provider written by others, oidc-provider from npm, by the adapter of
# docs/google.md: the test of internal/interop that needs one, not left out.
#
# Needs Go, and Node with npm; on Debian root installs them. The provider goes into a throwaway
# folder, and no install script is run. Where npm's registry can't be reached this script says so
# and ends well; with ACCESSSEC_REQUIRE_OPENID=1 that is a failure.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
package=oidc-provider@9.13.3

left_out() {
	echo "left out: sign-ins at oidc-provider: $*"
	[ -z "${ACCESSSEC_REQUIRE_OPENID:-}" ] || exit 1
	exit 0
}

# shellcheck source=npm.bash
source "$root/.ci/npm.bash"
npm_install "$package"
# It is made of ES modules, with what came with version 20.
[ "$(node --version | sed 's/^v\([0-9]*\).*/\1/')" -ge 20 ] || left_out "node $(node --version) is too old"

cd "$root/internal/interop"
status=0
told=$(ACCESSSEC_TEST_OPENID=$work GOWORK=off go test -count=1 -v -run '^TestOpenIDProvider$' . 2>&1) || status=$?
# A test that is gone would pass as well.
if [ "$status" -ne 0 ] || ! grep -q -- '^--- PASS: TestOpenIDProvider' <<<"$told"; then
	echo "$told"
	exit 1
fi
echo "sign-ins at $package on node $(node --version): passed"
