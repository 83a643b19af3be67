package accesssec

import (
	"testing"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/scimtest"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// The directory of an org is a Backend as the mount may expect one.
func TestSCIMDirectory(t *testing.T) {
	t.Parallel()
	scimtest.RunBackend(t, func(t *testing.T) scim.Backend {
		ctx, st := t.Context(), memory.New()
		s, err := New(st, "https://app.example.com", seal.GenerateRing(), nil)
		if err != nil {
			t.Fatal(err)
		}
		owner, err := s.CreateOrg(ctx, "Acme", Person{Address: "owner@example.com", Verified: true})
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.Admin(owner).ClaimDomain(ctx, "example.com")
		if err != nil {
			t.Fatal(err)
		}
		if err := st.RunInTx(ctx, func(tx store.Tx) error {
			rec, err := tx.Domain(ctx, owner.OrgID, d.ID)
			if err != nil {
				return err
			}
			rec.Status = store.DomainVerified
			return tx.UpdateDomains(ctx, rec)
		}); err != nil {
			t.Fatal(err)
		}
		return s.directory(scimCaller{orgID: owner.OrgID, fromID: owner.OrgID})
	}, nil)
}
