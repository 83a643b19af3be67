package scim_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
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

// TestNothingGoesToAnotherTenant: requests of two tenants at once, by clients that share the rooms
// of the handler, some of which end in the middle: nobody is shown, or keeps, what is another's.
func TestNothingGoesToAnotherTenant(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	var wg sync.WaitGroup
	for worker := range 8 {
		mine, token := "acme", acmeToken
		if worker%2 == 1 {
			mine, token = "other", otherToken
		}
		wg.Go(func() {
			send := func(method, path, body string) string {
				r := httptest.NewRequest(method, "/scim/v2"+path, strings.NewReader(body))
				r.Header.Set("Authorization", "Bearer "+token)
				r.Header.Set("Content-Type", scimType)
				w := httptest.NewRecorder()
				m.handler.ServeHTTP(w, r)
				return w.Body.String()
			}
			theirs := map[string]string{"acme": "of-other", "other": "of-acme"}[mine]
			for i := range 300 {
				who := fmt.Sprintf("%d-%d-of-%s", worker, i, mine)
				more := `,"externalId":"x` + who + `"`
				if i%3 == 0 { // more fields than there is room for
					for n := range mostFieldsAndMore {
						more += fmt.Sprintf(`,"unknown%d":"of-%s"`, n, mine)
					}
					more += `,"title":"of-` + mine + `","displayName":"of-` + mine + `","name":{"givenName":"of-` + mine + `"}`
				}
				got := send("POST", "/Users", userBody(who, more))
				got += send("POST", "/Users", `{"title":"of-`+mine+`","userName":`)
				got += send("POST", "/Bulk", bulkBody(bulkPost("/Users", "q", userBody("b"+who))))
				got += send("GET", "/Users?filter=title+pr", "")
				if strings.Contains(got, theirs) {
					t.Errorf("%s is told %s", mine, got)
					return
				}
				if i%3 != 0 && strings.Contains(send("GET", "/Users?filter=externalId+eq+%22x"+who+"%22", ""), `"title"`) {
					t.Errorf("%s has a title", who)
					return
				}
			}
		})
	}
	wg.Wait()
}

const mostFieldsAndMore = 40
