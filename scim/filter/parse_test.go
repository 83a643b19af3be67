package filter_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim/filter"
)

func at(path string) filter.Attribute {
	var p filter.Path
	if i := strings.LastIndexByte(path, ':'); i >= 0 {
		p.URN, path = path[:i], path[i+1:]
	}
	p.Name, p.Sub, _ = strings.Cut(path, ".")
	return filter.Attribute{Path: p}
}

func compare(path string, op filter.Op, value any) filter.Compare {
	return filter.Compare{Attribute: at(path), Op: op, Value: value}
}

func has(path string) filter.Compare { return compare(path, filter.OpPresent, nil) }

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// The examples of RFC 7644, figure 2, each as it is understood.
func TestExamplesOfTheRFC(t *testing.T) {
	t.Parallel()
	work := compare("emails.type", "eq", "work")
	for s, want := range map[string]filter.Expr{
		`userName eq "bjensen"`:         compare("userName", "eq", "bjensen"),
		`name.familyName co "O'Malley"`: compare("name.familyName", "co", "O'Malley"),
		`userName sw "J"`:               compare("userName", "sw", "J"),
		`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`: compare("urn:ietf:params:scim:schemas:core:2.0:User:userName", "sw", "J"),
		`title pr`: has("title"),
		`meta.lastModified gt "2011-05-13T04:42:34Z"`: compare("meta.lastModified", "gt", "2011-05-13T04:42:34Z"),
		`meta.lastModified ge "2011-05-13T04:42:34Z"`: compare("meta.lastModified", "ge", "2011-05-13T04:42:34Z"),
		`meta.lastModified lt "2011-05-13T04:42:34Z"`: compare("meta.lastModified", "lt", "2011-05-13T04:42:34Z"),
		`meta.lastModified le "2011-05-13T04:42:34Z"`: compare("meta.lastModified", "le", "2011-05-13T04:42:34Z"),
		`title pr and userType eq "Employee"`:         filter.And{has("title"), compare("userType", "eq", "Employee")},
		`title pr or userType eq "Intern"`:            filter.Or{has("title"), compare("userType", "eq", "Intern")},
		`schemas eq "` + enterprise + `"`:             compare("schemas", "eq", enterprise),
		`userType eq "Employee" and emails[type eq "work" and value co "@example.com"]`: filter.And{
			compare("userType", "eq", "Employee"),
			filter.Element{Attribute: at("emails"), Expr: filter.And{work, compare("emails.value", "co", "@example.com")}},
		},
		`userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")`: filter.And{
			compare("userType", "eq", "Employee"),
			filter.Or{compare("emails", "co", "example.com"), compare("emails.value", "co", "example.org")},
		},
		`userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")`: filter.And{
			compare("userType", "ne", "Employee"),
			filter.Not{Expr: filter.Or{compare("emails", "co", "example.com"), compare("emails.value", "co", "example.org")}},
		},
		`userType eq "Employee" and (emails.type eq "work")`: filter.And{compare("userType", "eq", "Employee"), work},
		`emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]`: filter.Or{
			filter.Element{Attribute: at("emails"), Expr: filter.And{work, compare("emails.value", "co", "@example.com")}},
			filter.Element{Attribute: at("ims"), Expr: filter.And{compare("ims.type", "eq", "xmpp"), compare("ims.value", "co", "@foo.com")}},
		},
	} {
		parses(t, s, nil, want)
	}
}

// parses also holds the text of what is parsed to the same meaning.
func parses(t *testing.T, s string, opts *filter.Options, want filter.Expr) {
	t.Helper()
	got, err := filter.Parse(s, opts)
	if err != nil {
		t.Errorf("%s: %v", s, err)
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: -want +got\n%s", s, diff)
	}
	again, err := filter.Parse(got.String(), nil)
	if err != nil || !cmp.Equal(got, again) {
		t.Errorf("%s: printed as %s, which is %v, %v", s, got, again, err)
	}
}

