package accesssec

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
)

// constants of one type, from the source, so that none can be forgotten.
func constants(t *testing.T, dir, typeName string) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal("no source:", err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typeName {
				return true
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
				out[spec.Names[0].Name] = strings.Trim(lit.Value, `"`)
			}
			return true
		})
	}
	return out
}

func TestEveryCodeHasASentenceAndAFix(t *testing.T) {
	t.Parallel()
	codes := map[Code]bool{}
	for _, c := range constants(t, ".", "Code") {
		codes[Code(c)] = true
	}
	reasons := constants(t, "policy", "Reason")
	for name, r := range reasons {
		if name != "Allowed" && name != "Bypassed" && name != "Ask" {
			codes[Code(r)] = true
		}
	}
	if len(codes) < 30 {
		t.Fatalf("only %d codes found", len(codes))
	}
	for c := range codes {
		if txt, ok := texts[c]; !ok || !sentence(txt.say) || !sentence(txt.fix) {
			t.Errorf("%s: say %q, fix %q", c, txt.say, txt.fix)
		}
	}
	for c := range texts {
		if !codes[c] {
			t.Errorf("%s has sentences and is no code", c)
		}
	}
	for _, c := range saml.Codes() {
		no := refuseSAML(&saml.Error{Code: c, Hint: "do this", Expected: "secret-expected", Received: "secret-received"})
		if !sentence(no.Say) || no.Fix == "" || strings.Contains(no.Say+no.Error(), "secret") || !strings.Contains(no.Detail, "secret-received") {
			t.Errorf("saml %s: %+v", c, no)
		}
	}
}

func sentence(s string) bool { return len(s) > 10 && strings.HasSuffix(s, ".") }

func TestRefusal(t *testing.T) {
	t.Parallel()
	inner := &saml.Error{Code: saml.CodeAudience, Received: "theirs"}
	err := error(refuseSAML(inner))
	var got *saml.Error
	if !errors.As(err, &got) || got != inner {
		t.Error("what lies beneath is not found")
	}
	if err.Error() != "accesssec: refused: saml_audience" {
		t.Errorf("Error() is %q", err)
	}
	if !IsRefusal(err, "saml_audience") || IsRefusal(err, CodeReplay) || IsRefusal(nil, CodeReplay) {
		t.Error("IsRefusal")
	}
	d := refuseDecision(policy.Decide(policy.Input{Attempt: policy.Attempt{Method: "junk"}}))
	if d.Code != Code(policy.MethodUnknown) || d.Detail == "" {
		t.Errorf("%+v", d)
	}
}

func TestSafePath(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"/", "/a", "/a/b?c=d&e=%2f%2fx#f", "/ä"} {
		if SafePath(good) != good {
			t.Errorf("%q refused", good)
		}
	}
	for _, bad := range []string{"", "a", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "https:evil.example",
		"javascript:alert(1)", "/a\r\nSet-Cookie: x", "/a\tb", "/a b", "/\x00", "/a\x7f", "/\xff", " /a", "/" + strings.Repeat("a", 2048)} {
		if got := SafePath(bad); got != "" {
			t.Errorf("%q became %q", bad, got)
		}
	}
}

func FuzzSafePath(f *testing.F) {
	f.Add("/a?b=c")
	f.Add("//evil")
	f.Fuzz(func(t *testing.T, s string) {
		got := SafePath(s)
		if got != "" && (got[0] != '/' || len(got) > 1 && (got[1] == '/' || got[1] == '\\')) {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "192.0.2.7:4711": "192.0.2.7", "[2001:db8::1]:80": "2001:db8::/64", "junk": "", "": "",
	} {
		if got := network(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// TestOutside: what is beside us may be a proxy, behind which everybody comes, and is no network
// to be counted as one.
func TestOutside(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"192.0.2.7": true, "192.0.2.7:4711": true, "2001:db8::1": true, "[2001:db8::1]:80": true, "::ffff:192.0.2.7": true,
		"127.0.0.1": false, "127.8.8.8:80": false, "10.1.2.3": false, "192.168.0.9": false, "169.254.1.1": false, "::ffff:10.0.0.1": false,
		"::1": false, "[::1]:4711": false, "fe80::1%eth0": false, "fd00::7": false, "0.0.0.0": false, "::": false, "junk": false, "": false,
	} {
		if got := outside(in); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		for _, id := range []string{newID("con"), newSecret(sessionMark), newTrace()} {
			if seen[id] {
				t.Fatal("twice the same")
			}
			seen[id] = true
		}
	}
	if id := newID("con"); len(id) != 30 || strings.ContainsAny(id, "_ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		t.Errorf("id %q", id)
	}
	if s := newSecret(sessionMark); len(s) != 46 || !plausible(s, sessionMark) || plausible(s, visitMark) || plausible(s+"A", sessionMark) {
		t.Errorf("secret %q", s)
	}
	if tr := newTrace(); len(tr) != 9 || strings.ContainsAny(tr, "ILOU") {
		t.Errorf("trace %q", tr)
	}
}
