package filter_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim/filter"
)

func resolve(s string, lenient bool) (filter.Expr, error) {
	opts := &filter.Options{Lenient: func(string) bool { return lenient }}
	x, err := filter.Parse(s, opts)
	if err != nil {
		return nil, err
	}
	return filter.Resolve(x, lookup, opts)
}

// What a filter means is seen in how it is printed once it is resolved.
func TestResolves(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		`USERNAME eq "Ann"`:                              `userName eq "Ann"`,
		coreUser + `:username eq "Ann"`:                  `userName eq "Ann"`,
		strings.ToUpper(enterprise) + `:DEPARTMENT pr`:   enterprise + `:department pr`,
		enterprise + `:manager eq "7"`:                   enterprise + `:manager.value eq "7"`,
		`Emails co "x" or EMAILS.VALUE co "x"`:           `emails.value co "x" or emails.value co "x"`,
		`emails pr and name pr`:                          `emails pr and name pr`,
		`Emails[TYPE eq "work" and VALUE ew "x"]`:        `emails[type eq "work" and value ew "x"]`,
		`emails[type eq "work"].value eq "x"`:            `emails[type eq "work" and value eq "x"]`,
		`emails[value eq "x"]`:                           `emails.value eq "x"`,
		`emails[value ne "x"]`:                           `emails[value ne "x"]`,
		`emails[value eq null]`:                          `emails[not (value pr)]`,
		`emails[value ne null]`:                          `emails.value pr`,
		`emails[primary eq true]`:                        `emails.primary eq true`,
		`name[givenName eq "x"]`:                         `name.givenName eq "x"`,
		coreUser + `:emails[type eq "work" or value pr]`: `emails[type eq "work" or value pr]`,
		`userName eq null`:                               `not (userName pr)`,
		`userName ne null`:                               `userName pr`,
		`userName eq ""`:                                 `not (userName pr)`,
		`userName ne ""`:                                 `userName pr`,
		`userName co ""`:                                 `userName pr`,
		`userName sw ""`:                                 `userName pr`,
		`userName ew ""`:                                 `userName pr`,
		`emails eq null`:                                 `not (emails pr)`,
		`active ne null`:                                 `active pr`,
		`not (active eq false)`:                          `not (active eq false)`,
		`level ge 5 and score lt 0.5e1`:                  `level ge 5 and score lt 0.5e1`,
		`meta.created gt "2011-05-13T04:42:34.1234567Z"`: `meta.created gt "2011-05-13T04:42:34.1234567Z"`,
		`profileUrl sw "https:" and photo eq "QQ=="`:     `profileUrl sw "https:" and photo eq "QQ=="`,
		`tags eq "X"`:                                    `tags eq "X"`,
	} {
		x, err := resolve(s, false)
		if err != nil || x.String() != want {
			t.Errorf("%s is %v, %v; want %s", s, x, err, want)
			continue
		}
		again, err := filter.Resolve(x, lookup, nil)
		if err != nil || !cmp.Equal(x, again) {
			t.Errorf("%s: resolved again it is %v, %v", s, again, err)
		}
	}
}

func TestResolvedKeys(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		`userName eq "ÅNN"`:                           "ånn",
		`externalId eq "ÅNN"`:                         "ÅNN",
		`active eq false`:                             "false",
		`meta.created le "2011-05-13T06:42:34+02:00"`: "2011-05-13T04:42:34.000000000Z",
		`level eq 10.0`:                               "1500002.1",
		`userName pr`:                                 "",
	} {
		x, err := resolve(s, false)
		c, ok := x.(filter.Compare)
		if err != nil || !ok || c.Key != want || c.Attribute.Type == "" {
			t.Errorf("%s: %#v, %v; want the key %q", s, x, err, want)
		}
	}
}