// What other servers are known to get wrong, by what they did.
func TestBugsOfOtherParsers(t *testing.T) {
	t.Parallel()
	work := compare("emails.type", "eq", "work")
	for name, c := range map[string]struct {
		s    string
		want filter.Expr
	}{
		"a sub-attribute behind brackets is refused": {`emails[type eq "work"].value eq "x"`,
			filter.Element{Attribute: at("emails"), Expr: filter.And{work, compare("emails.value", "eq", "x")}}},
		"the same with or in the brackets": {`emails[type eq "work" or primary eq true].value pr`,
			filter.Element{Attribute: at("emails"), Expr: filter.And{filter.Or{work, compare("emails.primary", "eq", true)}, has("emails.value")}}},
		"a leading blank is refused":                  {`  title pr  `, has("title")},
		"escapes of JSON are refused":                 {`title eq "caf\u00e9"`, compare("title", "eq", "café")},
		"surrogate pairs are not put together":        {`title eq "\uD83D\uDE00"`, compare("title", "eq", "😀")},
		"backslashes stay in the text":                {`title eq "a\"b\\c\/d"`, compare("title", "eq", `a"b\c/d`)},
		"upper-case AND ends the program":             {`title PR AND userName EQ "x"`, filter.And{has("title"), compare("userName", "eq", "x")}},
		"a value path is no filter":                   {`emails[type eq "work"]`, filter.Element{Attribute: at("emails"), Expr: work}},
		"or binds as closely as and":                  {`a pr or b pr and c pr`, filter.Or{has("a"), filter.And{has("b"), has("c")}}},
		"and of an or before it":                      {`(a pr or b pr) and c pr`, filter.And{filter.Or{has("a"), has("b")}, has("c")}},
		"a comma ends the value":                      {`userName eq "a,b"`, compare("userName", "eq", "a,b")},
		"a word in the value is an operator":          {`title eq "x and y eq (z)]"`, compare("title", "eq", "x and y eq (z)]")},
		"not without a blank":                         {`not(title pr)`, filter.Not{Expr: has("title")}},
		"an attribute named not":                      {`not eq "x"`, compare("not", "eq", "x")},
		"$ref is no name":                             {`manager.$ref pr`, has("manager.$ref")},
		"the dot in a URN's version ends the name":    {enterprise + `:manager.displayName eq "x"`, compare(enterprise+":manager.displayName", "eq", "x")},
		"operators in capitals in the inbound reader": {`(ActiVe eq true)`, compare("ActiVe", "eq", true)},
		"numbers are text":                            {`x.y gt -1.50e+3`, compare("x.y", "gt", json.Number("-1.50e+3"))},
		"null is text":                                {`title ne null`, compare("title", "ne", nil)},
		"blanks in parentheses":                       {`( title  pr )and( userName pr )`, filter.And{has("title"), has("userName")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parses(t, c.s, nil, c.want)
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for s, at := range map[string]int{
		``:                                   0,
		`   `:                                3,
		`title`:                              5,
		`title eq`:                           8,
		`title eq `:                          9,
		`title eq "x`:                        9,
		`title eq "x\"`:                      9,
		`title eq "\q"`:                      10,
		`title eq "\ud800"`:                  10,
		`title eq "\u0000"`:                  10,
		`title eq "\u12"`:                    10,
		"title eq \"a\nb\"":                  11,
		"title eq \"\\t\nb\"":                12,
		`title eq x`:                         9,
		`title eq True`:                      9,
		`title eq 01`:                        9,
		`title eq 1.`:                        9,
		`title eq .5`:                        9,
		`title eq +5`:                        9,
		`title eq 1e`:                        9,
		`title eq 1e+`:                       9,
		`title eq -`:                         9,
		`title gt null`:                      9,
		`title co null`:                      9,
		`title eq "x"y`:                      12,
		`title eq "x" and`:                   13,
		`title eq "x" and `:                  17,
		`title eq "x" nand title pr`:         13,
		`title pr title pr`:                  9,
		`title pr) `:                         8,
		`(title pr`:                          9,
		`()`:                                 1,
		`not ()`:                             5,
		`not title pr`:                       4,
		`title has "x"`:                      6,
		`title eq"x"`:                        8,
		`.title pr`:                          0,
		`title. pr`:                          0,
		`a.b.c pr`:                           0,
		`1a pr`:                              0,
		`tïtle pr`:                           0,
		`:title pr`:                          0,
		`urn:x: pr`:                          0,
		`emails[type eq "work"`:              21,
		`emails[]`:                           7,
		`emails[type eq "work"].`:            23,
		`emails[type eq "work"].a.b pr`:      23,
		`emails[type eq "work"]value eq "x"`: 22,
		`emails[emails.type pr]`:             7,
		`emails[urn:x:type pr]`:              7,
		`emails[x[y pr]]`:                    8,
		`emails.type[x pr]`:                  11,
		`emails[type eq "work"] eq "x"`:      23,
		`emails [type pr]`:                   7,
		`title pr and (a pr or (b pr and c)`: 33,
	} {
		x, err := filter.Parse(s, nil)
		var refused *filter.Error
		if !errors.As(err, &refused) {
			t.Errorf("%q is %v, %v", s, x, err)
			continue
		}
		if refused.Offset != at {
			t.Errorf("%q: refused at %d, want %d: %v", s, refused.Offset, at, err)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("(", n) + "a pr" + strings.Repeat(")", n) }
	terms := func(n int) string { return strings.Repeat("a pr or ", n-1) + "a pr" }
	long := func(n int) string { return "a eq \"" + strings.Repeat("x", n-7) + "\"" }
	few := &filter.Options{MaxLength: 40, MaxDepth: 2, MaxTerms: 3}
	for name, c := range map[string]struct {
		s    string
		opts *filter.Options
		ok   bool
	}{
		"as deep as one may":      {nested(32), nil, true},
		"too deep":                {nested(33), nil, false},
		"ten thousand deep":       {nested(4000), nil, false},
		"as many as one may":      {terms(100), nil, true},
		"too many":                {terms(101), nil, false},
		"as long as one may":      {long(8192), nil, true},
		"too long":                {long(8193), nil, false},
		"a megabyte":              {long(1 << 20), nil, false},
		"as deep as said":         {nested(2), few, true},
		"deeper than said":        {nested(3), few, false},
		"as many as said":         {terms(3), few, true},
		"more than said":          {terms(4), few, false},
		"longer than said":        {long(41), few, false},
		"depth is of one nesting": {"(((a pr))) and (((b pr)))", &filter.Options{MaxDepth: 3}, true},
		"brackets are a depth":    {"((emails[(type pr)]))", &filter.Options{MaxDepth: 3}, false},
		"not UTF-8":               {"a eq \"\xff\"", nil, false},
		"a NUL":                   {"a eq \"\x00\"", nil, false},
	} {
		if x, err := filter.Parse(c.s, c.opts); (err == nil) != c.ok {
			t.Errorf("%s: %v, %v", name, x, err)
		} else if err != nil && len(err.Error()) > 200 {
			t.Errorf("%s: the error is %d bytes long", name, len(err.Error()))
		}
	}
}

func TestLeniencies(t *testing.T) {
	t.Parallel()
	for s, c := range map[string]struct {
		rules []string
		want  filter.Expr
	}{
		`externalId eq jyoung`:                    {[]string{filter.Unquoted}, compare("externalId", "eq", "jyoung")},
		`(userName eq bob@example.com)`:           {[]string{filter.Unquoted}, compare("userName", "eq", "bob@example.com")},
		`emails[type eq work].value eq "x"`:       {[]string{filter.Unquoted}, filter.Element{Attribute: at("emails"), Expr: filter.And{compare("emails.type", "eq", "work"), compare("emails.value", "eq", "x")}}},
		`active eq True`:                          {[]string{filter.BooleanText}, compare("active", "eq", true)},
		`active eq FALSE and externalId eq 4711x`: {[]string{filter.BooleanText, filter.Unquoted}, filter.And{compare("active", "eq", false), compare("externalId", "eq", "4711x")}},
		`familyName eq NULL`:                      {[]string{filter.Unquoted}, compare("familyName", "eq", "NULL")},
		`userName eq "plain" and active eq true`:  {nil, filter.And{compare("userName", "eq", "plain"), compare("active", "eq", true)}},
	} {
		var used []string
		parses(t, s, &filter.Options{Lenient: func(rule string) bool { used = append(used, rule); return true }}, c.want)
		if !cmp.Equal(used, c.rules) {
			t.Errorf("%s: used %v, want %v", s, used, c.rules)
		}
		_, err := filter.Parse(s, &filter.Options{Lenient: func(string) bool { return false }})
		if (err == nil) != (len(c.rules) == 0) {
			t.Errorf("%s: without leniency: %v", s, err)
		}
	}
	all := &filter.Options{Lenient: func(string) bool { return true }}
	for _, s := range []string{`title eq `, `title eq )`, `title eq jo"hn`, `title gt null`, `title eq x y`} {
		if x, err := filter.Parse(s, all); err == nil {
			t.Errorf("%s is %v", s, x)
		}
	}
}

// What is printed is parsed to the same, however it was put together.
func TestPrints(t *testing.T) {
	t.Parallel()
	a, b, c := has("a"), compare("b.c", "eq", "\x01\"\\é\u2028"), compare("d", "lt", json.Number("-0.5"))
	for want, x := range map[string]filter.Expr{
		`a pr and (b.c eq "\u0001\"\\é` + "\u2028" + `" and d lt -0.5)`: filter.And{a, filter.And{b, c}},
		`a pr or (a pr or a pr)`:                    filter.Or{a, filter.Or{a, a}},
		`a pr and a pr or a pr`:                     filter.Or{filter.And{a, a}, a},
		`(a pr or a pr) and a pr`:                   filter.And{filter.Or{a, a}, a},
		`not (not (a pr))`:                          filter.Not{Expr: filter.Not{Expr: a}},
		`not (a pr or a pr)`:                        filter.Not{Expr: filter.Or{a, a}},
		`e[not (x pr) or y eq false and z ne null]`: filter.Element{Attribute: at("e"), Expr: filter.Or{filter.Not{Expr: has("e.x")}, filter.And{compare("e.y", "eq", false), compare("e.z", "ne", nil)}}},
		`urn:x:e[y pr]`:                             filter.Element{Attribute: at("urn:x:e"), Expr: has("urn:x:e.y")},
	} {
		if got := x.String(); got != want {
			t.Errorf("printed as %s, want %s", got, want)
		}
		again, err := filter.Parse(want, nil)
		if err != nil || !cmp.Equal(x, again) {
			t.Errorf("%s: %v, %v", want, again, err)
		}
	}
}

// What is quoted of a request is bounded, however long its names are.
func TestErrorsAreShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é;", 2000)
	name := strings.Repeat("n", 3000)
	for _, s := range []string{long, long + " pr", name, name + "[", name + "[x.y pr]", name + "[x pr].", "urn:" + name + ":" + name + "[:", "a eq \"" + long, "a " + name} {
		_, err := filter.Parse(s, nil)
		if err == nil || len(err.Error()) > 200 {
			t.Errorf("%.20s…: %v", s, err)
		}
		if _, err := filter.ParseTarget(s); err != nil && len(err.Error()) > 200 {
			t.Errorf("%.20s… as a path: %v", s, err)
		}
		_, err = filter.Resolve(compare(name, "eq", long), lookup, nil)
		if err == nil || len(err.Error()) > 200 {
			t.Errorf("resolved: %v", err)
		}
	}
}
