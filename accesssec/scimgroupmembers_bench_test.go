package accesssec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// BenchmarkSCIMMember puts one person into a group and takes them out again, in groups of ten
// and of a hundred thousand: the whole of it, with token, rules and log.
func BenchmarkSCIMMember(b *testing.B) {
	for _, size := range []int{10, 100_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			h := newSCIMHost(b, size)
			for n := 0; b.Loop(); n++ {
				op := []string{"add", "remove"}[n%2]
				h.sends(204, "PATCH", "/Groups/"+h.group, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"`+op+`","path":"members","value":[{"value":"`+h.user+`"}]}]}`)
			}
		})
	}
}

// scimHost is a host with one group of so many, and a token.
type scimHost struct {
	b                       testing.TB
	svc                     *accesssec.Service
	store                   store.Store
	org, token, group, user string
}

func newSCIMHost(b testing.TB, size int) *scimHost {
	b.Helper()
	return newSCIMHostOn(b, memory.New(), size)
}

func newSCIMHostOn(b testing.TB, st store.Store, size int) *scimHost {
	b.Helper()
	ctx := b.Context()
	svc, err := accesssec.New(st, "https://app.example.com", seal.GenerateRing(), &accesssec.Options{SCIMRate: 1 << 20})
	if err != nil {
		b.Fatal(err)
	}
	owner, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "owner@example.com", Verified: true})
	if err != nil {
		b.Fatal(err)
	}
	d, err := svc.Admin(owner).ClaimDomain(ctx, "example.com")
	if err != nil {
		b.Fatal(err)
	}
	token, err := svc.Admin(owner).CreateSCIMToken(ctx, nil)
	if err != nil {
		b.Fatal(err)
	}
	h := &scimHost{b: b, svc: svc, store: st, org: owner.OrgID, token: token.Secret()}
	err = st.RunInTx(ctx, func(tx store.Tx) error {
		rec, err := tx.Domain(ctx, owner.OrgID, d.ID)
		if err != nil {
			return err
		}
		rec.Status = store.DomainVerified
		return tx.UpdateDomains(ctx, rec)
	})
	if err != nil {
		b.Fatal(err)
	}
	h.user = h.sends(201, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@example.com"}`)
	h.group = h.sends(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"G"}`)
	if err := st.RunInTx(ctx, func(tx store.Tx) error { return h.fill(ctx, tx, owner.OrgID, size) }); err != nil {
		b.Fatal(err)
	}
	return h
}

// fill puts people into the group past everything but the store.
func (h *scimHost) fill(ctx context.Context, tx store.Tx, orgID string, size int) error {
	var d store.MemberDelta
	for i := range size {
		name := fmt.Sprintf("p%d@example.com", i)
		e := store.Entry{OrgID: orgID, ID: "ent-" + name, Type: store.EntryUser, Name: name, NameKey: name, Active: true}
		if err := tx.PutEntry(ctx, e); err != nil {
			return err
		}
		d.Add = append(d.Add, e.ID)
	}
	return tx.ChangeEntryMembers(ctx, orgID, h.group, d)
}

// sends returns the id in the answer.
func (h *scimHost) sends(status int, method, path, body string) string {
	r := httptest.NewRequest(method, "https://app.example.com/scim/v2"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+h.token)
	r.Header.Set("Content-Type", "application/scim+json")
	rec := httptest.NewRecorder()
	h.svc.SCIM().ServeHTTP(rec, r)
	if rec.Code != status {
		h.b.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
	var got struct{ ID string }
	if status == 201 {
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
			h.b.Fatal(err)
		}
	}
	return got.ID
}
