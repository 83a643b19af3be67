package main

import (
	"context"
	"fmt"
	"io"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// The bar of a check of access: what it takes beside many grants of others, in units of what it
// takes beside few. Beside its reads it is shown only: in memory those are next to nothing.
const (
	fewGrants    = 10
	manyGrants   = 10_000
	mostOfFew    = 1.5
	accessChecks = 256 // one by one they are too short to be timed
)

// guarded is an org in which a member is asked about: one grant of their own, one by a team and
// one that everybody has, among those of others.
type guarded struct {
	st  store.Store
	svc *accesssec.Service
	who accesssec.Principal
}

func newGuarded(ctx context.Context, others int) (*guarded, error) {
	g := &guarded{st: memory.New()}
	var err error
	if g.svc, err = accesssec.New(g.st, "https://app.example.com", seal.GenerateRing(), &accesssec.Options{Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true})}); err != nil {
		return nil, err
	}
	owner, err := g.svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "owner@example.com", Verified: true})
	if err != nil {
		return nil, err
	}
	if err := g.svc.ImportPeople(ctx, owner.OrgID, accesssec.Person{Address: "ann@example.com", Verified: true, Role: policy.Member}); err != nil {
		return nil, err
	}
	u, err := g.st.UserByAddress(ctx, "ann@example.com")
	if err != nil {
		return nil, err
	}
	if g.who, err = g.svc.Vouch(ctx, owner.OrgID, u.ID); err != nil {
		return nil, err
	}
	admin := g.svc.Admin(owner)
	team, err := admin.CreateTeam(ctx, "Team")
	if err != nil {
		return nil, err
	}
	if err := admin.ChangeTeam(ctx, team.ID, accesssec.TeamChange{Add: []string{u.ID}}); err != nil {
		return nil, err
	}
	for _, to := range []accesssec.Subject{{Kind: accesssec.ToPerson, ID: u.ID}, {Kind: accesssec.ToTeam, ID: team.ID}, {Kind: accesssec.ToEveryone}} {
		if _, err := admin.Grant(ctx, accesssec.Grant{To: to, Project: "p1", Role: string(policy.Analyst)}); err != nil {
			return nil, err
		}
	}
	return g, g.st.RunInTx(ctx, func(tx store.Tx) error {
		for i := range others {
			theirs := store.Grant{OrgID: owner.OrgID, ID: fmt.Sprintf("grant-%d", i), Project: "p1", Subject: fmt.Sprintf("usr-%d", i), SubjectKind: store.SubjectUser, Role: string(policy.Analyst)}
			if err := tx.PutGrant(ctx, theirs); err != nil {
				return err
			}
		}
		return nil
	})
}

// access is what a host asks at each request.
func (g *guarded) access(ctx context.Context) error {
	for range accessChecks {
		got, err := g.svc.Access(ctx, g.who, "p1")
		if err != nil || got.Role != policy.Analyst || len(got.Sources) != 3 {
			return fmt.Errorf("bench: access is %+v, %v", got, err)
		}
	}
	return nil
}

// reads are those of access, and nothing made of them.
func (g *guarded) reads(ctx context.Context) error {
	for range accessChecks {
		if _, err := g.st.Membership(ctx, g.who.OrgID, g.who.UserID); err != nil {
			return err
		}
		page, err := g.st.Grants(ctx, g.who.OrgID, store.GrantQuery{Person: g.who.UserID, Projects: []string{"", "p1"}, Paging: store.Paging{Limit: 1000}})
		if err != nil || len(page.Items) != 3 {
			return fmt.Errorf("bench: %d grants reach them, %v", len(page.Items), err)
		}
	}
	return nil
}

// accesses measures a check of access, in memory; the benchmark AccessCheck of
// store/sqlstore/sqltest does on databases.
func accesses(out io.Writer, rounds int) (missed int, err error) {
	ctx := context.Background()
	few, err := newGuarded(ctx, fewGrants)
	if err != nil {
		return 0, err
	}
	many, err := newGuarded(ctx, manyGrants)
	if err != nil {
		return 0, err
	}
	subjects := []subject{
		{"the reads alone", func() error { return many.reads(ctx) }},
		{fmt.Sprintf("beside %d grants", fewGrants), func() error { return few.access(ctx) }},
		{fmt.Sprintf("beside %d", manyGrants), func() error { return many.access(ctx) }},
	}
	costs, err := measure(subjects, max(rounds, leastRounds), 1)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(out, "what somebody may do on a project, %d times, in memory\n", accessChecks)
	show(out, subjects, costs)
	return judge(out, []bar{atMost(subjects[2].name, mostOfFew, subjects[1].name)}, subjects, costs), nil
}
