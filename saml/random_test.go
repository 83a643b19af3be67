package saml_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

// author writes sound XML of every kind: prefixes that change their meaning, references,
// line ends of three kinds, both quotes, attributes of several namespaces.
type author struct{ *rand.Rand }

func (a author) one(of ...string) string { return of[a.IntN(len(of))] }

func (a author) text() string {
	var b strings.Builder
	for range a.IntN(5) {
		b.WriteString(a.one("a", " ", "\n", "\t", "\r\n", "\r", "&#13;", "&#10;", "&#9;", "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "> ",
			"\u00e4", "\U0001F600", "&#x1F600;", "&#65;", "\u0085", "\u2028", "]", "\u00a0", "\u0308", "\ufeff", "'", "\x7f"))
	}
	return b.String()
}

// attribute is one with a value of its own, in either kind of quotes.
func (a author) attribute(name string) string {
	if a.IntN(3) == 0 {
		return a.one(" ", "\n ") + name + a.one("=", " = ") + "'" + strings.ReplaceAll(a.text(), "'", `"`) + "'"
	}
	return a.one(" ", "\r\n") + name + `="` + strings.ReplaceAll(a.text(), `"`, "") + `"`
}

// element has at most depth levels below it; scope is what prefixes mean around it.
func (a author) element(depth int, outer map[string]string) string {
	scope := maps.Clone(outer)
	written := map[string]string{} // by what makes an attribute unique
	for range a.IntN(4) {
		prefix, uri := a.one("", "p", "q", "r", "pq"), a.one("urn:a", "urn:b", "urn:B", "http://x/?a=1&amp;b", "urn:a:b")
		scope[prefix] = uri
		written["xmlns:"+prefix] = strings.TrimSuffix(" xmlns:"+prefix, ":") + `="` + uri + `"`
	}
	prefixes := slices.DeleteFunc(slices.Sorted(maps.Keys(scope)), func(p string) bool { return p == "" })
	name := a.one("a", "b", "c-d", "_x")
	if len(prefixes) > 0 && a.IntN(2) == 0 {
		name = a.one(prefixes...) + ":" + name
	}
	for range a.IntN(5) {
		local := a.one("x", "y", "Z", "a-b")
		switch k := a.IntN(4); {
		case k == 0:
			written["xml "+local] = a.attribute("xml:" + local)
		case k < 3 && len(prefixes) > 0:
			prefix := a.one(prefixes...)
			written[scope[prefix]+" "+local] = a.attribute(prefix + ":" + local)
		default:
			written[" "+local] = a.attribute(local)
		}
	}
	attributes := slices.Collect(maps.Values(written))
	slices.Sort(attributes)
	a.Shuffle(len(attributes), func(i, j int) { attributes[i], attributes[j] = attributes[j], attributes[i] })
	tag := "<" + name + strings.Join(attributes, "") + a.one("", " ", "\n")
	if depth == 0 {
		return tag + "/>"
	}
	tag += ">"
	for range a.IntN(4) {
		if a.IntN(2) == 0 {
			tag += a.text()
		} else {
			tag += a.element(depth-1, scope)
		}
	}
	return tag + "</" + name + a.one("", " ") + ">"
}

// Whatever sound XML a provider puts into an attribute and signs, both verifiers take it.
func TestAnythingSoundThatWasSignedIsAccepted(t *testing.T) {
	t.Parallel()
	want := genuineIdentity()
	want.Attributes["x"] = nil
	a := author{rand.New(rand.NewPCG(1, 2))}
	lists := []string{"", "p", "p q", "saml r", "xs pq"}
	for range 300 {
		content := a.element(3, map[string]string{})
		doc := replace(t, genuine(), "</saml:AttributeStatement>", `<saml:Attribute Name="x"><saml:AttributeValue>`+content+"</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>")
		signed := bases()[a.IntN(3)].sign(doc, signing{list: a.one(lists...), infoList: a.one(lists...)})
		for _, rules := range []*saml.Rules{nil, engineOnly()} {
			id, err := finish(signed, theirIdP(), rules, ourRequest(), clock())
			if err != nil {
				t.Fatalf("%s\n%q", explain(err), content)
			}
			if diff := cmp.Diff(want, id); diff != "" {
				t.Fatalf("%s\n%q", diff, content)
			}
		}
	}
}
