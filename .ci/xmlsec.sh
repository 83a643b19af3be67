#!/bin/bash
# Documents that xmlsec1 signs and encrypts, read by our service provider, and what we
# sign, verified by xmlsec1: the tests of internal/interop that need it, none left out.
#
# Needs Go and, on Debian, root to install xmlsec1 with. A release before 1.3 knows no
# xmlenc11; what it can't encrypt is then made by the same library from 1.3 on, which
# the Python package xmlsec brings along. Leaves no file in the tree.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
packages=(xmlsec==1.3.17 lxml==6.1.3)

# debian installs packages, which only root can do.
debian() {
	if ! command -v apt-get >/dev/null; then
		echo "missing: $* (and no apt-get to install it with)" >&2
		return 1
	fi
	DEBIAN_FRONTEND=noninteractive apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

command -v xmlsec1 >/dev/null || debian xmlsec1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
made_by=$(xmlsec1 --version)
case $made_by in
"xmlsec1 1.2."*)
	python3 -m venv "$work/python" >/dev/null 2>&1 || {
		debian python3 python3-venv
		python3 -m venv --clear "$work/python"
	}
	"$work/python/bin/pip" install -q --only-binary=:all: "${packages[@]}"
	ACCESSSEC_TEST_XMLSEC_PYTHON=$work/python/bin/python
	export ACCESSSEC_TEST_XMLSEC_PYTHON
	made_by="$made_by and, for xmlenc11, libxmlsec $("$ACCESSSEC_TEST_XMLSEC_PYTHON" -c \
		'import xmlsec; print(".".join(map(str, xmlsec.get_libxmlsec_version())))')"
	;;
esac
echo "documents made by $made_by"

cd "$root/internal/interop"
ACCESSSEC_REQUIRE_XMLSEC=1 GOWORK=off go test -count=1 -run '^TestXMLSec' .
