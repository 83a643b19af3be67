package sqltest

import (
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// ManyAreImported brings a thousand people in one call, into tables of which the database
// knows nothing yet: each costs what the first did, or this would not come to an end.
func ManyAreImported(t *testing.T, d Database) {
	st := d.Store(t)
	var secret [32]byte
	rand.Read(secret[:])
	svc, err := service(st, "http://127.0.0.1:1", secret)
	must(t, err)
	owner, err := svc.CreateOrg(t.Context(), "Acme", accesssec.Person{Address: "owner@example.com", Verified: true})
	must(t, err)
	people := make([]accesssec.Person, 1000)
	for i := range people {
		people[i] = accesssec.Person{Address: fmt.Sprintf("p%d@example.com", i), Verified: true, Role: policy.Member}
	}
	must(t, svc.ImportPeople(t.Context(), owner.OrgID, people...))
	page, err := st.Memberships(t.Context(), owner.OrgID, store.MembershipQuery{Count: true, Paging: store.Paging{Limit: 1}})
	must(t, err)
	if page.Total != len(people)+1 {
		t.Errorf("%d members, want %d", page.Total, len(people)+1)
	}
}