func TestDoesNotResolve(t *testing.T) {
	t.Parallel()
	for s, part := range map[string]string{
		`nickName eq "x"`:                        `"nickName"`,
		`password sw "a"`:                        `"password"`,
		`emails.nickName eq "x"`:                 `"emails.nickName"`,
		`emails[nickName eq "x"]`:                `"emails.nickName"`,
		`nickNames[value eq "x"]`:                `"nickNames"`,
		`urn:x:userName pr`:                      `"urn:x:userName"`,
		enterprise + ` pr`:                       `there is no attribute`,
		enterprise + `[department pr]`:           `there is no attribute`,
		`userName[value eq "x"]`:                 `has no sub-attributes`,
		`tags[value eq "x"]`:                     `has no sub-attributes`,
		`name eq "x"`:                            `complex`,
		`meta gt "2011-05-13T04:42:34Z"`:         `complex`,
		`active eq "yes"`:                        `true or false`,
		`active eq "true"`:                       `true or false`,
		`active eq ""`:                           `true or false`,
		`active gt true`:                         `"gt"`,
		`active co true`:                         `"co"`,
		`photo gt "QQ=="`:                        `"gt"`,
		`photo sw "QQ=="`:                        `"sw"`,
		`level co 5`:                             `"co"`,
		`level eq "5"`:                           `a number`,
		`score eq 1e999999`:                      `a number`,
		`meta.created eq "yesterday"`:            `an instant`,
		`meta.created eq 5`:                      `an instant`,
		`meta.created sw "2011-05-13T04:42:34Z"`: `"sw"`,
		`userName eq 5`:                          `text in quotes`,
		`userName eq true`:                       `text in quotes`,
		`userName gt ""`:                         `not assigned`,
		`not (userName le "")`:                   `not assigned`,
	} {
		x, err := resolve(s, false)
		var refused *filter.Error
		if !errors.As(err, &refused) || !strings.Contains(refused.Detail, part) || strings.HasPrefix(refused.Detail, "filter") {
			t.Errorf("%s is %v, %v; want %q", s, x, err, part)
		}
	}
	for name, x := range map[string]filter.Expr{
		"nothing":                    nil,
		"nothing in not":             filter.Not{},
		"an operator that is none":   compare("userName", "like", "x"),
		"an operator in capitals":    compare("userName", "EQ", "x"),
		"brackets within brackets":   filter.Element{Attribute: at("emails"), Expr: filter.Element{Attribute: at("emails"), Expr: has("emails.value")}},
		"an element of the resource": filter.Element{Attribute: at("emails"), Expr: has("userName")},
		"a value of no type":         compare("userName", "eq", []any{"x"}),
	} {
		if y, err := filter.Resolve(x, lookup, nil); err == nil {
			t.Errorf("%s is %v", name, y)
		}
	}
}

func TestResolvesLeniently(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		`active eq "True"`:                   `active eq true`,
		`active ne FALSE`:                    `active ne false`,
		`emails[primary eq "true"].value pr`: `emails[primary eq true and value pr]`,
		`externalId eq 4711`:                 `externalId eq "4711"`,
		`userName eq true`:                   `userName eq "true"`,
		`externalId eq jyoung`:               `externalId eq "jyoung"`,
		`userName eq "True"`:                 `userName eq "True"`,
	} {
		if x, err := resolve(s, true); err != nil || x.String() != want {
			t.Errorf("%s is %v, %v; want %s", s, x, err, want)
		}
	}
	if x, err := resolve(`active eq yes`, true); err == nil {
		t.Errorf("yes is %v", x)
	}
}

func TestResolvesSort(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"USERNAME": "userName", "name.givenname": "name.givenName", "emails": "emails.value", "meta.created": "meta.created",
		strings.ToUpper(enterprise) + ":department": enterprise + ":department", "tags": "tags",
	} {
		if a, err := filter.ResolveSort(s, lookup); err != nil || a.Path.String() != want || a.Type == filter.Complex {
			t.Errorf("%s: %+v, %v; want %s", s, a, err, want)
		}
	}
	for _, s := range []string{"", "name", "meta", "nickName", "userName desc", enterprise, "emails[type eq \"work\"]", "a.b.c", strings.Repeat("a", 9000)} {
		if a, err := filter.ResolveSort(s, lookup); err == nil {
			t.Errorf("%s: %+v", s, a)
		}
	}
}
