package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// The parameters of both bindings (saml-bindings 3.4.4 and 3.5.4).
const (
	fieldRequest  = "SAMLRequest"
	fieldResponse = "SAMLResponse"
	fieldRelay    = "RelayState"
	fieldEncoding = "SAMLEncoding"
	fieldSigAlg   = "SigAlg"
	fieldSig      = "Signature"
)

// fields lists them; none may stand in a URL that is given to us.
func fields() []string {
	return []string{fieldRequest, fieldResponse, fieldRelay, fieldEncoding, fieldSigAlg, fieldSig}
}

// outbound is a document on its way to the identity provider.
type outbound struct {
	root    *etree.Element // its first child is the Issuer
	field   string         // fieldRequest or fieldResponse
	relay   string         // "" is none
	to      Endpoint
	purpose purpose
}

// bounce sends it by the binding of the endpoint; signer is nil to leave it unsigned.
func (out outbound) bounce(signer *dsig.SigningContext) (*Bounce, *Error) {
	switch out.to.Binding {
	case Redirect, "":
		return out.redirect(signer)
	case POST:
		return out.form(signer)
	}
	return nil, refuse(CodeConfig, "binding redirect or post", string(out.to.Binding))
}

// signer is nil when sp has no key. Exclusive canonicalization and RSA with SHA-256
// are what every provider understands.
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

// redirect puts the document into the query, the signature over its exact octets
// (saml-bindings 3.4.4.1).
func (out outbound) redirect(signer *dsig.SigningContext) (*Bounce, *Error) {
	target, err := url.Parse(out.to.URL)
	if err != nil {
		return nil, refuse(CodeConfig, "a URL of the identity provider", "").because(err)
	}
	if taken := target.Query(); slices.ContainsFunc(fields(), taken.Has) {
		return nil, refuse(CodeConfig, "a URL without "+strings.Join(fields(), ", ")+" in its query", out.to.URL)
	}
	xml, refused := write(out.root)
	if refused != nil {
		return nil, refused
	}
	packed, err := deflate(xml)
	if err != nil {
		return nil, refuse(CodeConfig, "a message that can be packed", "").because(err)
	}
	query := out.field + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed))
	if out.relay != "" {
		query += "&" + fieldRelay + "=" + url.QueryEscape(out.relay)
	}
	if signer != nil {
		query += "&" + fieldSigAlg + "=" + url.QueryEscape(signer.GetSignatureMethodIdentifier())
		sig, err := signer.SignString(query)
		if err != nil {
			return nil, refuse(CodeConfig, "a key that signs", "").because(err)
		}
		query += "&" + fieldSig + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(sig))
	}
	if target.RawQuery != "" {
		query = strings.TrimSuffix(target.RawQuery, "&") + "&" + query
	}
	target.RawQuery, target.Fragment, target.RawFragment = query, "", ""
	return &Bounce{url: target.String(), purpose: out.purpose}, nil
}

// form puts the document into a page, the signature after the issuer as the schema
// wants it (saml-bindings 3.5).
func (out outbound) form(signer *dsig.SigningContext) (*Bounce, *Error) {
	if signer != nil {
		sig, err := signer.ConstructSignature(out.root, true)
		if err != nil {
			return nil, refuse(CodeConfig, "a key that signs", "").because(err)
		}
		out.root.InsertChildAt(1, sig)
	}
	xml, refused := write(out.root)
	if refused != nil {
		return nil, refused
	}
	return &Bounce{url: out.to.URL, field: out.field, form: base64.StdEncoding.EncodeToString(xml), relay: out.relay, purpose: out.purpose}, nil
}

func write(root *etree.Element) ([]byte, *Error) {
	doc := etree.NewDocument()
	doc.SetRoot(root)
	xml, err := doc.WriteToBytes()
	if err != nil {
		return nil, refuse(CodeConfig, "a message that can be written", "").because(err)
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
