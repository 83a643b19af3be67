package engine_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

// view is what readers see of an element: everything but how it is written.
type view struct {
	Space, Local string
	Attrs        map[string]string // by namespace and name
	Children     []view            // a piece of text has no Local
	Text         string
}

func viewOf(e engine.Element) view {
	v := view{Space: e.Space(), Local: e.Local(), Attrs: map[string]string{}}
	for a := range e.Attributes() {
		if a.Prefix == "xmlns" || a.Prefix == "" && a.Local == "xmlns" {
			continue
		}
		space := ""
		for _, b := range e.Bindings() {
			if a.Prefix != "" && b.Prefix == a.Prefix {
				space = b.URI
			}
		}
		if a.Prefix == "xml" {
			space = "xml"
		}
		v.Attrs[space+" "+a.Local] = a.Value
	}
	for c, text := range e.Children() {
		switch n := len(v.Children); {
		case !c.IsZero():
			v.Children = append(v.Children, viewOf(c))
		case n > 0 && v.Children[n-1].Local == "":
			v.Children[n-1].Text += text
		case text != "":
			v.Children = append(v.Children, view{Text: text})
		}
	}
	return v
}

// FuzzWhatIsReadIsWhatIsHashed holds the reader to the canonical form: whatever document
// is read, its canonical form reads the same, node for node, and is its own canonical
// form. So nobody can sign one thing and have another one believed.
func FuzzWhatIsReadIsWhatIsHashed(f *testing.F) {
	f.Add(`<a xmlns="urn:a" xmlns:p="urn:p" p:x="1" y='&quot;"&#9;` + "\t\r\n" + `'><p:b xml:lang="en">&lt;a&gt;&#13;` + "\r\n" + `</p:b><c xmlns="urn:c"/></a>`)
	f.Add("\uFEFF<?xml version='1.0' encoding=\"utf-8\" standalone='no'?>\n<a\n>]] &gt; \u00e4\U0001F600</a\t>\n")
	f.Add(`<p:a xmlns:p="urn:a"><p:a xmlns:p="urn:b" p:x="" xmlns:q="urn:b" q:y=""><p:a xmlns:p="urn:a"/></p:a></p:a>`)
	f.Fuzz(func(t *testing.T, doc string) {
		d, err := engine.Parse(doc, engine.ResponseLimits())
		if err != nil || len(doc) > 2_000 {
			return
		}
		first := string(d.Root().Canonical())
		limits := engine.ResponseLimits()
		limits.Bytes, limits.Declarations = 8<<20, 1000 // escapes are longer, and declarations move to where they are used
		limits.Attributes = 255
		again, err := engine.Parse(first, limits)
		if err != nil {
			t.Fatalf("the canonical form of %q cannot be read: %v\n%q", doc, err, first)
		}
		if diff := cmp.Diff(viewOf(d.Root()), viewOf(again.Root())); diff != "" {
			t.Fatalf("%q is read as another document than its canonical form: %s", doc, diff)
		}
		if second := string(again.Root().Canonical()); second != first {
			t.Fatalf("%q: the canonical form is not its own\n%q\n%q", doc, first, second)
		}
		if strings.Contains(first, "\r") || strings.Contains(first, "/>") && !strings.Contains(doc, "/>") {
			t.Fatalf("%q is not canonical", first)
		}
		for c := range d.Root().Walk() {
			inner, err := engine.Parse(string(c.Canonical()), limits)
			if err != nil {
				t.Fatalf("the canonical form of a part of %q cannot be read: %v", doc, err)
			}
			if got, want := viewOf(inner.Root()), viewOf(c); !cmp.Equal(got, want) {
				t.Fatalf("a part of %q is read as another one: %s", doc, cmp.Diff(want, got))
			}
		}
	})
}
