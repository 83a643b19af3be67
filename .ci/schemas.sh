#!/bin/bash
# What the saml package sends, judged by others: xmllint holds each document to the
# schemas of OASIS and W3C, xmlsec1 verifies the signatures. Needs Go, and root on
# Debian when the tools are not there yet. Leaves no file in the tree.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

oasis=/usr/share/xml/opensaml
w3c=/usr/share/xml/xmltooling
if ! command -v xmllint >/dev/null || ! command -v xmlsec1 >/dev/null || [ ! -d $oasis ] || [ ! -d $w3c ]; then
	if ! command -v apt-get >/dev/null; then
		echo "missing: xmllint, xmlsec1 and the schemas (and no apt-get to install them with)" >&2
		exit 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends libxml2-utils xmlsec1 opensaml-schemas xmltooling-schemas >/dev/null
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The schemas name each other by addresses on the web; the catalog has them on disk.
cat >"$work/catalog.xml" <<CATALOG
<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
<system systemId="http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd" uri="file://$w3c/xmldsig-core-schema.xsd"/>
<system systemId="http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/xenc-schema.xsd" uri="file://$w3c/xenc-schema.xsd"/>
<system systemId="http://www.w3.org/2001/xml.xsd" uri="file://$w3c/xml.xsd"/>
</catalog>
CATALOG
export XML_CATALOG_FILES=$work/catalog.xml

valid() {
	local schema=$oasis/saml-schema-protocol-2.0.xsd
	case $(basename "$1") in metadata*) schema=$oasis/saml-schema-metadata-2.0.xsd ;; esac
	xmllint --nonet --noout --schema "$schema" "$1"
}

# The key comes from a file of its own, never from the document.
verified() {
	local type id=()
	for type in metadata:EntityDescriptor protocol:AuthnRequest protocol:LogoutRequest protocol:LogoutResponse; do
		id+=(--id-attr:ID "urn:oasis:names:tc:SAML:2.0:$type")
	done
	xmlsec1 --verify --enabled-key-data x509,rsa --pubkey-cert-pem "$work/out/key.pem" "${id[@]}" "$1"
}

must() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }; }
must_not() { if "$@" >"$work/log" 2>&1; then echo "accepted what is wrong: $*" >&2; exit 1; fi; }

mkdir "$work/out"
must env ACCESSSEC_TEST_OUTBOUND="$work/out" go test -count=1 -run '^TestOutbound$' ./saml

documents=0 signatures=0
for file in "$work"/out/*.xml; do
	must valid "$file"
	documents=$((documents + 1))
	if [[ $file == *-signed.xml ]]; then
		must verified "$file"
		signatures=$((signatures + 1))
	fi
done

# Both judges refuse the same documents with one thing changed.
changed=$work/out/metadata-changed.xml
sed 's/AuthnRequestsSigned="true"/AuthnRequestsSigned="false"/' "$work/out/metadata-signed.xml" >"$changed"
must valid "$changed"
must_not verified "$changed"
sed 's/AuthnRequestsSigned="true"/AuthnRequestsSigned="perhaps"/' "$work/out/metadata-signed.xml" >"$changed"
must_not valid "$changed"

if [ "$documents" -lt 25 ] || [ "$signatures" -lt 10 ]; then
	echo "only $documents documents and $signatures signatures" >&2
	exit 1
fi
echo "$documents documents valid by their schemas, $signatures signatures verified by xmlsec1; a changed one is neither"
