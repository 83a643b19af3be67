package filter_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// people are resources as they are in JSON, numbers as json.Number.
const people = `[
	{"userName": "ann@example.com", "active": true, "emails": [{"type": "work", "value": "Ann@Example.com", "primary": true}]},
	{"userName": "bob@example.com", "active": false, "emails": [{"type": "home", "value": "bob@example.net"}]}
]`

// look knows a few attributes of a user.
func look(p filter.Path) (filter.Attribute, bool) {
	for _, a := range []filter.Attribute{
		{Path: filter.Path{Name: "userName"}, Type: filter.String},
		{Path: filter.Path{Name: "active"}, Type: filter.Boolean},
		{Path: filter.Path{Name: "emails"}, Type: filter.Complex, MultiValued: true},
		{Path: filter.Path{Name: "emails", Sub: "value"}, Type: filter.String},
		{Path: filter.Path{Name: "emails", Sub: "type"}, Type: filter.String},
	} {
		if strings.EqualFold(a.Path.String(), p.String()) {
			return a, true
		}
	}
	return filter.Attribute{}, false
}

func Example() {
	parsed, err := filter.Parse(`EMAILS[type eq "work"].value ew "@example.com" and active eq true`, nil)
	if err != nil {
		panic(err)
	}
	x, err := filter.Resolve(parsed, look, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(x)

	var all []map[string]any
	if err := json.Unmarshal([]byte(people), &all); err != nil {
		panic(err)
	}
	for _, p := range all {
		fmt.Println(p["userName"], filter.Match(x, p))
	}

	parsed, _ = filter.Parse(`active gt true`, nil)
	_, err = filter.Resolve(parsed, look, nil)
	fmt.Println(err)
	// Output:
	// emails[type eq "work" and value ew "@example.com"] and active eq true
	// ann@example.com true
	// bob@example.com false
	// filter: "active" is of type boolean, to which "gt" does not apply
}

// A key is what an index of a database keeps: texts that are ordered as the values are.
func ExampleAttribute_Key() {
	at := filter.Attribute{Type: filter.DateTime}
	for _, s := range []string{"2011-05-13T04:42:34.1234567Z", "2011-05-13T06:42:34+02:00", "yesterday"} {
		fmt.Println(at.Key(s))
	}
	name := filter.Attribute{Type: filter.String}
	fmt.Println(name.Key("Ann@Example.COM"))
	// Output:
	// 2011-05-13T04:42:34.123456700Z true
	// 2011-05-13T04:42:34.000000000Z true
	//  false
	// ann@example.com true
}

func ExampleParseTarget() {
	t, err := filter.ParseTarget(`emails[type eq "work"].value`)
	if err != nil {
		panic(err)
	}
	work := map[string]any{"type": "work", "value": "ann@example.com"}
	fmt.Println(t.Path, t.Sub, filter.MatchElement(t.Element, work))
	// Output: emails value true
}
