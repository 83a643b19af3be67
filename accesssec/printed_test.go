package accesssec_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
)

// TestNothingPrintsWhatItHolds: in no verb, by no log, and not inside of a host's own values.
func TestNothingPrintsWhatItHolds(t *testing.T) {
	t.Parallel()
	const canary = "canary-7K4Q"
	notice := accesssec.Notice{ID: "ntc-1", Template: accesssec.TemplateFactorResetAsked, UserID: "usr-1", To: "ann@example.com",
		Text: "open https://x.example/?token=" + canary, Subject: canary, Values: map[string]string{"link": canary}}
	code := accesssec.LinkingCode{Code: canary, Expires: time.Date(2040, 1, 2, 3, 4, 0, 0, time.UTC)}
	person := accesssec.Person{Address: "ann@example.com", Password: canary, PasswordHash: canary}
	newcomer := accesssec.Newcomer{FirstName: "Ann", LastName: "Lee", Password: canary}
	visit := accesssec.Visit{Trace: "7K4Q-M2XD", Invitation: canary}
	for want, v := range map[string]any{
		"visit 7K4Q-M2XD": visit,
		"notice ntc-1 (factor_reset_asked) for usr-1":        notice,
		"linking code, good until 2 January 2040, 03:04 UTC": code,
		`person "ann@example.com"`:                           person,
		`newcomer "Ann Lee"`:                                 newcomer,
	} {
		if got := fmt.Sprint(v); got != want {
			t.Errorf("prints %q, want %q", got, want)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("held", "value", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("held", "value", v)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&log, verb, v)
			fmt.Fprintf(&log, verb, []any{v, &v, map[string]any{"x": v}, struct{ Held any }{v}})
		}
		if strings.Contains(log.String(), canary) || strings.Contains(log.String(), fmt.Sprintf("%x", canary)) {
			t.Errorf("%T was printed:\n%s", v, &log)
		}
	}
	for _, p := range []any{&notice, &code, &person, &newcomer, &visit} {
		if got := fmt.Sprintf("%+v", p); strings.Contains(got, canary) {
			t.Errorf("%T prints %s", p, got)
		}
	}
}

// TestWhatHoldsASecretHasAFormat looks for exported structs with a field that is called like a
// secret, and wants each of them to say how it is printed.
func TestWhatHoldsASecretHasAFormat(t *testing.T) {
	t.Parallel()
	secret := []string{"Password", "PasswordHash", "Text", "Values", "Code", "Secret", "Token", "Link", "token", "secret", "password", "mark"}
	harmless := []string{
		"Refusal.Code", "Finding.Code", "Finding.Text", "LoginTrace.Code", "TraceCheck.Code", // why something was refused
		"TemplateInfo.Text",     // before anything is filled in
		"TraceAttribute.Values", // of an assertion, for Owners and Admins
	}
	files, err := filepath.Glob("*.go")
	fatal(t, err)
	formats, holds, passed := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		fatal(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv != nil && n.Name.Name == "Format" {
					if id, ok := n.Recv.List[0].Type.(*ast.Ident); ok { // by value: a pointer's would not be asked
						formats[id.Name] = true
					}
				}
			case *ast.TypeSpec:
				s, ok := n.Type.(*ast.StructType)
				if !ok || !n.Name.IsExported() {
					return true
				}
				for _, field := range s.Fields.List {
					for _, name := range field.Names {
						if full := n.Name.Name + "." + name.Name; slices.Contains(harmless, full) {
							passed[full] = true
						} else if slices.Contains(secret, name.Name) {
							holds[n.Name.Name] = true
						}
					}
				}
			}
			return true
		})
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(harmless)), slices.Sorted(maps.Keys(passed))); diff != "" {
		t.Errorf("let past (-want +got)\n%s", diff)
	}
	for name := range holds {
		if !formats[name] {
			t.Errorf("%s holds a secret, by the name of a field, and has no Format", name)
		}
	}
	for _, known := range []string{"Notice", "LinkingCode", "Person", "Newcomer", "Entered", "Visit", "IssuedSCIMToken"} {
		if !holds[known] {
			t.Errorf("%s was not found", known)
		}
	}
}
