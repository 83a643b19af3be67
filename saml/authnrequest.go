package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
	saml2 "github.com/russellhaering/gosaml2"
	dsig "github.com/russellhaering/goxmldsig"
)

// authnRequest builds the document (saml-core 3.4.1). It names no NameID format and
// no authentication context: providers fail sign-ins that ask for other ones than
// they are set to, and what they send is judged in Finish anyway.
func (sp *SP) authnRequest(idp *IdP, opts *StartOptions, req Request, now time.Time) (*etree.Element, *Error) {
	builder := &saml2.SAMLServiceProvider{
		IdentityProviderSSOURL:      idp.SSO.URL,
		AssertionConsumerServiceURL: sp.ACS,
		ServiceProviderIssuer:       sp.EntityID,
		ForceAuthn:                  opts.ForceAuthn,
		IsPassive:                   opts.IsPassive,
		Clock:                       dsig.NewFakeClockAt(now),
	}
	doc, err := builder.BuildAuthRequestDocumentNoSig()
	if err != nil {
		return nil, refuse(CodeConfig, "a request that can be built", "").because(err)
	}
	root := doc.Root()
	root.CreateAttr("ID", req.ID)
	return root, nil
}

// signer is nil when requests go unsigned. Exclusive canonicalization and
// RSA with SHA-256 are what every provider understands.
func (sp *SP) signer() (*dsig.SigningContext, *Error) {
	if len(sp.Keys) == 0 {
		return nil, nil
	}
	key := sp.Keys[0]
	if err := key.check(); err != nil {
		return nil, err
	}
	ctx, err := dsig.NewSigningContext(key.Signer, [][]byte{key.Cert.Raw})
	if err != nil {
		return nil, refuse(CodeConfig, "a signing key", "").because(err)
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	return ctx, nil
}

// redirect puts the request into the query, the signature over its exact octets
// (saml-bindings 3.4.4.1).
func (sp *SP) redirect(idp *IdP, opts *StartOptions, req Request, now time.Time) (*Bounce, *Error) {
	target, err := url.Parse(idp.SSO.URL)
	if err != nil {
		return nil, refuse(CodeConfig, "a sign-in URL", "").because(err)
	}
	for _, taken := range []string{"SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature"} {
		if target.Query().Has(taken) {
			return nil, refuse(CodeConfig, "a sign-in URL without "+taken+" in its query", idp.SSO.URL)
		}
	}
	root, refused := sp.authnRequest(idp, opts, req, now)
	if refused != nil {
		return nil, refused
	}
	xml, refused := write(root)
	if refused != nil {
		return nil, refused
	}
	packed, err := deflate(xml)
	if err != nil {
		return nil, refuse(CodeConfig, "a request that can be packed", "").because(err)
	}
	query := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed))
	signer, refused := sp.signer()
	if refused != nil {
		return nil, refused
	}
	if signer != nil {
		query += "&SigAlg=" + url.QueryEscape(signer.GetSignatureMethodIdentifier())
		sig, err := signer.SignString(query)
		if err != nil {
			return nil, refuse(CodeConfig, "a key that signs", "").because(err)
		}
		query += "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(sig))
	}
	if target.RawQuery != "" {
		query = strings.TrimSuffix(target.RawQuery, "&") + "&" + query
	}
	target.RawQuery, target.Fragment, target.RawFragment = query, "", ""
	return &Bounce{url: target.String()}, nil
}

// form puts the request into a page, the signature after the issuer as the schema
// wants it (saml-bindings 3.5).
func (sp *SP) form(idp *IdP, opts *StartOptions, req Request, now time.Time) (*Bounce, *Error) {
	root, refused := sp.authnRequest(idp, opts, req, now)
	if refused != nil {
		return nil, refused
	}
	signer, refused := sp.signer()
	if refused != nil {
		return nil, refused
	}
	if signer != nil {
		sig, err := signer.ConstructSignature(root, true)
		if err != nil {
			return nil, refuse(CodeConfig, "a key that signs", "").because(err)
		}
		root.InsertChildAt(1, sig)
	}
	xml, refused := write(root)
	if refused != nil {
		return nil, refused
	}
	return &Bounce{url: idp.SSO.URL, form: base64.StdEncoding.EncodeToString(xml)}, nil
}

func write(root *etree.Element) ([]byte, *Error) {
	doc := etree.NewDocument()
	doc.SetRoot(root)
	xml, err := doc.WriteToBytes()
	if err != nil {
		return nil, refuse(CodeConfig, "a request that can be written", "").because(err)
	}
	return xml, nil
}

func deflate(data []byte) ([]byte, error) {
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, flate.DefaultCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
