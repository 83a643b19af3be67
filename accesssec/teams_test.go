package accesssec_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// TestTeamLimit: an org has room for 10,000 teams, and another org's do not count.
func TestTeamLimit(t *testing.T) {
	t.Parallel()
	o := newOuter(t)
	ctx := t.Context()
	other, err := o.svc.CreateOrg(ctx, "Other", accesssec.Person{Address: "otto@example.org", Password: longEnough})
	if err != nil {
		t.Fatal(err)
	}
	putTeams(t, o.store, o.owner.OrgID, 9_999)
	last, err := o.svc.Admin(o.owner).CreateTeam(ctx, "The last")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.svc.Admin(o.owner).CreateTeam(ctx, "One more"); !accesssec.IsRefusal(err, accesssec.CodeRoleLimit) {
		t.Errorf("one more: %v", err)
	}
	if _, err := o.svc.Admin(other).CreateTeam(ctx, "One more"); err != nil {
		t.Errorf("in another org: %v", err)
	}
	if err := o.svc.Admin(o.owner).DeleteTeam(ctx, last.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := o.svc.Admin(o.owner).CreateTeam(ctx, "One more"); err != nil {
		t.Errorf("in the room of one that is gone: %v", err)
	}
}

// TestTeamLimitByProvisioning: it is the same for who pushes groups, and what is too much leaves
// nothing behind.
func TestTeamLimitByProvisioning(t *testing.T) {
	t.Parallel()
	h := newSCIMHost(t, 0) // has one
	putTeams(t, h.store, h.org, 9_998)
	const group = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":%q,"members":[{"value":%q}]}`
	last := h.sends(201, "POST", "/Groups", fmt.Sprintf(group, "The last", h.user))
	h.sends(403, "POST", "/Groups", fmt.Sprintf(group, "One more", h.user))
	page, err := h.store.Entries(t.Context(), h.org, store.EntryQuery{Type: store.EntryGroup, Paging: store.Paging{Limit: 1}, Count: true})
	if err != nil || page.Total != 10_000 {
		t.Fatalf("%d teams, %v", page.Total, err)
	}
	h.sends(204, "DELETE", "/Groups/"+last, "")
	h.sends(201, "POST", "/Groups", fmt.Sprintf(group, "One more", h.user))
}

// putTeams writes so many as nothing of ours would, all at once.
func putTeams(t *testing.T, st store.Store, orgID string, n int) {
	t.Helper()
	ctx := t.Context()
	if err := st.RunInTx(ctx, func(tx store.Tx) error {
		for i := range n {
			name := fmt.Sprintf("team %d", i)
			e := store.Entry{OrgID: orgID, ID: name, Type: store.EntryGroup, Name: name, NameKey: name}
			if err := tx.PutEntry(ctx, e); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestOnMembers: teams, members and whole orgs are changed together with what the host
// writes, or not at all.
func TestOnMembers(t *testing.T) {
	t.Parallel()
	for name, host := range map[string]error{"commit": nil, "rollback": errHost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOuter(t)
			ctx := t.Context()
			other, err := o.svc.CreateOrg(ctx, "Other", accesssec.Person{Address: "otto@example.org", Password: longEnough})
			if err != nil {
				t.Fatal(err)
			}
			bring := func(address string) *accesssec.Entered {
				if err := o.svc.ImportPeople(ctx, o.owner.OrgID, accesssec.Person{Address: address, Verified: true, Password: longEnough, Role: policy.Admin}); err != nil {
					t.Fatal(err)
				}
				step, err := o.svc.SignIn().Password(ctx, accesssec.Visit{}, address, longEnough)
				if err != nil {
					t.Fatal(err)
				}
				return step.Entered
			}
			people := map[string]*accesssec.Entered{}
			for _, who := range []string{"lowered", "disabled", "removed", "leaving"} {
				people[who] = bring(who + "@example.com")
			}
			err = o.inside(t, func(on *accesssec.Service, _ store.Tx) error {
				a := on.Admin(o.owner)
				team, err := a.CreateTeam(ctx, "Design")
				return errors.Join(err,
					a.ChangeTeam(ctx, team.ID, accesssec.TeamChange{Add: []string{o.owner.UserID}}),
					a.RenameTeam(ctx, team.ID, "Designers"),
					a.SetRole(ctx, people["lowered"].Principal.UserID, policy.Member),
					a.DisableMember(ctx, people["disabled"].Principal.UserID),
					a.RemoveMember(ctx, people["removed"].Principal.UserID),
					on.Me(people["leaving"].Principal).LeaveOrg(ctx),
					on.DeleteOrg(ctx, other.OrgID, "over"),
					host)
			})
			if !errors.Is(err, host) || host == nil && err != nil {
				t.Fatal(err)
			}
			kept := host == nil
			for who, in := range people {
				if _, err := o.svc.Authenticate(ctx, in.Token()); accesssec.IsRefusal(err, accesssec.CodeSignedOut) != kept {
					t.Errorf("%s: %v", who, err)
				}
			}
			if _, err := o.store.Org(ctx, other.OrgID); errors.Is(err, store.ErrNotFound) != kept {
				t.Errorf("the other org: %v", err)
			}
			teams, err := o.svc.Admin(o.owner).TeamsOf(ctx, o.owner.UserID)
			if err != nil || (len(teams) == 1 && teams[0].Name == "Designers") != kept {
				t.Errorf("the Owner is in %+v, %v", teams, err)
			}
			want := 0
			if kept {
				want = 7
			}
			if got := o.events(t, audit.TeamCreated, audit.TeamChanged, audit.TeamRenamed, audit.MemberRoleChanged, audit.MemberDisabled, audit.MemberRemoved); len(got) != want {
				t.Errorf("%d lines in the log, want %d", len(got), want)
			}
		})
	}
}
