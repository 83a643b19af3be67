package engine_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

// garden grows a well-formed document from bytes, each of which chooses one thing: so
// nearly every mutation is a document, and not a syntax error.
type garden struct {
	in    []byte
	out   strings.Builder
	depth int
}

func (g *garden) next(n int) int {
	if len(g.in) == 0 {
		return 0
	}
	b := g.in[0]
	g.in = g.in[1:]
	return int(b) % n
}

func (g *garden) pick(from ...string) string { return from[g.next(len(from))] }

func prefixes() []string { return []string{"", "a", "b", "ab", "A", "x-1"} }

// element grows one element; scope says which prefixes mean something.
func (g *garden) element(scope map[string]bool) {
	mine := map[string]bool{}
	for p := range scope {
		mine[p] = true
	}
	var declared strings.Builder
	seen := map[string]bool{}
	for range g.next(4) {
		p := g.pick(prefixes()...)
		if seen[p] {
			continue
		}
		seen[p], mine[p] = true, true
		name := "xmlns"
		if p != "" {
			name += ":" + p
		}
		declared.WriteString(g.pick(" ", "\n", "\t  ") + name + g.pick("=", " = ") + g.pick(`"urn:a"`, `'urn:b'`, `"http://c/?x&amp;y"`, `"urn:a&#x2F;b"`))
	}
	name := g.pick("x", "Y", "a-b.c", "_1")
	if p := prefixes()[g.next(len(prefixes()))]; p != "" && mine[p] {
		name = p + ":" + name
	}
	g.out.WriteString("<" + name + declared.String())
	used := map[string]bool{}
	// goxmldsig sorts attributes of several namespaces by their names, where XML wants
	// the namespace first: so one prefix is all that an element's attributes have here.
	prefix := g.pick(prefixes()...)
	for range g.next(5) {
		local := g.pick("x", "Y", "id", "zz")
		if used[local] {
			continue
		}
		used[local] = true
		if prefix != "" && mine[prefix] && g.next(2) == 1 {
			local = prefix + ":" + local
		}
		value := g.pick("", "v", "a&amp;b", "&lt;&gt;>", "&#9;&#10;&#13;", "&quot;'", "é\U0001F600", "  ")
		g.out.WriteString(g.pick(" ", "\r\n") + local + `="` + value + `"`)
	}
	if g.next(5) == 1 {
		g.out.WriteString("/>")
		return
	}
	g.out.WriteString(">")
	g.depth++
	for range g.next(5) {
		switch g.next(3) {
		case 0:
			g.out.WriteString(g.pick("t", " ", "\n\t", "a&amp;b", "]] >", "\r\n", "&#13;", "é", "'\"", "&#x1F600;"))
		default:
			if g.depth < 12 && g.out.Len() < 4000 {
				g.element(mine)
			}
		}
	}
	g.depth--
	g.out.WriteString("</" + name + g.pick("", " ") + ">")
}

// FuzzCanonical compares the canonical form with that of goxmldsig, which has another
// parser below it.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte{3, 1, 2, 0, 0, 1, 0, 1, 1, 0, 1, 1, 2, 1, 0, 4, 2, 1}, uint8(0))
	f.Add([]byte{0, 0, 0, 4, 1, 1, 1, 0, 2, 0, 1, 3, 2, 1, 1, 4, 2, 2, 2, 2, 0, 1, 0, 0, 3}, uint8(3))
	f.Add(bytes.Repeat([]byte{7, 3, 5, 1, 2}, 40), uint8(255))
	f.Fuzz(func(t *testing.T, seed []byte, which uint8) {
		if err := compare(seed, which); err != nil {
			t.Fatal(err)
		}
	})
}

// compare grows a document and says where the two canonical forms differ, or where ours
// is not stable. The bits of which choose the prefixes treated inclusively.
func compare(seed []byte, which uint8) error {
	g := &garden{in: seed}
	g.element(nil)
	src := g.out.String()
	var list []string
	for i, p := range prefixes() {
		if p != "" && which>>i&1 == 1 {
			list = append(list, p)
		}
	}
	d, err := engine.Parse(src, engine.ResponseLimits())
	if err != nil {
		if etree.NewDocument().ReadFromString(src) != nil {
			return nil // sound to neither
		}
		return fmt.Errorf("%w\n%s", err, src)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromString(src); err != nil {
		return fmt.Errorf("etree: %w\n%s", err, src)
	}
	want, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(strings.Join(list, " ")).Canonicalize(doc.Root())
	if err != nil {
		return fmt.Errorf("goxmldsig: %w\n%s", err, src)
	}
	got := d.Root().Canonical(list...)
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%q\nof %q with %q, goxmldsig says\n%q", got, src, list, want)
	}
	again, err := engine.Parse(string(got), engine.ResponseLimits())
	if err != nil {
		return fmt.Errorf("the canonical form does not parse: %w\n%s", err, got)
	}
	if twice := again.Root().Canonical(list...); !bytes.Equal(twice, got) {
		return fmt.Errorf("not stable: %q, then %q", got, twice)
	}
	return nil
}
