package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// Team is some of an org's members under a name. What is granted to it ([ToTeam]) is had by
// all who are in it at the time.
type Team struct {
	ID        string
	Name      string // one line, 1 to 100 characters
	Managed   bool   // the identity provider says who is in it, and nobody here
	CreatedAt time.Time
	Version   int64 // of the record with the name; who is in it does not raise it
}

// mostTeams is how many an org can have.
const mostTeams = 10_000

func teamOf(e store.Entry) Team {
	return Team{ID: e.ID, Name: e.Name, Managed: e.ConnectionID != "", CreatedAt: e.CreatedAt, Version: e.Version}
}

// teamIn is one of an org's: an Entry of its directory.
func teamIn(ctx context.Context, r store.Reader, orgID, id string) (store.Entry, error) {
	e, err := r.Entry(ctx, orgID, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && e.Type != store.EntryGroup {
		return store.Entry{}, refuse(CodeNotFound, "no team of the organization")
	}
	return e, err
}

func (c *change) team(ctx context.Context, orgID, id string) (store.Entry, error) {
	return teamIn(ctx, c, orgID, id)
}

// TeamQuery narrows a list of teams.
type TeamQuery struct {
	Search string // anywhere in the name, compared as names are; "" every team
	store.Paging
}

// Teams lists the org's teams by name.
func (a *Admin) Teams(ctx context.Context, q TeamQuery) (store.Page[Team], error) {
	if err := a.allowed(ctx); err != nil {
		return store.Page[Team]{}, err
	}
	find := store.EntryQuery{Type: store.EntryGroup, Sort: store.Sort{Path: "name"}, Paging: q.Paging}
	if key := teamKey(q.Search); len(key) > teamKeyMost {
		return store.Page[Team]{Items: []Team{}, Total: -1}, nil // no name is as long
	} else if key != "" {
		find.Filter = &store.Filter{Path: "name", Op: store.OpContains, Value: key}
	}
	page, err := a.s.store.Entries(ctx, a.p.OrgID, find)
	if err != nil {
		return store.Page[Team]{}, err
	}
	out := store.Page[Team]{Next: page.Next, Total: page.Total, Items: make([]Team, len(page.Items))}
	for i, e := range page.Items {
		out.Items[i] = teamOf(e)
	}
	return out, nil
}

// Team reads one. One that is not there is CodeNotFound.
func (a *Admin) Team(ctx context.Context, id string) (Team, error) {
	if err := a.allowed(ctx); err != nil {
		return Team{}, err
	}
	e, err := teamIn(ctx, a.s.store, a.p.OrgID, id)
	if err != nil {
		return Team{}, err
	}
	return teamOf(e), nil
}

// CreateTeam makes a team with nobody in it. Two of an org never have names that differ by
// case, blanks or the way a letter is encoded alone: CodeTeamName, as for a name that is empty
// or longer than 100 characters. An org has at most 10,000 teams: CodeRoleLimit.
func (a *Admin) CreateTeam(ctx context.Context, name string) (Team, error) {
	var out Team
	err := a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, asIs)
		if err != nil {
			return err
		}
		team := store.Entry{OrgID: a.p.OrgID, ID: newID("team"), Type: store.EntryGroup, Active: true, CreatedAt: c.now, ModifiedAt: c.now}
		err = c.nameTeam(ctx, &team, name)
		if err == nil {
			err = c.roomForTeam(ctx, a.p.OrgID)
		}
		e := by.by(audit.TeamCreated, thing(audit.KindTeam, team.ID, team.Name))
		if err != nil {
			return refusedAs(err, a.p.OrgID, e)
		}
		if err := c.PutEntry(ctx, team); err != nil {
			return err
		}
		team.Version = 1
		out = teamOf(team)
		return c.record(ctx, a.p.OrgID, e)
	})
	if err != nil {
		return Team{}, err
	}
	return out, nil
}

// nameTeam gives a team a name that no other team of the org has. Who loses a race to one is
// told so when the change runs again.
func (c *change) nameTeam(ctx context.Context, team *store.Entry, name string) error {
	kept, key, ok := teamName(name)
	if !ok {
		return refuse(CodeTeamName, "")
	}
	q := store.EntryQuery{Type: store.EntryGroup, Filter: &store.Filter{Path: "name", Op: store.OpEq, Value: key}, Paging: store.Paging{Limit: 1}}
	page, err := c.Entries(ctx, team.OrgID, q)
	if err == nil && len(page.Items) > 0 && page.Items[0].ID != team.ID {
		err = refuse(CodeTeamName, "another team has this name")
	}
	if team.Name, team.NameKey = kept, key; err == nil {
		err = dressTeam(team)
	}
	return err
}

