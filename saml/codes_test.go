package saml_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// Every constant has a row, every row is complete, and no sentence is said twice.
func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []saml.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Code" {
			return true
		}
		s, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		declared = append(declared, saml.Code(s))
		return true
	})
	if len(declared) < 25 || !slices.Equal(declared, saml.Codes()) {
		t.Fatalf("declared %v, explained %v", declared, saml.Codes())
	}
	shape := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	said := map[string]bool{}
	for _, c := range saml.Codes() {
		e := saml.Explain(c)
		if !shape.MatchString(string(c)) || said[e.Error()] || e.Hint == "" || e.Hint == e.Error() {
			t.Errorf("%s: %q, hint %q", c, e, e.Hint)
		}
		said[e.Error()] = true
		if !strings.HasPrefix(e.Error(), "saml: "+string(c)+": ") || strings.HasSuffix(e.Error(), ".") {
			t.Errorf("%s: %q", c, e)
		}
		if !slices.Contains([]saml.Side{saml.FixServiceProvider, saml.FixIdentityProvider, saml.FixPerson, saml.FixUnknown}, e.Fix) {
			t.Errorf("%s: fix %q", c, e.Fix)
		}
	}
	if e := saml.Explain("nothing"); e.Fix != saml.FixUnknown || e.Hint == "" {
		t.Errorf("an unknown code: %+v", e)
	}
}

func TestErrorKeepsItsCauseAndIsPrintable(t *testing.T) {
	t.Parallel()
	e := &saml.Error{Code: saml.CodeXML, Err: io.ErrUnexpectedEOF}
	if !errors.Is(e, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
	nasty := "https://x.example/\x1b[31m\n\u202e\u2028" + strings.Repeat("ä", 400)
	doc := replace(t, genuine(), `<saml:Audience>`+spID, `<saml:Audience>`+strings.ReplaceAll(nasty, "\x1b", ""))
	got, err := login(base("assertion").sign(doc, signing{}))
	r := refused(t, got, err, saml.CodeAudience)
	if len(r.Received) > 520 || strings.ContainsAny(r.Received, "\n\x1b\u202e\u2028") || !strings.HasSuffix(r.Received, "...") {
		t.Errorf("Received = %q", r.Received)
	}
}

// A log line says what to do, and the sentence for the person says nothing received.
func TestDetail(t *testing.T) {
	t.Parallel()
	sp := ourSP()
	sp.ACS = "nowhere"
	_, _, err := sp.Start(theirIdP(), nil, clock())
	e := refused(t, nil, err, saml.CodeConfig)
	want := "saml: config: single sign-on is not set up completely; expected an absolute http or https ACS URL; received nowhere; to be fixed by service provider: " + e.Hint
	if got := e.Detail(); got != want || strings.Contains(e.Error(), "nowhere") {
		t.Errorf("%q, want %q", got, want)
	}
}
