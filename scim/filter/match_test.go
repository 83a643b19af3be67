package filter_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// resource is read from JSON as the engine does.
func resource(t testing.TB, s string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var r map[string]any
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

const ann = `{
	"userName": "Ann@Example.com", "externalId": "Ext-1", "active": false, "level": 10, "score": 2.50,
	"photo": "QQ==", "profileUrl": "https://Example.com/ann", "title": "",
	"meta": {"created": "2040-01-02T03:04:05.678901Z"},
	"name": {"givenName": "Änn", "familyName": ""},
	"emails": [{}, {"type": "work", "value": "ann@work.example", "primary": false}, {"type": "home", "value": "ann@home.example", "primary": true}, {"type": "other"}],
	"tags": ["Red", "", "blue"],
	"` + enterprise + `": {"department": "R&D", "manager": {"value": "M7"}}
}`

func TestMatches(t *testing.T) {
	t.Parallel()
	r := resource(t, ann)
	for s, want := range map[string]bool{
		`userName eq "ann@EXAMPLE.com"`:          true,
		`userName eq "ann"`:                      false,
		`userName ne "ann"`:                      true,
		`userName ne "ANN@example.com"`:          false,
		`userName co "@E"`:                       true,
		`userName sw "ANN"`:                      true,
		`userName ew ".COM"`:                     true,
		`userName ew "ann"`:                      false,
		`userName gt "am"`:                       true,
		`userName lt "ANO"`:                      true,
		`userName ge "ann@example.com"`:          true,
		`userName le "ann@example.co"`:           false,
		`externalId eq "Ext-1"`:                  true,
		`externalId eq "ext-1"`:                  false,
		`active eq false`:                        true,
		`active ne true`:                         true,
		`active pr`:                              true,
		`not (active eq true)`:                   true,
		`level gt 9`:                             true,
		`level eq 1e1`:                           true,
		`level lt 9`:                             false,
		`score eq 2.5`:                           true,
		`score gt -3`:                            true,
		`photo eq "QQ=="`:                        true,
		`photo eq "qq=="`:                        false,
		`profileUrl sw "https://Example"`:        true,
		`profileUrl sw "https://example"`:        false,
		`meta.created gt "2040-01-02T03:04:05Z"`: true,
		`meta.created eq "2040-01-02T05:04:05.6789010+02:00"`: true,
		`meta pr and name pr`:                              true,
		`name.givenName eq "äNN"`:                          true,
		`name[givenName sw "ä"]`:                           true,
		`emails pr`:                                        true,
		`emails co "HOME"`:                                 true,
		`emails.type eq "other"`:                           true,
		`emails[type eq "work" and value co "home"]`:       false,
		`emails[type eq "home" and value co "home"]`:       true,
		`emails[type eq "home"].value co "home"`:           true,
		`emails[type eq "home"].value co "work"`:           false,
		`emails[type eq "other" and not (value pr)]`:       true,
		`emails[not (type pr)]`:                            false, // an element of nothing is none
		`emails[value ne "ann@work.example"]`:              true,
		`emails.value ne "ann@work.example"`:               false, // one is
		`emails[primary eq true].type eq "home"`:           true,
		`emails eq null`:                                   false,
		`tags eq "RED" and tags eq "blue"`:                 true,
		`tags ne "red"`:                                    false,
		`tags ne "green"`:                                  true,
		`tags co ""`:                                       true,
		enterprise + `:department eq "r&d"`:                true,
		enterprise + `:manager eq "M7"`:                    true,
		enterprise + `:manager.value eq "m7"`:              false,
		`userName eq "x" or active eq true or level eq 10`: true,
		`userName pr and (active eq true or level eq 11)`:  false,
		`userName eq null`:                                 false,
	} {
		x, err := resolve(s, false)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if got := filter.Match(x, r); got != want {
			t.Errorf("%s is %v", s, got)
		}
		for _, empty := range []map[string]any{nil, {}, {"userName": nil, "emails": []any{}, "name": map[string]any{}}, {"userName": 5, "emails": "x", "name": true, "tags": map[string]any{"a": "b"}}} {
			if _, negative := x.(filter.Not); filter.Match(x, empty) && !negative && !strings.Contains(s, " ne ") && !strings.Contains(s, " pr") && !strings.Contains(s, `""`) {
				t.Errorf("%s meets %v", s, empty)
			}
		}
	}
}

// Without a schema names are found whatever their case, and values are what they look like.
func TestMatchesUnresolved(t *testing.T) {
	t.Parallel()
	r := resource(t, ann)
	r["since"] = time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	for s, want := range map[string]bool{
		`USERNAME eq "ann@example.com"`:                  true,
		`externalid eq "EXT-1"`:                          true,
		`active eq false and ACTIVE ne true`:             true,
		`active eq "false"`:                              true,
		`LEVEL gt 9.5`:                                   true,
		`EMAILS co "home"`:                               true,
		`emails[TYPE eq "work" and VALUE co "work"]`:     true,
		`Emails[type eq "work"].value co "home"`:         false,
		`NAME.GIVENNAME sw "ä"`:                          true,
		`nickName pr`:                                    false,
		`title eq "" and title eq null`:                  true,
		`title ne null`:                                  false,
		`userName gt ""`:                                 false,
		`userName sw ""`:                                 true,
		`tags eq "blue"`:                                 true,
		`name eq "x"`:                                    false,
		strings.ToUpper(enterprise) + `:Manager eq "m7"`: true,
	} {
		x, err := filter.Parse(s, nil)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if got := filter.Match(x, r); got != want {
			t.Errorf("%s is %v", s, got)
		}
	}
	for name, x := range map[string]filter.Expr{
		"nothing":            nil,
		"no value":           filter.Compare{Attribute: at("userName"), Op: "like", Value: "ann@example.com"},
		"a value of no type": compare("userName", "eq", []any{"x"}),
	} {
		if filter.Match(x, r) {
			t.Errorf("%s matches", name)
		}
	}
}

func TestMatchesElements(t *testing.T) {
	t.Parallel()
	target, err := filter.ParseTarget(`emails[type eq "work" and value ne "x"]`)
	if err == nil {
		target, err = filter.ResolveTarget(target, lookup, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[string]bool{
		`{"type": "Work", "value": "y"}`: true,
		`{"type": "work"}`:               true,
		`{"type": "work", "value": "X"}`: false,
		`{"type": "home", "value": "y"}`: false,
		`{}`:                             false,
	} {
		if got := filter.MatchElement(target.Element, resource(t, s)); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
}

func TestSortKeys(t *testing.T) {
	t.Parallel()
	r := resource(t, ann)
	var got []string
	for _, s := range []string{"userName", "externalId", "level", "emails", "emails.type", "tags", "name.givenName", "meta.created", enterprise + ":department", enterprise + ":manager.value"} {
		a, err := filter.ResolveSort(s, lookup)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, filter.SortKey(a, r))
		if key := filter.SortKey(a, nil); key != "" {
			t.Errorf("%s of nobody is %q", s, key)
		}
	}
	want := []string{"ann@example.com", "Ext-1", "1500002.1", "ann@home.example", "home", "red", "änn", "2040-01-02T03:04:05.678901000Z", "r&d", "M7"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
