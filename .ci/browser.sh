#!/bin/bash
# The quickstart, samlonly and every way in in a real browser, with scripts and without. Needs Go, and root on
# Debian when chromium is not there yet. Leaves no file in the tree.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null || ! command -v zbarimg >/dev/null; then
	if ! command -v apt-get >/dev/null; then
		echo "missing: chromium, chromedriver or zbarimg (and no apt-get to install them with)" >&2
		exit 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends chromium chromium-driver zbar-tools >/dev/null
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"
go build -o "$work/quickstart" ./examples/quickstart
go build -o "$work/samlonly" ./examples/samlonly
cd internal/browser
GOWORK=off go vet ./...
GOWORK=off go build -o "$work/browser" .
TMPDIR=$work "$work/browser" -quickstart "$work/quickstart" -samlonly "$work/samlonly" -chromium "$(command -v chromium)"
