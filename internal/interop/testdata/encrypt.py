"""Encrypts a part of a document by libxmlsec, for versions of xmlsec1 that know no xmlenc11.

usage: encrypt.py document template certificate kind bits xpath
"""
import sys

import lxml.etree as etree
import xmlsec

document, template, certificate, kind, bits, xpath = sys.argv[1:]
tree = etree.parse(document)
manager = xmlsec.KeysManager()
manager.add_key(xmlsec.Key.from_file(certificate, xmlsec.KeyFormat.CERT_PEM))
context = xmlsec.EncryptionContext(manager)
context.key = xmlsec.Key.generate(
    getattr(xmlsec.KeyData, kind.upper()), int(bits), xmlsec.KeyDataType.SESSION
)
context.encrypt_xml(etree.parse(template).getroot(), tree.xpath(xpath)[0])
sys.stdout.buffer.write(etree.tostring(tree))
