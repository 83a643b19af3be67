package saml_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

// TestRedirectSignatureConfusion: a parameter that is there twice, or in two spellings,
// is read by one and verified by the other. Here the octets that are verified are those
// of the values that are read.
func TestRedirectSignatureConfusion(t *testing.T) {
	t.Parallel()
	good := signedQuery("SAMLRequest", unmark(logoutRequest()), "state", signing{})
	evil := url.QueryEscape(packed(strings.Replace(unmark(logoutRequest()), "ann-1", "owner", 1)))
	request, rest, _ := strings.Cut(good, "&")
	relay, rest, _ := strings.Cut(rest, "&")
	alg, sig, _ := strings.Cut(rest, "&")
	response := "SAMLResponse=" + strings.TrimPrefix(request, "SAMLRequest=")
	for name, c := range map[string]struct {
		query string
		code  saml.Code // "" is accepted
	}{
		"control":                    {good, ""},
		"another order":              {strings.Join([]string{sig, alg, relay, request}, "&"), ""},
		"others between":             {"c=1&" + strings.Join([]string{request, "x", relay, "", alg, "samlrequest=" + evil, sig}, "&") + "&y=%41", ""},
		"evil second":                {good + "&SAMLRequest=" + evil, saml.CodeEncoding},
		"evil first":                 {"SAMLRequest=" + evil + "&" + good, saml.CodeEncoding},
		"evil, escaped name":         {good + "&SAMLReques%74=" + evil, saml.CodeEncoding},
		"evil first, escaped name":   {"%53AMLRequest=" + evil + "&" + good, saml.CodeEncoding},
		"escaped name alone":         {strings.Replace(good, "SAMLRequest", "SAMLReques%74", 1), saml.CodeEncoding},
		"twice the same":             {good + "&" + request, saml.CodeEncoding},
		"a response as well":         {good + "&SAMLResponse=" + evil, saml.CodeEncoding},
		"an empty response":          {good + "&SAMLResponse", saml.CodeEncoding},
		"as a response":              {strings.Replace(good, request, response, 1), saml.CodeEncoding}, // handed to ReceiveLogout
		"two RelayStates":            {good + "&RelayState=other", saml.CodeEncoding},
		"two algorithms":             {good + "&" + alg, saml.CodeEncoding},
		"two signatures":             {good + "&" + sig, saml.CodeEncoding},
		"RelayState changed":         {strings.Replace(good, relay, "RelayState=other", 1), saml.CodeSignature},
		"RelayState spelled anew":    {strings.Replace(good, relay, "RelayState=%73tate", 1), saml.CodeSignature},
		"RelayState taken off":       {strings.Replace(good, "&"+relay, "", 1), saml.CodeSignature},
		"RelayState emptied":         {strings.Replace(good, relay, "RelayState=", 1), saml.CodeSignature},
		"document changed":           {strings.Replace(good, request, "SAMLRequest="+evil, 1), saml.CodeSignature},
		"algorithm changed":          {strings.Replace(good, "sha256", "sha384", 1), saml.CodeSignature},
		"signature changed":          {strings.Replace(good, sig, "Signature="+url.QueryEscape(base64.StdEncoding.EncodeToString(octetSignature("other", signing{}))), 1), saml.CodeSignature},
		"signature of no base64":     {strings.Replace(good, sig, "Signature=***", 1), saml.CodeEncoding},
		"a semicolon":                {strings.Replace(good, "&"+alg, ";"+alg, 1), saml.CodeEncoding},
		"a broken name":              {good + "&%zz=1", saml.CodeEncoding},
		"a broken value":             {strings.Replace(good, relay, "RelayState=%zz", 1), saml.CodeEncoding},
		"another encoding":           {good + "&SAMLEncoding=urn:x", saml.CodeEncoding},
		"the encoding twice":         {good + "&SAMLEncoding=" + url.QueryEscape(deflateEncoding) + "&SAMLEncoding=urn:x", saml.CodeEncoding},
		"the encoding by name":       {good + "&SAMLEncoding=" + url.QueryEscape(deflateEncoding), ""},
		"nothing":                    {"", saml.CodeEncoding},
		"an empty request":           {"SAMLRequest=", saml.CodeEncoding},
		"not packed":                 {"SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(unmark(logoutRequest())))), saml.CodeEncoding},
		"more behind the packed":     {"SAMLRequest=" + url.QueryEscape(behind(packed("<a/>"), "more")), saml.CodeEncoding},
		"the packed cut off":         {"SAMLRequest=" + url.QueryEscape(packed(unmark(logoutRequest()))[:200]), saml.CodeEncoding},
		"packed nothing":             {"SAMLRequest=" + url.QueryEscape(packed("")), saml.CodeEncoding},
		"URL-safe base64":            {"SAMLRequest=_-_-", saml.CodeEncoding},
		"signed without escapes":     {signOctets(strings.ReplaceAll(unsignedQuery("SAMLRequest", unmark(logoutRequest()), "", signing{}), "%3A", ":"), signing{}), ""},
		"plus signs not escaped":     {strings.ReplaceAll(signOctets(strings.ReplaceAll(unsignedQuery("SAMLRequest", unmark(logoutRequest()), "", signing{}), "%2B", "+"), signing{}), "%2B", "+"), ""},
		"lower-case escapes":         {signOctets(lowerEscapes(unsignedQuery("SAMLRequest", unmark(logoutRequest()), "state", signing{})), signing{}), ""},
		"upper where lower was":      {signOctets(lowerEscapes(unsignedQuery("SAMLRequest", unmark(logoutRequest()), "state", signing{})), signing{}) + "&", ""},
		"escapes written anew":       {lowerEscapes(good), saml.CodeSignature},
		"empty RelayState, signed":   {signOctets(strings.Replace(unsignedQuery("SAMLRequest", unmark(logoutRequest()), "", signing{}), "&", "&RelayState=&", 1), signing{}), ""},
		"empty RelayState, left out": {strings.Replace(signedQuery("SAMLRequest", unmark(logoutRequest()), "", signing{}), "&", "&RelayState=&", 1), ""},
		"signed in another order":    {request + "&" + relay + "&" + alg + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(octetSignature(relay+"&"+request+"&"+alg, signing{}))), saml.CodeSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lo, err := receive(get(c.query), logoutIdP(), nil)
			if c.code != "" {
				notOver(t, err, c.code)
				return
			}
			if err != nil {
				t.Fatal(explain(err))
			}
			want := genuineLogout()
			want.RelayState = lo.RelayState
			if diff := cmp.Diff(want, lo); diff != "" || lo.RelayState != "" && lo.RelayState != "state" {
				t.Errorf("%q %s", lo.RelayState, diff)
			}
		})
	}
}

