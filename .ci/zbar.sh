#!/bin/bash
# The QR codes of the totp package, read by zbarimg: 200 issuers and accounts, most of them
# not ASCII, as PNG, and some of them by way of SVG and of half blocks too.
#
# Needs Go and, on Debian, root to install zbarimg with. Leaves no file in the tree.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v zbarimg >/dev/null; then
	if ! command -v apt-get >/dev/null; then
		echo "missing: zbarimg (and no apt-get to install it with)" >&2
		exit 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends zbar-tools >/dev/null
fi
echo "read by zbarimg $(zbarimg --version)"

status=0
told=$(ACCESSSEC_REQUIRE_ZBAR=1 go test -count=1 -v -run '^TestZBar' ./totp) || status=$?
echo "$told"
# A test that is gone would pass as well, so what it says of itself must be there.
[ "$status" -eq 0 ] && grep -q 'zbarimg reads the link from 201 PNG files' <<<"$told"
