package accesssec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// TeamChange says who comes into a team and who goes out of it, by the ids of users.
type TeamChange struct {
	Add, Remove []string
}

const (
	teamChangeMost = 1000
	// entriesAtOnce are looked for in one question, which a store answers from an index.
	entriesAtOnce = 100
	// namedAtOnce is how many people one event names, beside the team.
	namedAtOnce = 60
)

// ChangeTeam puts people into a team and takes people out of it, at most 1,000 in all, each
// of whom is in one of the two lists. Adding who is in it already and removing who is not are
// no errors. Who is added has to be a member of the org: anybody else, as anybody of whom the
// org's directory has not heard, is CodeNotFound, and then nothing is changed. Who changes a
// team must be able to take back each of its grants, and to add people to give each, for as
// long as it lasts: CodeAbove. To add somebody to a team that manages every project wants a fresh
// proof ([Me.Prove]).
// A team that an identity provider keeps is CodeTeamManaged.
//
// It costs what the change costs, however large the team is, and of many changes of one team
// at once none is lost.
func (a *Admin) ChangeTeam(ctx context.Context, id string, d TeamChange) error {
	if n := len(d.Add) + len(d.Remove); n > teamChangeMost {
		return fmt.Errorf("accesssec: a change of a team with %d people; %d are the most", n, teamChangeMost)
	}
	if slices.ContainsFunc(d.Add, func(id string) bool { return slices.Contains(d.Remove, id) }) {
		return errors.New("accesssec: a change of a team with somebody who is to be added and removed")
	}
	return a.changeTeam(ctx, id, audit.TeamChanged, func(c *change, by acting, team store.Entry, e *audit.Event) error {
		if len(d.Add)+len(d.Remove) == 0 {
			return errSettled
		}
		if err := a.coversTeam(ctx, c, id, len(d.Add) > 0); err != nil {
			return err
		}
		if unproved := a.s.proved(by.session); unproved != nil && len(d.Add) > 0 {
			if manages, err := a.teamManages(ctx, c, id); err != nil {
				return err
			} else if manages {
				return unproved
			}
		}
		add, err := entriesFor(ctx, c, team.OrgID, d.Add)
		if err != nil {
			return err
		}
		for _, p := range add {
			if _, err := c.member(ctx, team.OrgID, p.UserID); err != nil {
				return err
			}
		}
		remove, err := entriesFor(ctx, c, team.OrgID, d.Remove)
		if err != nil {
			return err
		}
		if err := c.ChangeEntryMembers(ctx, team.OrgID, id, store.MemberDelta{Add: idsOf(add), Remove: idsOf(remove)}); err != nil {
			return gone(err)
		}
		return c.recordTeam(ctx, e, add, remove)
	})
}

// recordTeam names everybody, in as many events as that takes: all but the last it records,
// and that it makes of e.
func (c *change) recordTeam(ctx context.Context, e *audit.Event, add, remove []store.Entry) error {
	about, first := *e, true
	for _, part := range []struct {
		key    string
		people []store.Entry
	}{{"added", add}, {"removed", remove}} {
		for some := range slices.Chunk(part.people, namedAtOnce) {
			if !first {
				if err := c.record(ctx, some[0].OrgID, *e); err != nil {
					return err
				}
			}
			first = false
			*e = about
			e.Targets = slices.Clone(about.Targets)
			for _, p := range some {
				e.Targets = append(e.Targets, audit.Target{Kind: audit.KindUser, ID: p.UserID, Name: p.Name, Person: true})
			}
			e.Facts = []audit.Fact{count(part.key, len(some))}
		}
	}
	return nil
}

// entriesFor are the directory entries of these people, each once. One who has none is
// CodeNotFound.
func entriesFor(ctx context.Context, r store.Reader, orgID string, userIDs []string) ([]store.Entry, error) {
	userIDs = slices.Compact(slices.Sorted(slices.Values(userIDs)))
	for _, id := range userIDs {
		if id == "" || id != bound(id, 200) {
			return nil, refuse(CodeNotFound, "no id of a person")
		}
	}
	out, err := entriesBy(ctx, r, orgID, store.EntryUser, "userId", userIDs)
	if err == nil && len(out) < len(userIDs) {
		err = refuse(CodeNotFound, "somebody of whom the directory has not heard")
	}
	return out, err
}

// entriesBy are the entries of that type of which one column has one of these values.
func entriesBy(ctx context.Context, r store.Reader, orgID, kind, column string, values []string) ([]store.Entry, error) {
	var out []store.Entry
	for some := range slices.Chunk(values, entriesAtOnce) {
		q := store.EntryQuery{Type: kind, Filter: &store.Filter{}, Paging: store.Paging{Limit: entriesAtOnce}}
		for _, v := range some {
			q.Filter.Or = append(q.Filter.Or, store.Filter{Path: column, Op: store.OpEq, Value: v})
		}
		page, err := r.Entries(ctx, orgID, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Items...)
	}
	return out, nil
}

func idsOf(entries []store.Entry) []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.ID
	}
	return out
}

// TeamMembers lists who is in a team, in no order that means anything. Who is in it by what an
// identity provider says, and is no member of the org, is left out; so a page may have fewer
// than were asked for, and Next alone says where the list ends.
func (a *Admin) TeamMembers(ctx context.Context, id string, p store.Paging) (store.Page[Member], error) {
	none := store.Page[Member]{}
	if err := a.allowed(ctx); err != nil {
		return none, err
	}
	r := a.s.store
	if _, err := teamIn(ctx, r, a.p.OrgID, id); err != nil {
		return none, err
	}
	page, err := r.EntryMembers(ctx, a.p.OrgID, id, store.MemberQuery{Paging: p})
	if err != nil {
		return none, err
	}
	people, err := entriesBy(ctx, r, a.p.OrgID, store.EntryUser, "id", page.Items)
	if err != nil {
		return none, err
	}
	out := store.Page[Member]{Items: []Member{}, Next: page.Next, Total: page.Total}
	for _, e := range people {
		m, err := r.Membership(ctx, a.p.OrgID, e.UserID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return none, err
		}
		out.Items = append(out.Items, memberOf(m))
	}
	return out, nil
}

// TeamsOf lists the teams that a member is in, by name. Who is no member is CodeNotFound.
func (a *Admin) TeamsOf(ctx context.Context, userID string) ([]Team, error) {
	if err := a.allowed(ctx); err != nil {
		return nil, err
	}
	r := a.s.store
	if _, err := r.Membership(ctx, a.p.OrgID, userID); errors.Is(err, store.ErrNotFound) {
		return nil, refuse(CodeNotFound, "no member of the organization")
	} else if err != nil {
		return nil, err
	}
	entry, err := entryWith(ctx, r, a.p.OrgID, "userId", userID)
	if err != nil || entry.ID == "" {
		return nil, err
	}
	groups, err := r.EntryGroups(ctx, a.p.OrgID, []string{entry.ID})
	if err != nil {
		return nil, err
	}
	teams, err := entriesBy(ctx, r, a.p.OrgID, store.EntryGroup, "id", groups[entry.ID])
	if err != nil {
		return nil, err
	}
	slices.SortFunc(teams, func(x, y store.Entry) int { return cmp.Or(cmp.Compare(x.NameKey, y.NameKey), cmp.Compare(x.ID, y.ID)) })
	out := make([]Team, len(teams))
	for i, e := range teams {
		out[i] = teamOf(e)
	}
	return out, nil
}
