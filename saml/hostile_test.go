package saml_test

import (
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// What a document may cost is counted in memory here, which is the same on every
// machine. None of these tests is parallel, so that nobody else is counted.

// spent is how much fn allocates, in bytes.
func spent(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// filled repeats piece, with its number where it has a %d, up to n bytes.
func filled(n int, piece string) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		if strings.Contains(piece, "%") {
			fmt.Fprintf(&b, piece, i)
		} else {
			b.WriteString(piece)
		}
	}
	return b.String()
}

// hostile are documents of n bytes and more that anybody can post.
func hostile(n int) map[string]string {
	in := func(junk string) string {
		return strings.Replace(controls()["assertion"], "<samlp:Status>", junk+"<samlp:Status>", 1)
	}
	deep := filled(n/2, "<x>")
	return map[string]string{
		"empty elements":           in(filled(n, "<a/>")),
		"elements and text":        in(filled(n, "<a>.</a>")),
		"attributes":               in("<a" + filled(n, ` a%d=""`) + "/>"),
		"attributes of many":       in(filled(n, `<a b="" c="" d="" e="" f="" g=""/>`)),
		"namespaces":               in("<a" + filled(n, ` xmlns:a%d="a:a"`) + "/>"),
		"namespaces of many":       in(filled(n, `<a xmlns:a="a:%d" xmlns:b="b:b"/>`)),
		"a chain of namespaces":    in(filled(n, `<a xmlns:a%d="a:a">`)),
		"deep nesting":             in(deep + strings.Repeat("</x>", len(deep)/3)),
		"deep nesting, never over": filled(n, "<x>"),
		"one long text":            in("<a>" + filled(n, "a") + "</a>"),
		"a text of references":     in("<a>" + filled(n, "&#65;") + "</a>"),
		"a text of brackets":       in("<a>" + filled(n, ">]") + "</a>"),
		"an attribute of quotes":   in("<a b='" + filled(n, `"`) + "'/>"),
		"a name":                   in("<" + filled(n, "a") + "/>"),
		"a prefix":                 in("<" + filled(n, "a") + ":b/>"),
		"white space":              in(filled(n, " \n")),
		"white space in a tag":     in("<a" + filled(n, " \n") + "/>"),
		"IDs":                      in(filled(n, `<a Id="%d"/>`)),
		"signatures":               in(filled(n, `<ds:Signature xmlns:ds="`+dsNS+`"/>`)),
		"ends of tags":             filled(n, "</a>"),
		"beginnings of tags":       filled(n, "<"),
		"ampersands":               in("<a>" + filled(n, "&") + "</a>"),
		"comments":                 in(filled(n, "<!---->")),
		"a DOCTYPE":                "<!DOCTYPE a [" + filled(n, `<!ENTITY a%d "&a;&a;">`) + "]><a/>",
		"a certificate":            strings.Replace(controls()["assertion"], "<ds:X509Certificate>", "<ds:X509Certificate>"+filled(n, "AAAA"), 1),
		"a DigestValue":            strings.Replace(controls()["assertion"], "<ds:DigestValue>", "<ds:DigestValue>"+filled(n, "AAAA"), 1),
		"a SignatureValue":         strings.Replace(controls()["assertion"], "<ds:SignatureValue>", "<ds:SignatureValue>"+filled(n, "AAAA"), 1),
	}
}

