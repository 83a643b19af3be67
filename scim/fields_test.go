package scim_test

import (
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/scim"
)

// TestNothingOfABodyIsLeft: the room of a body is used again, by whoever comes next: of one who
// has sent much, nothing is taken for what the next one leaves out.
func TestNothingOfABodyIsLeft(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	long := `,"externalId":"e1","title":"Dr","nickName":"A","locale":"en","timezone":"UTC","userType":"x","displayName":"Ann","name":{"givenName":"Ann"},"emails":[{"value":"ann@example.com"}],"` + scim.EnterpriseSchema + `":{"department":"R"}`
	for i := range 50 {
		name := "n" + strings.Repeat("x", i)
		m.must(201, "POST", "/Users", userBody("long"+name, strings.Replace(long, "e1", "e"+name, 1)))
		m.send("POST", "/Users", `{"schemas":["`+scim.UserSchema+`"],"title":"Dr","userName":`) // ends in the middle
		a := m.must(201, "POST", "/Users", userBody("short"+name))
		for _, gone := range []string{"externalId", "title", "nickName", "name", "emails", "displayName", scim.EnterpriseSchema} {
			if a.body[gone] != nil {
				t.Fatalf("%s: %s", gone, a.text)
			}
		}
		a = m.must(200, "PUT", "/Users/"+a.id(), userBody("short"+name, `,"title":"Ms"`))
		if a.body["title"] != "Ms" || a.body["externalId"] != nil || a.body["displayName"] != nil {
			t.Fatal(a.text)
		}
	}
}
