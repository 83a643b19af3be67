package sqltest

import (
	"errors"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/internal/scimquery"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// SCIMLongestValues keeps and finds the longest texts that a SCIM server lets through, of
// letters of four bytes that no database can write shorter: an index has a bound on what is in
// it, and what is over that must not be a fault of the database.
func SCIMLongestValues(t *testing.T, d Database) {
	dice := newDice(t)
	wide := func(runes int) string {
		var b strings.Builder
		for range runes {
			b.WriteRune(rune(0x20000 + dice.roll(0xa000))) // without a case
		}
		return b.String()
	}
	// An unusually long name of a host's schema, in the same index.
	const urn = "urn:ietf:params:scim:schemas:extension:a-company-with-a-very-long-name:an-application-with-another:2.0:User"
	schemas, err := scim.NewSchemas(scim.Extension{ResourceType: "User", Schema: scim.Schema{ID: urn, Attributes: []scim.Attribute{
		{Name: "anAttributeOfThatApplicationWithAnUnusuallyLongName", Type: "string"},
	}}})
	must(t, err)
	long := map[string]string{
		"userName": wide(255), "externalId": wide(255), "title": wide(1024), "emails.value": wide(1024),
		urn + ":anAttributeOfThatApplicationWithAnUnusuallyLongName": wide(1024),
	}
	u := scim.User{
		ID: "u1", UserName: long["userName"], ExternalID: long["externalId"], Emails: []scim.Email{{Value: long["emails.value"]}},
		Extra: map[string]any{"title": long["title"], urn: map[string]any{"anAttributeOfThatApplicationWithAnUnusuallyLongName": long[urn+":anAttributeOfThatApplicationWithAnUnusuallyLongName"]}},
	}
	e := entryOf(u.ID, store.EntryUser, u.ExternalID, scim.Meta{}, schemas.IndexUser(u))
	e.NameKey = long["userName"]
	s := d.Store(t)
	must(t, keepDirectory(t.Context(), s, []store.Entry{e}, nil))
	for path, text := range long {
		for _, filter := range []string{path + " eq " + quoted(text), path + " sw " + quoted(text), path + " sw " + quoted(string([]rune(text)[:210])), path + " le " + quoted(text)} {
			if len(filter) > 8000 {
				continue // longer than a filter may be
			}
			f, err := scimquery.Filter(resolvedIn(t, schemas, store.EntryUser, filter).Filter, store.EntryUser)
			must(t, err)
			page, err := s.Entries(t.Context(), crowd, store.EntryQuery{Filter: f, Sort: store.Sort{Path: path}, Count: true})
			if err != nil || page.Total != 1 {
				t.Errorf("%.60s…: %d, %v", filter, page.Total, err)
			}
		}
	}
	// And all of it is replaced by what is as long.
	e.Version, e.ExternalID, e.NameKey = 1, wide(255), wide(255)
	for i := range e.Index {
		e.Index[i].Text = wide(1024)
	}
	must(t, keepDirectory(t.Context(), s, []store.Entry{e}, nil))
	// Full-size keys that are another's are told as that.
	e.ID, e.Version = "u2", 0
	if err := keepDirectory(t.Context(), s, []store.Entry{e}, nil); !errors.Is(err, store.ErrExists) {
		t.Errorf("a name that is taken: %v", err)
	}
}