const deflateEncoding = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

// behind puts more bytes behind what base64 holds.
func behind(b64, more string) string {
	data, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(append(data, more...))
}

// TestLogoutMessagesAreBounded: what anybody may send is small before it is read.
func TestLogoutMessagesAreBounded(t *testing.T) {
	t.Parallel()
	pad := func(n int) string {
		return strings.Replace(unmark(logoutRequest()), "<saml:NameID", strings.Repeat(" ", n)+"<saml:NameID", 1)
	}
	noise := make([]byte, 120<<10)
	for i := range noise {
		noise[i] = byte(i * i >> 7)
	}
	for name, c := range map[string]struct {
		r    *http.Request
		code saml.Code // "" is accepted
	}{
		"as large as may be":       {get(signedQuery("SAMLRequest", pad(60<<10), "", signing{})), ""},
		"inflates too far":         {get(signedQuery("SAMLRequest", pad(65<<10), "", signing{})), saml.CodeSize},
		"a bomb":                   {get(signedQuery("SAMLRequest", strings.Repeat(" ", 50<<20), "", signing{})), saml.CodeSize},
		"a long query":             {get("SAMLRequest=" + strings.Repeat("A", 128<<10)), saml.CodeSize},
		"a long query of others":   {get(strings.Repeat("a=1&", 40<<10) + signedQuery("SAMLRequest", unmark(logoutRequest()), "", signing{})), saml.CodeSize},
		"many others":              {get(strings.Repeat("a=1&", 20<<10) + signedQuery("SAMLRequest", unmark(logoutRequest()), "", signing{})), ""},
		"a large form":             {post("SAMLRequest", sign(strings.Replace(logoutRequest(), "<saml:NameID", strings.Repeat(" ", 90<<10)+"<saml:NameID", 1), "@R@", signing{}), ""), ""},
		"a form too large":         {postForm("SAMLRequest=" + strings.Repeat("A", 193<<10)), saml.CodeSize},
		"a document too large":     {postForm("SAMLRequest=" + strings.Repeat("A", 129<<10)), saml.CodeSize},
		"a packed form":            {postForm("SAMLRequest=" + url.QueryEscape(packed(unmark(logoutRequest())))), saml.CodeXML},
		"a form of noise":          {postForm("SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(noise[:80<<10]))), saml.CodeXML},
		"noise in a query":         {get("SAMLRequest=" + strings.ReplaceAll(base64.StdEncoding.EncodeToString(noise[:40<<10]), "+", "%2B")), saml.CodeEncoding},
		"deep":                     {get(signedQuery("SAMLRequest", strings.Repeat("<a>", 40)+strings.Repeat("</a>", 40), "", signing{})), saml.CodeXML},
		"a document type":          {get(signedQuery("SAMLRequest", `<!DOCTYPE a>`+unmark(logoutRequest()), "", signing{})), saml.CodeXML},
		"a RelayState as long as":  {binding("redirect").send(logoutRequest(), strings.Repeat("é", 512), signing{}), ""},
		"a RelayState too long":    {binding("redirect").send(logoutRequest(), strings.Repeat("a", 1025), signing{}), saml.CodeSize},
		"one too long in a form":   {binding("post").send(logoutRequest(), strings.Repeat("a", 1025), signing{}), saml.CodeSize},
		"another method":           {httptest.NewRequest(http.MethodPut, "/slo?"+signedQuery("SAMLRequest", unmark(logoutRequest()), "", signing{}), nil), saml.CodeEncoding},
		"HEAD":                     {httptest.NewRequest(http.MethodHead, "/slo?"+signedQuery("SAMLRequest", unmark(logoutRequest()), "", signing{}), nil), saml.CodeEncoding},
		"a form without a body":    {&http.Request{Method: http.MethodPost, URL: &url.URL{}}, saml.CodeEncoding},
		"two requests in a form":   {postForm("SAMLRequest=PGEvPg%3D%3D&SAMLRequest=PGEvPg%3D%3D"), saml.CodeEncoding},
		"both in a form":           {postForm("SAMLRequest=PGEvPg%3D%3D&SAMLResponse=PGEvPg%3D%3D"), saml.CodeEncoding},
		"two RelayStates in it":    {postForm("SAMLRequest=PGEvPg%3D%3D&RelayState=a&RelayState=a"), saml.CodeEncoding},
		"nothing in a form":        {postForm("RelayState=a"), saml.CodeEncoding},
		"no base64 in a form":      {postForm("SAMLRequest=***"), saml.CodeEncoding},
		"broken escapes in a form": {postForm("SAMLRequest=%zz"), saml.CodeEncoding},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := saml.ReadLogout(httptest.NewRecorder(), c.r)
			lo, again := logoutSP().ReceiveLogout(logoutIdP(), nil, m, clock())
			if c.code == "" {
				if err != nil || again != nil || lo.NameID.Value != "ann-1" {
					t.Fatalf("%s %s", explain(err), explain(again))
				}
				return
			}
			aboutLogout(t, err, c.code)
			// Handed on all the same, it is refused for that reason.
			if m.RelayState() != "" || m.InResponseTo() != "" || m.IsRequest() {
				t.Error("a message with the error")
			}
			aboutLogout(t, again, c.code)
			notOver(t, logoutSP().FinishLogout(logoutIdP(), nil, m, ourRequest(), clock()), c.code)
		})
	}
}
