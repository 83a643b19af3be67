package saml_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// maxXML is what fits into the largest message that is read, 1 MiB of base64.
const maxXML = 3 << 18

// hostileShape is a document that grows by repeating a part of it.
type hostileShape struct {
	name, before string
	part         func(i int) string
	after        string
}

// fill repeats the part until the document has n bytes, to the byte.
func (s hostileShape) fill(n int) []byte {
	var b bytes.Buffer
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

func hostileShapes() []hostileShape {
	const open, end = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="a">`, `</samlp:Response>`
	same := func(s string) func(int) string { return func(int) string { return s } }
	numbered := func(format string) func(int) string {
		return func(i int) string { return fmt.Sprintf(format, i) }
	}
	return []hostileShape{
		{"empty elements", open, same(`<a/>`), end},
		{"attributes of one element", open + `<a`, numbered(` a%d=""`), `/>` + end},
		{"attributes of many elements", open, same(`<a b="" c="" d="" e="" f="" g="" h="" i="" j="" k="" l="" m=""/>`), end},
		{"namespaces on one element", open + `<a`, numbered(` xmlns:a%d="urn:a"`), `/>` + end},
		{"a chain of namespaces", open, numbered(`<a xmlns:a%d="urn:a">`), end},
		{"nesting", open, same(`<a>`), end},
		{"one text", open, same(`text of one length `), end},
		{"references", open, same(`&amp;&#38;`), end},
		{"line ends", open, same("\r"), end},
		{"text in pieces", open, same("t<a/>"), end},
		{"a long value", open + `<a b="`, same(`&quot;`), `"/>` + end},
		{"IDs", open, numbered(`<a ID="b%d"/>`), end},
	}
}

// deflated is 128 MiB of empty elements, packed, cut to what is read.
func deflated(tb testing.TB) []byte {
	tb.Helper()
	var out bytes.Buffer
	f, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		tb.Fatal(err)
	}
	piece := bytes.Repeat([]byte("<a/>"), 1<<18)
	for range 128 {
		if _, err := f.Write(piece); err != nil {
			tb.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()[:min(out.Len(), maxXML)]
}

// signedShapes are what a customer's own provider can sign to slow everyone down, as
// large as the bounds allow, and sound.
func signedShapes(tb testing.TB) map[string]string {
	tb.Helper()
	var attributes, used, declared, chain strings.Builder
	for i := range 60 {
		fmt.Fprintf(&attributes, ` a%d=""`, i)
	}
	for i := range 20 {
		fmt.Fprintf(&declared, ` xmlns:n%d="urn:n:%d"`, i, i)
		fmt.Fprintf(&used, ` n%d:a=""`, i)
	}
	for i := range 9 {
		fmt.Fprintf(&chain, `<c xmlns:c%d="urn:c:%d">`, i, i)
	}
	out := map[string]string{}
	for name, part := range map[string]string{
		"empty elements":        `<a/>`,
		"attributes":            `<a` + attributes.String() + `/>`,
		"qualified attributes":  `<a` + used.String() + `/>`,
		"a chain of namespaces": chain.String() + strings.Repeat(`</c>`, 9),
		"groups":                `</saml:AttributeValue><saml:AttributeValue>group`,
		"references":            `&amp;`,
	} {
		n := 740_000 / len(part)
		if elements := strings.Count(part, "<") - strings.Count(part, "</"); elements > 0 {
			n = min(n, 9_800/elements)
		}
		n = min(n, maxSignedAttributes/max(1, strings.Count(part, `="`)))
		doc := replace(tb, genuine(), ` ID="asrt-1"`, declared.String()+` ID="asrt-1"`)
		doc = replace(tb, doc, `"groups"><saml:AttributeValue>red<`, `"any"><saml:AttributeValue>`+strings.Repeat(part, n)+`<`)
		out[name] = base("assertion").sign(doc, signing{})
	}
	return out
}

// maxSignedAttributes is how many attributes a document may have in all.
const maxSignedAttributes = 19_900

// postHostile sends what would be a SAMLResponse to an ACS, both verifiers at work.
func postHostile(message []byte) func() error {
	form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(message)}}.Encode()
	sp, idp := ourSP(), theirIdP()
	return func() error {
		r := httptest.NewRequest(http.MethodPost, "/acs", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		m, err := saml.ReadMessage(httptest.NewRecorder(), r)
		if err == nil {
			_, err = sp.Finish(idp, nil, m, ourRequest(), clock())
		}
		return err
	}
}

// hostileSetting is one size of hostile document, and what it may allocate.
type hostileSetting struct {
	name     string
	budget   uint64 // bytes
	accepted bool
	posts    map[string]func() error
}

func hostileSettings(tb testing.TB) []hostileSetting {
	tb.Helper()
	over := hostileSetting{"over the cap", 16 << 20, false, map[string]func() error{}}
	at := hostileSetting{"at the cap", 32 << 20, false, map[string]func() error{}}
	signed := hostileSetting{"signed", 64 << 20, true, map[string]func() error{}}
	for _, s := range hostileShapes() {
		over.posts[s.name] = postHostile(s.fill(5_000_000)) // 1.25 million empty elements
		at.posts[s.name] = postHostile(s.fill(maxXML))
	}
	at.posts["deflated"] = postHostile(deflated(tb))
	for name, doc := range signedShapes(tb) {
		signed.posts[name] = postHostile([]byte(doc))
	}
	return []hostileSetting{over, at, signed}
}

// Not parallel: it counts what the whole process allocates.
func TestHostileDocumentsAllocateLittle(t *testing.T) {
	for _, s := range hostileSettings(t) {
		for name, run := range s.posts {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := run()
			runtime.ReadMemStats(&after)
			if (err == nil) != s.accepted {
				t.Errorf("%s, %s: %s", s.name, name, explain(err))
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > s.budget {
				t.Errorf("%s, %s: %d MB allocated, at most %d", s.name, name, got>>20, s.budget>>20)
			}
		}
	}
}

// BenchmarkHostile: at most 10 ms over the cap, 50 ms at it, 250 ms for what a tenant's
// own key has signed. internal/bench checks these.
func BenchmarkHostile(b *testing.B) {
	for _, s := range hostileSettings(b) {
		for name, run := range s.posts {
			b.Run(s.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := run(); (err == nil) != s.accepted {
						b.Fatal(explain(err))
					}
				}
			})
		}
	}
}
