package accesssec_test

import (
	"fmt"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// TestImportThousand: a thousand people in one call, and what is granted to everyone reaches
// each of them from then on.
func TestImportThousand(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), nil)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "olive@example.com", Verified: true})
	if err != nil {
		t.Fatal(err)
	}
	admin := svc.Admin(owner)
	everyone := accesssec.Grant{To: accesssec.Subject{Kind: accesssec.ToEveryone}, Project: "p1", Role: string(policy.Consumer)}
	if _, err := admin.Grant(ctx, everyone); err != nil {
		t.Fatal(err)
	}
	people := make([]accesssec.Person, 1000)
	for i := range people {
		people[i] = accesssec.Person{
			Address: fmt.Sprintf("p%d@example.com", i), Verified: true, Role: policy.Member,
			PasswordHash: "$2a$04$q2Ew9RzkaWONEramHeFS7.7fZV0HxfnDiDr9vjF6T/0qRx2or6Pgy",
		}
	}
	if err := svc.ImportPeople(ctx, owner.OrgID, people...); err != nil {
		t.Fatal(err)
	}
	n := 0
	for p := (store.Paging{Limit: 1000}); ; {
		page, err := admin.Members(ctx, accesssec.MemberQuery{Paging: p})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Items {
			a, err := svc.AccessOf(ctx, owner.OrgID, accesssec.Subject{Kind: accesssec.ToPerson, ID: m.UserID}, "p1")
			if err != nil {
				t.Fatal(err)
			}
			if m.Role == policy.Member && a.Role == policy.Consumer {
				n++
			}
		}
		if p.After = page.Next; p.After == "" {
			break
		}
	}
	if n != len(people) {
		t.Errorf("%d of %d people have what everyone has", n, len(people))
	}
	// One of them again, at the end of a thousand: none of them.
	again := append([]accesssec.Person(nil), people[1:]...)
	for i := range again {
		again[i].Address = "new" + again[i].Address
	}
	if err := svc.ImportPeople(ctx, owner.OrgID, append(again, people[0])...); !accesssec.IsRefusal(err, accesssec.CodeMember) {
		t.Errorf("a member again: %v", err)
	}
	page, err := admin.Members(ctx, accesssec.MemberQuery{Search: "new"})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("%d of them are there, %v", len(page.Items), err)
	}
}