func TestHostileDocumentsCostLittle(t *testing.T) {
	const largest = 3 * (1 << 20) / 4
	for name, doc := range hostile(largest + 10_000) {
		posted := base64.StdEncoding.EncodeToString([]byte(doc))
		cost := spent(func() {
			_, err := saml.ParseMessage(posted)
			refused(t, nil, err, saml.CodeSize)
		})
		if cost > 1<<20 {
			t.Errorf("%s, too long: %d KiB", name, cost>>10)
		}
	}
	for name, doc := range hostile(largest - 10_000) {
		posted := base64.StdEncoding.EncodeToString([]byte(doc[:min(len(doc), largest)]))
		if len(posted) < 1_000_000 || len(posted) > 1<<20 {
			t.Fatalf("%s: %d bytes", name, len(posted))
		}
		cost := spent(func() {
			m, err := saml.ParseMessage(posted)
			if err == nil {
				_, err = ourSP().Finish(theirIdP(), nil, m, ourRequest(), clock())
			}
			if err == nil && name != "white space" && name != "a certificate" { // which nobody reads
				t.Errorf("%s is accepted", name)
			}
		})
		t.Logf("%6d KiB for %s", cost>>10, name)
		if cost > 32<<20 {
			t.Errorf("%s: %d KiB", name, cost>>10)
		}
	}
}

// Some providers write an attribute for each value, and people are in many groups.
func TestAttributesThatAreRepeatedCostOnce(t *testing.T) {
	doc := replace(t, genuine(), `</saml:AttributeStatement>`, strings.Repeat(named("Role", "r"), 4_500)+`</saml:AttributeStatement>`)
	m := message(t, base("assertion").sign(doc, signing{}))
	var id *saml.Identity
	cost := spent(func() {
		var err error
		if id, err = ourSP().Finish(theirIdP(), engineOnly(), m, ourRequest(), clock()); err != nil {
			t.Fatal(explain(err))
		}
	})
	if n := len(id.Attributes["Role"]); n != 4_500 {
		t.Errorf("%d values", n)
	}
	if cost > 4<<20 {
		t.Errorf("%d KiB", cost>>10)
	}
}

// A tenant's own key signs what it likes, as far as the limits go, and both verifiers
// have to read it.
func TestHostileDocumentsWithAGoodSignature(t *testing.T) {
	attributes := filled(300, ` a%d=""`)
	declared := filled(500, ` xmlns:n%[1]d="urn:n%[1]d"`)
	for name, inside := range map[string]string{
		"empty elements":            strings.Repeat("<a/>", 9_900),
		"elements of attributes":    strings.Repeat("<a"+attributes+"/>", 400),
		"elements below namespaces": "<a" + declared + ">" + strings.Repeat(`<a n1:x="" n2:x="" n3:x=""/>`, 6_000) + "</a>",
		"deep, then wide":           strings.Repeat("<a"+attributes+">", 25) + strings.Repeat("<b/>", 9_800) + strings.Repeat("</a>", 25),
		"one long text":             filled(600_000, "a"),
		"a text of references":      filled(600_000, "&#65;"),
		"a text of brackets":        filled(600_000, ">]"),
		"an attribute of quotes":    "<a b='" + filled(600_000, `"`) + "'/>",
		"namespaces in turn":        strings.Repeat(`<p:a xmlns:p="urn:p"/><p:a xmlns:p="urn:q"/>`, 4_900),
		"a long namespace":          `<a xmlns:p="urn:` + filled(1_500, "p") + `">` + strings.Repeat("<p:a/>", 900) + "</a>",
	} {
		doc := replace(t, genuine(), `</saml:AttributeStatement>`, `<saml:Attribute Name="x"><saml:AttributeValue>`+inside+`</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>`)
		for _, b := range []base{"assertion", "both"} {
			signed := b.sign(doc, signing{infoList: "saml", list: "samlp n1 n2 n3 n4 n5 n6"})
			posted := base64.StdEncoding.EncodeToString([]byte(signed))
			cost := spent(func() {
				m, err := saml.ParseMessage(posted)
				if err != nil {
					t.Fatal(name, explain(err))
				}
				if _, err := ourSP().Finish(theirIdP(), nil, m, ourRequest(), clock()); err != nil {
					t.Error(name, explain(err))
				}
			})
			t.Logf("%6d KiB for %s, %s, %d KiB", cost>>10, name, b, len(signed)>>10)
			if cost > 64<<20 {
				t.Errorf("%s, %s: %d KiB", name, b, cost>>10)
			}
		}
	}
}
