package saml_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runs is how many documents a test of random ones makes: an environment variable says
// it for a long night, and a small number is enough to see that the test works.
func runs(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv(variable))
	if os.Getenv(variable) == "" {
		return otherwise
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRandomMutationsNeverChangeTheIdentity does what FuzzFinishMutated does, blindly and
// by the million: ACCESSSEC_MUTATIONS=5000000.
func TestRandomMutationsNeverChangeTheIdentity(t *testing.T) {
	t.Parallel()
	n := runs(t, "ACCESSSEC_MUTATIONS", 4_000)
	all := dialects()
	want := genuineIdentity()
	const workers = 2
	var group sync.WaitGroup
	var accepted, refusedSoFar atomic.Int64
	for w := range workers {
		group.Go(func() {
			m := mutator{rand.New(rand.NewPCG(uint64(n), uint64(w)))}
			for i := range n / workers {
				d := all[m.IntN(len(all))]
				mutated := m.change(signedDialects()[d.name])
				rules := engineOnly()
				if i%8 == 0 {
					rules = nil
				}
				id, err := d.login(mutated, rules)
				judged(t, id, err)
				if err != nil {
					refusedSoFar.Add(1)
					continue
				}
				accepted.Add(1)
				if diff := cmp.Diff(want, id); diff != "" {
					t.Errorf("another identity is accepted: %s\n%s", diff, mutated)
					return
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d refused, %d accepted unchanged", refusedSoFar.Load(), accepted.Load())
	if accepted.Load() == 0 || refusedSoFar.Load() == 0 {
		t.Error("not both happened")
	}
}

// mutator changes documents: one to three times, by bytes, by pieces and by whole tags.
type mutator struct{ *rand.Rand }

func (m mutator) change(doc string) string {
	for range 1 + m.IntN(3) {
		at := m.IntN(len(doc))
		switch m.IntN(8) {
		case 0:
			doc = doc[:at] + string(byte(m.IntN(256))) + doc[at+1:]
		case 1:
			doc = doc[:at] + m.piece() + doc[at:]
		case 2: // cut
			doc = doc[:at] + doc[min(len(doc), at+1+m.IntN(60)):]
		case 3: // copy to another place
			from := m.IntN(len(doc))
			doc = doc[:at] + doc[from:min(len(doc), from+m.IntN(900))] + doc[at:]
		case 4:
			doc = m.moveElement(doc, true)
		case 5:
			doc = m.moveElement(doc, false)
		case 6: // two names change places
			doc = swap(doc, m.name(), m.name())
		default: // white space and quotes, which mean nothing in most places
			doc = doc[:at] + strings.Replace(doc[at:], m.one(">", `"`, " ", "<"), m.one("> ", `'`, "\n", "\t<", ">\r\n", "  "), 1)
		}
		if doc == "" {
			return doc
		}
	}
	return doc
}

func (m mutator) one(of ...string) string { return of[m.IntN(len(of))] }

func (m mutator) piece() string {
	return m.one("owner@victim.example", "<!-- -->", "<?x?>", "<![CDATA[", "]]>", "&#97;", "&amp;", ` ID="asrt-1"`, ` Id="x"`, ` xmlns="urn:x"`,
		`<saml:NameID>owner@victim.example</saml:NameID>`, "<ds:Object>", "</saml:Assertion>", "<saml:Assertion>", " ", "\n", "\x00", "\u00a0",
		`<saml:AttributeValue>owner@victim.example</saml:AttributeValue>`, `<saml:Attribute Name="mail">`, "<x/>", ` xml:lang="en"`, "samlp:", "#", "=")
}

func (m mutator) name() string {
	return m.one("saml:Issuer", "saml:NameID", "saml:Assertion", "saml:Subject", "saml:Audience", "ds:SignedInfo", "ds:Signature", "ds:Reference",
		"saml:AttributeValue", "samlp:Status", "samlp:Extensions", "ID", "Id", "Recipient", "Name", "FriendlyName", "saml:Advice", "ds:KeyInfo")
}

// moveElement takes something that looks like an element from its place, or a copy of
// it, and puts it before another tag.
func (m mutator) moveElement(doc string, away bool) string {
	from := m.tag(doc)
	if from < 0 {
		return doc
	}
	end := strings.Index(doc[from:], m.one("</saml:Assertion>", "</saml:Subject>", "</ds:Signature>", "</saml:Issuer>", "</ds:Reference>", "/>"))
	if end < 0 {
		return doc
	}
	end += from + strings.IndexByte(doc[from+end:], '>') + 1
	element := doc[from:end]
	if away {
		doc = doc[:from] + doc[end:]
	}
	to := m.tag(doc)
	if to < 0 {
		return doc
	}
	return doc[:to] + element + doc[to:]
}

// tag is where one begins, -1 if there is none behind the place that was thrown.
func (m mutator) tag(doc string) int {
	at := m.IntN(len(doc) + 1)
	n := strings.IndexByte(doc[at:], '<')
	if n < 0 {
		return -1
	}
	return at + n
}

func swap(doc, a, b string) string {
	return strings.NewReplacer(a, b, b, a).Replace(doc)
}