func (c *change) roomForTeam(ctx context.Context, orgID string) error {
	page, err := c.Entries(ctx, orgID, store.EntryQuery{Type: store.EntryGroup, Count: true, Paging: store.Paging{Limit: 1}})
	if err == nil && page.Total >= mostTeams {
		err = refuse(CodeRoleLimit, "")
	}
	return err
}

// RenameTeam gives a team another name, of which the same holds as in CreateTeam. One that an
// identity provider keeps is CodeTeamManaged.
func (a *Admin) RenameTeam(ctx context.Context, id, name string) error {
	return a.changeTeam(ctx, id, audit.TeamRenamed, func(c *change, _ acting, team store.Entry, e *audit.Event) error {
		was := team.Name
		if err := c.nameTeam(ctx, &team, name); err != nil {
			return err
		}
		if team.Name == was {
			return errSettled
		}
		e.Changes = []audit.Change{{Field: "name", Old: was, New: team.Name}}
		team.ModifiedAt = c.now
		return c.PutEntry(ctx, team)
	})
}

// DeleteTeam deletes a team and all that is granted to it. The people stay. Who deletes a team
// must be able to take back each of its grants: CodeAbove. One that an identity provider keeps is
// CodeTeamManaged: it would come back from there.
func (a *Admin) DeleteTeam(ctx context.Context, id string) error {
	return a.changeTeam(ctx, id, audit.TeamDeleted, func(c *change, _ acting, team store.Entry, e *audit.Event) error {
		if err := a.coversTeam(ctx, c, id, false); err != nil {
			return err
		}
		n, err := c.revokeAll(ctx, team.OrgID, id, store.SubjectGroup)
		if err != nil {
			return err
		}
		e.Facts = []audit.Fact{count("grants_revoked", n)}
		return c.DeleteEntry(ctx, team.OrgID, id)
	})
}

// changeTeam is what all changes of one team have in common. do makes the change, and fills
// the event in.
func (a *Admin) changeTeam(ctx context.Context, id string, t audit.Type, do func(*change, acting, store.Entry, *audit.Event) error) error {
	err := a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, asIs)
		if err != nil {
			return err
		}
		team, err := c.team(ctx, a.p.OrgID, id)
		if err != nil {
			return err
		}
		e := by.by(t, thing(audit.KindTeam, team.ID, team.Name))
		if team.ConnectionID != "" {
			err = refuse(CodeTeamManaged, "")
		} else {
			err = do(c, by, team, &e)
		}
		if err != nil {
			return refusedAs(err, a.p.OrgID, e)
		}
		return c.record(ctx, a.p.OrgID, e)
	})
	return unless(err, errSettled)
}

// coversTeam refuses unless who acts may take back each role that is granted to the team, and,
// where they give, may give each for as long: to put somebody into it is to give them all of
// those, and to take somebody out is to take them.
func (a *Admin) coversTeam(ctx context.Context, c *change, id string, give bool) error {
	var has func(project string) holdings
	var custom kept[roleSet]
	q := store.GrantQuery{Subjects: []string{id}, Paging: store.Paging{Limit: 1000}}
	for {
		page, err := c.Grants(ctx, a.p.OrgID, q)
		if err != nil {
			return err
		}
		for _, g := range page.Items {
			if g.SubjectKind != store.SubjectGroup || expired(g, c.now) {
				continue
			}
			if has == nil {
				h, err := a.s.holdings(ctx, c, a.p.OrgID, Subject{ToPerson, a.p.UserID}, nil)
				if err != nil {
					return err
				}
				if custom, err = rolesOf(ctx, c, a.p.OrgID); err != nil {
					return err
				}
				has = h.byProject()
			}
			h := has(g.Project)
			if give {
				h = h.lasting(g.ExpiresAt)
			}
			if !h.covers(g.Project, g.Role, custom.Value) {
				return refuse(CodeAbove, "the team has a role that allows more than who changes it may do")
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// teamManages reports whether who is in a team manages every project by it.
func (a *Admin) teamManages(ctx context.Context, c *change, id string) (bool, error) {
	custom, err := rolesOf(ctx, c, a.p.OrgID)
	if err != nil {
		return false, err
	}
	q := store.GrantQuery{Subjects: []string{id}, Paging: store.Paging{Limit: 1000}}
	for {
		page, err := c.Grants(ctx, a.p.OrgID, q)
		if err != nil {
			return false, err
		}
		for _, g := range page.Items {
			if g.SubjectKind == store.SubjectGroup && !expired(g, c.now) && custom.Value.managesAll(g, a.s.opts.Actions) {
				return true, nil
			}
		}
		if q.After = page.Next; q.After == "" {
			return false, nil
		}
	}
}
