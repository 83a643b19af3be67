package filter_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim/filter"
)

func TestTargets(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		`members`:                       "", // "": of the core schemas of others
		`displayName`:                   "",
		`emails`:                        "emails",
		` Emails `:                      "emails",
		`NAME.GIVENNAME`:                "name.givenName",
		`emails[type eq "work"]`:        `emails[type eq "work"]`,
		`emails[Type eq "work"].Value`:  `emails[type eq "work"].value`,
		`emails[value eq "a.b@x"].type`: `emails[value eq "a.b@x"].type`,
		`emails[not (type pr) and (value pr or primary eq true)].type`: `emails[not (type pr) and (value pr or primary eq true)].type`,
		coreUser + `:emails[type eq "work"].value`:                     `emails[type eq "work"].value`,
		coreUser + `:userName`:                                         "userName",
		enterprise:                                                     enterprise,
		strings.ToUpper(enterprise):                                    enterprise,
		enterprise + `:manager`:                                        enterprise + `:manager`,
		enterprise + `:Manager.Value`:                                  enterprise + `:manager.value`,
		enterprise + `:nickName`:                                       "",
		`emails.nickName`:                                              "",
		`emails[nickName pr]`:                                          "",
		`emails[type pr].nickName`:                                     "",
		`tags[value eq "x"]`:                                           "",
		enterprise + `[department pr]`:                                 "",
	} {
		parsed, err := filter.ParseTarget(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		again, err := filter.ParseTarget(parsed.String())
		if err != nil || !cmp.Equal(parsed, again) {
			t.Errorf("%s: printed as %s, which is %v, %v", s, parsed, again, err)
		}
		got, err := filter.ResolveTarget(parsed, lookup, nil)
		if want == "" {
			if err == nil {
				t.Errorf("%s is %s", s, got)
			}
			continue
		}
		if err != nil || got.String() != want {
			t.Errorf("%s is %s, %v; want %s", s, got, err, want)
		}
	}
	for _, s := range []string{``, ` `, `a b`, `a.b.c`, `emails[`, `emails[]`, `emails[type pr`, `emails[type pr].`, `emails[type pr].a.b`,
		`emails[type pr]value`, `emails.type[x pr]`, `[type pr]`, `emails[type pr][value pr]`, `emails[x[y pr]]`, `emails[type eq work]`,
		`title pr`, `urn:`, `:`, "emails\x00", strings.Repeat("a", 9000), `urn:example:a"b`} {
		if got, err := filter.ParseTarget(s); err == nil {
			t.Errorf("%q is %s", s, got)
		}
	}
}

// Roles that a client asks for by a boolean in quotes.
func TestTargetsLeniently(t *testing.T) {
	t.Parallel()
	parsed, err := filter.ParseTarget(`emails[primary eq "True"].value`)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := filter.ResolveTarget(parsed, lookup, nil); err == nil {
		t.Errorf("resolved to %s", got)
	}
	var rules []string
	got, err := filter.ResolveTarget(parsed, lookup, &filter.Options{Lenient: func(rule string) bool { rules = append(rules, rule); return true }})
	if err != nil || got.String() != `emails[primary eq true].value` || !cmp.Equal(rules, []string{filter.BooleanText}) {
		t.Errorf("resolved to %s by %v, %v", got, rules, err)
	}
	for want, element := range map[bool]map[string]any{true: {"primary": true}, false: {"primary": false}} {
		if filter.MatchElement(got.Element, element) != want {
			t.Errorf("%v: %v", element, !want)
		}
	}
}
