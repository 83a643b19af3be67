package main

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// maxXML is what fits into the largest message that is read, 1 MiB of base64.
const maxXML = 3 << 18

// posted is one hostile request to the ACS and how much it may cost.
type posted struct {
	name string
	form string // the body of the request
	time time.Duration
	most uint64 // bytes allocated
}

// setting is what a size may cost.
type setting struct {
	name string
	time time.Duration
	most uint64
}

var (
	overCap = setting{"over the size cap", 10 * time.Millisecond, 16 << 20}
	atCap   = setting{"at the size cap", 50 * time.Millisecond, 32 << 20}
	signed  = setting{"signed by the tenant's own key", 250 * time.Millisecond, 64 << 20}
)

func (s setting) post(name string, message []byte) posted {
	form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(message)}}.Encode()
	return posted{s.name + ": " + name, form, s.time, s.most}
}

// requests are all hostile requests.
func (w *world) requests() ([]posted, error) {
	var out []posted
	for _, s := range shapes() {
		out = append(out,
			overCap.post(s.name, s.fill(5_000_000)),
			atCap.post(s.name, s.fill(maxXML)))
	}
	bomb, err := bomb()
	if err != nil {
		return nil, err
	}
	// As much of it as fits: whoever inflated it would not reach the end.
	out = append(out, atCap.post("deflated", bomb[:min(len(bomb), maxXML)]))
	tenant, err := w.tenantShapes()
	if err != nil {
		return nil, err
	}
	return append(out, tenant...), nil
}

// bomb is 256 MiB of empty elements, deflated.
func bomb() ([]byte, error) {
	var out bytes.Buffer
	f, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	piece := bytes.Repeat([]byte("<a/>"), 1<<18)
	for range 256 {
		if _, err := f.Write(piece); err != nil {
			return nil, err
		}
	}
	err = f.Close()
	return out.Bytes(), err
}

// shape is a document that grows by repeating a part of it.
type shape struct {
	name   string
	before string
	part   func(i int) string
	after  string
}

// fill repeats the part until the document has n bytes, to the byte.
func (s shape) fill(n int) []byte {
	var b bytes.Buffer
	b.Grow(n)
	b.WriteString(s.before)
	for i := 0; ; i++ {
		part := s.part(i)
		if b.Len()+len(part)+len(s.after) > n {
			break
		}
		b.WriteString(part)
	}
	b.WriteString(s.after)
	b.WriteString(strings.Repeat(" ", n-b.Len()))
	return b.Bytes()
}

// shapes need no key: what a stranger can post.
func shapes() []shape {
	const open, end = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="a">`, `</samlp:Response>`
	const sealed = `<EncryptedAssertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#"/>`
	same := func(s string) func(int) string { return func(int) string { return s } }
	numbered := func(format string) func(int) string {
		return func(i int) string { return fmt.Sprintf(format, i) }
	}
	return []shape{
		{"empty elements", open, same(`<a/>`), end},
		{"attributes of one element", open + `<a`, numbered(` a%d=""`), `/>` + end},
		{"attributes of many elements", open, same(`<a b="" c="" d="" e="" f="" g="" h="" i="" j="" k="" l="" m=""/>`), end},
		{"namespaces on one element", open + `<a`, numbered(` xmlns:a%d="urn:a"`), `/>` + end},
		{"a chain of namespaces", open, numbered(`<a xmlns:a%d="urn:a">`), end},
		{"nesting", open, same(`<a>`), end},
		{"nesting without an end", open, same(`<nn>`), ""},
		{"text", open, same(`text of one length `), end},
		{"text of references", open, same(`&amp;&#38;`), end},
		{"text of line ends", open, same("\r"), end},
		{"text in pieces", open, same("t<a/>"), end},
		{"a long name", open + "<", same(`a`), `/>` + end},
		{"a long value", open + `<a b="`, same(`&quot;`), `"/>` + end},
		{"a comment", open + `<!--`, same(`a`), `-->` + end},
		{"a document type", `<!DOCTYPE a [`, same(`<!ENTITY a "a">`), `]>` + open + end},
		{"white space", "", same("\n"), open + end},
		{"keys of a cipher", open + sealed, same(`<EncryptedKey/>`), `</EncryptedAssertion>` + end},
		{"no XML", "", same("\x00"), ""},
	}
}

// acs is what a host's handler does with a request: both verifiers, as by default.
func (w *world) acs(p posted) (saml.Code, error) {
	sp := &saml.SP{EntityID: spID, ACS: acs}
	idp := w.idp(w.rsa)
	r := httptest.NewRequest(http.MethodPost, acs, strings.NewReader(p.form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	m, err := saml.ReadMessage(httptest.NewRecorder(), r)
	if err == nil {
		_, err = sp.Finish(idp, nil, m, w.request(), w.now)
	}
	var e *saml.Error
	if err != nil && !errors.As(err, &e) {
		return "", fmt.Errorf("%s: %w", p.name, err)
	}
	if e != nil {
		return e.Code, nil
	}
	return "accepted", nil
}

// hostile prints what each hostile request costs, and counts those that cost too much.
func (w *world) hostile(out io.Writer, rounds int) (missed int, err error) {
	all, err := w.requests()
	if err != nil {
		return 0, err
	}
	var subjects []subject
	for _, p := range all {
		subjects = append(subjects, subject{p.name, func() error {
			_, err := w.acs(p)
			return err
		}})
	}
	costs, err := measure(subjects, max(1, rounds/4), 1)
	if err != nil {
		return 0, err
	}
	fmt.Fprintln(out, "Hostile requests, from the body of the POST to the refusal")
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, p := range all {
		code, err := w.acs(p)
		if err != nil {
			return 0, err
		}
		verdict := "ok"
		if costs[i].time > p.time || costs[i].bytes > p.most {
			verdict = "MISSED"
			missed++
		}
		fmt.Fprintf(tab, "    %s\t%s\t%s\tof %s\t%.1f MB\tof %d\t%s\n", verdict, p.name, costs[i].time.Round(10*time.Microsecond), p.time,
			float64(costs[i].bytes)/(1<<20), p.most>>20, code)
	}
	return missed, tab.Flush()
}
