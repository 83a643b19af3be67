package engine

import (
	"fmt"
)

// Shape is what the profile leaves of a Response: one assertion, in clear or encrypted,
// and the signatures that there are, each in its only place.
type Shape struct {
	Response  Element
	Assertion Element // zero when it is encrypted
	Encrypted Element // the EncryptedAssertion; zero when it is in clear

	ResponseSignature, AssertionSignature *Signed
}

// ReadShape judges the structure before any key is used. Names are counted anywhere
// and in any namespace and compared with what stands on the one allowed path, so that
// there is nothing a second look could take for the assertion or its signature.
func ReadShape(d *Document, legacy bool) (*Shape, error) {
	s := &Shape{Response: d.Root()}
	if !s.Response.Is(ProtocolSpace, "Response") {
		return nil, structure("a SAML 2.0 Response", s.Response.Local())
	}
	count, err := census(s.Response, nil)
	if err != nil {
		return nil, err
	}
	if s.Assertion, s.Encrypted, err = theAssertion(s.Response); err != nil {
		return nil, err
	}
	if count.response != 1 || count.assertion+count.encryptedAssertion != 1 {
		return nil, structure("one Response with one Assertion", fmt.Sprintf("%d Response, %d Assertion, %d EncryptedAssertion",
			count.response, count.assertion, count.encryptedAssertion))
	}
	if err := checkID(s.Response); err != nil {
		return nil, err
	}
	var sigErr error
	if s.ResponseSignature, sigErr = SignatureOf(s.Response, legacy); sigErr != nil {
		return nil, sigErr
	}
	found := 0
	if s.ResponseSignature != nil {
		found++
	}
	if !s.Assertion.IsZero() {
		if err := checkID(s.Assertion); err != nil {
			return nil, err
		}
		if s.AssertionSignature, sigErr = SignatureOf(s.Assertion, legacy); sigErr != nil {
			return nil, sigErr
		}
		if s.AssertionSignature != nil {
			found++
		}
	}
	if err := count.signatures(found); err != nil {
		return nil, err
	}
	if found == 0 && s.Encrypted.IsZero() {
		return nil, refuse(Unsigned, "a signature on the Response or the Assertion", "none")
	}
	if err := count.ciphers(s.Encrypted, s.Assertion); err != nil {
		return nil, err
	}
	return s, nil
}

// ReadDecrypted judges an assertion that was encrypted, by the same rules. around is
// the Response it came in, whose IDs it must not repeat.
func ReadDecrypted(d *Document, around Element, legacy bool) (*Shape, error) {
	s := &Shape{Response: around, Assertion: d.Root()}
	if !s.Assertion.Is(AssertionSpace, "Assertion") {
		return nil, structure("an Assertion", s.Assertion.Local())
	}
	count, err := census(s.Assertion, around.ids())
	if err != nil {
		return nil, err
	}
	if count.response != 0 || count.assertion != 1 || count.encryptedAssertion != 0 {
		return nil, structure("one Assertion", fmt.Sprintf("%d Response, %d Assertion, %d EncryptedAssertion",
			count.response, count.assertion, count.encryptedAssertion))
	}
	if err := checkID(s.Assertion); err != nil {
		return nil, err
	}
	var sigErr error
	if s.AssertionSignature, sigErr = SignatureOf(s.Assertion, legacy); sigErr != nil {
		return nil, sigErr
	}
	found := 0
	if s.AssertionSignature != nil {
		found = 1
	}
	if err := count.signatures(found); err != nil {
		return nil, err
	}
	if err := count.ciphers(Element{}, s.Assertion); err != nil {
		return nil, err
	}
	return s, nil
}

// theAssertion is the one child of the Response that is one, in clear or not.
func theAssertion(response Element) (clear, encrypted Element, err *Error) {
	found := 0
	for c := response.First(); !c.IsZero(); c = c.Next() {
		switch {
		case c.Is(AssertionSpace, "Assertion"):
			clear = c
			found++
		case c.Is(AssertionSpace, "EncryptedAssertion"):
			encrypted = c
			found++
		}
	}
	if found != 1 {
		return Element{}, Element{}, structure("one Response with one Assertion", fmt.Sprintf("%d Assertion in the Response", found))
	}
	return clear, encrypted, nil
}

// tally is how often the names occur that must be in one place only.
type tally struct {
	response, assertion, encryptedAssertion, encryptedID, encryptedData, encryptedKey int
	signature, signedInfo, signatureValue, digestValue                                int
}

// census counts names and makes sure that IDs, in every spelling, are unique, also
// among those that are known already.
func census(root Element, known map[string]bool) (*tally, *Error) {
	var t tally
	d := root.doc
	ids := make([]string, 0, 8)
	for i, end := root.i, root.node().next; i < end; i++ {
		n := &d.nodes[i]
		if n.kind != element {
			continue
		}
		switch d.localName(n) {
		case "Response":
			t.response++
		case "Assertion":
			t.assertion++
		case "EncryptedAssertion":
			t.encryptedAssertion++
		case "EncryptedID":
			t.encryptedID++
		case "EncryptedData":
			t.encryptedData++
		case "EncryptedKey":
			t.encryptedKey++
		case "EncryptedAttribute":
			return nil, structure("no attribute encrypted by itself", "EncryptedAttribute")
		case "Object":
			return nil, structure("no Object", "Object")
		case "Signature":
			t.signature++
		case "SignedInfo":
			t.signedInfo++
		case "SignatureValue":
			t.signatureValue++
		case "DigestValue":
			t.digestValue++
		}
		attrs := d.attributes(n)
		for k := range attrs {
			if a := &attrs[k]; d.looksLikeID(a) {
				ids = append(ids, d.value(a))
			}
		}
	}
	return &t, unique(ids, known)
}

// unique compares few IDs with each other, and many by a table.
func unique(ids []string, known map[string]bool) *Error {
	if len(ids) <= 16 && len(known) == 0 {
		for i := range ids {
			for k := range i {
				if ids[i] == ids[k] {
					return structure("IDs that are unique", ids[i])
				}
			}
		}
		return nil
	}
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if seen[id] || known[id] {
			return structure("IDs that are unique", id)
		}
		seen[id] = true
	}
	return nil
}

// ids are all values that look like IDs below e.
func (e Element) ids() map[string]bool {
	out := map[string]bool{}
	for c := range e.Walk() {
		attrs := c.doc.attributes(c.node())
		for k := range attrs {
			if a := &attrs[k]; c.doc.looksLikeID(a) {
				out[c.doc.value(a)] = true
			}
		}
	}
	return out
}

// looksLikeID reports whether a is called ID, in any case and any namespace.
func (d *Document) looksLikeID(a *attribute) bool {
	if a.declaration || a.local != 2 {
		return false
	}
	local := d.local(a)
	return local[0]|0x20 == 'i' && local[1]|0x20 == 'd'
}

// checkID wants exactly one attribute that looks like an ID, and that it is the ID.
func checkID(e Element) *Error {
	found := 0
	attrs := e.doc.attributes(e.node())
	for k := range attrs {
		if e.doc.looksLikeID(&attrs[k]) {
			found++
		}
	}
	if id := e.Attr("ID"); found != 1 || !IsNCName(id) {
		return structure("one ID on the "+e.Local(), id)
	}
	return nil
}

// IsNCName accepts the ASCII names of Namespaces in XML 1.0 section 3; providers
// write no others.
func IsNCName(s string) bool {
	if s == "" || len(s) > 256 || !isLetter(s[0]) && s[0] != '_' {
		return false
	}
	for _, c := range []byte(s) {
		if !isNameByte(c) || c == ':' {
			return false
		}
	}
	return true
}

// signatures wants every part of a signature to belong to one of those found.
func (t *tally) signatures(found int) *Error {
	for _, part := range []struct {
		name string
		n    int
	}{{"Signature", t.signature}, {"SignedInfo", t.signedInfo}, {"SignatureValue", t.signatureValue}, {"DigestValue", t.digestValue}} {
		if part.n != found {
			return structure("signatures only as children of the Response and the Assertion", fmt.Sprintf("%d %s", part.n, part.name))
		}
	}
	return nil
}

// maxKeys is for how many recipients one thing may be encrypted.
const maxKeys = 4

// ciphers wants encrypted parts where they belong: an EncryptedAssertion, or an
// EncryptedID in place of the NameID.
func (t *tally) ciphers(encrypted, assertion Element) *Error {
	found := 0
	if !encrypted.IsZero() {
		found++
	}
	if !assertion.IsZero() && !encryptedID(assertion).IsZero() {
		found++
		if t.encryptedID != 1 {
			return structure("one EncryptedID", fmt.Sprintf("%d", t.encryptedID))
		}
	} else if t.encryptedID != 0 {
		return structure("an EncryptedID only in the Subject", fmt.Sprintf("%d EncryptedID", t.encryptedID))
	}
	if t.encryptedData != found || t.encryptedKey > maxKeys*found {
		return structure("encrypted data only in the assertion or its subject",
			fmt.Sprintf("%d EncryptedData, %d EncryptedKey", t.encryptedData, t.encryptedKey))
	}
	return nil
}

// encryptedID is that of the subject; zero when there is none.
func encryptedID(assertion Element) Element {
	subject, _ := assertion.One(AssertionSpace, "Subject")
	id, _ := subject.One(AssertionSpace, "EncryptedID")
	return id
}

// ReadSingle judges a message that is one thing and may carry one signature, which is
// then a child of its root; nil when there is none. No part of a login may be in it.
func ReadSingle(d *Document, space, local string, legacy bool) (*Signed, error) {
	root := d.Root()
	if !root.Is(space, local) {
		return nil, structure("a SAML 2.0 "+local, root.Local())
	}
	count, err := census(root, nil)
	if err != nil {
		return nil, err
	}
	if count.response+count.assertion+count.encryptedAssertion != 0 {
		return nil, structure("a "+local+" and nothing else", "Response or Assertion")
	}
	for e := range root.Walk() {
		if e != root && e.Local() == local {
			return nil, structure("one "+local, "several")
		}
	}
	if count.encryptedData > 1 || count.encryptedKey > maxKeys {
		return nil, structure("one thing encrypted", fmt.Sprintf("%d EncryptedData, %d EncryptedKey", count.encryptedData, count.encryptedKey))
	}
	if err := checkID(root); err != nil {
		return nil, err
	}
	sig, sigErr := SignatureOf(root, legacy)
	if sigErr != nil {
		return nil, sigErr
	}
	found := 0
	if sig != nil {
		found = 1
	}
	if err := count.signatures(found); err != nil {
		return nil, err
	}
	return sig, nil
}
