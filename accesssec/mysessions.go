package accesssec

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// SessionInfo is one session, as its owner or an Owner or Admin sees it.
type SessionInfo struct {
	ID             string
	OrgID, OrgName string // "" the person's own account
	Methods        []policy.Method
	IP, Agent      string // of the sign-in
	Since, Seen    time.Time
	Ends           time.Time // at the latest
	Here           bool      // the one that asks
}

func infoOf(ses store.Session, orgName string, here store.Hash) SessionInfo {
	out := SessionInfo{
		ID: ses.ID, OrgID: ses.OrgID, OrgName: orgName, IP: ses.IP, Agent: ses.Agent,
		Since: ses.CreatedAt, Seen: ses.SeenAt, Ends: ses.EndAt, Here: ses.Hash == here,
	}
	for _, m := range ses.Methods {
		out.Methods = append(out.Methods, policy.Method(m))
	}
	return out
}

// Sessions are the person's, in every org, the newest first. One that is for nothing but
// setting up a second factor is among them: somebody has shown the password.
func (m *Me) Sessions(ctx context.Context) ([]SessionInfo, error) {
	who, err := m.signedIn(ctx, m.s.store)
	if err != nil {
		return nil, err
	}
	all, err := sessionsOf(ctx, m.s.store, who.user.ID)
	if err != nil {
		return nil, err
	}
	out, names := []SessionInfo{}, map[string]string{"": ""}
	for _, ses := range slices.Backward(all) {
		if m.s.over(ses) {
			continue
		}
		name, known := names[ses.OrgID]
		if !known {
			org, err := m.s.store.Org(ctx, ses.OrgID)
			if errors.Is(err, store.ErrNotFound) {
				continue // and the session goes with it
			} else if err != nil {
				return nil, err
			}
			name, names[ses.OrgID] = org.Name, org.Name
		}
		out = append(out, infoOf(ses, name, who.session.Hash))
	}
	return out, nil
}

// EndSession ends one of the person's, this one too: CodeNotFound for any other.
func (m *Me) EndSession(ctx context.Context, id string) error {
	return m.s.change(ctx, func(c *change) error {
		who, err := m.signedIn(ctx, c)
		if err != nil {
			return err
		}
		none := refuse(CodeNotFound, "no session of the person's")
		if id == "" {
			return none // in a query it would be all of them
		}
		q := store.SessionQuery{UserID: who.user.ID, ID: id}
		page, err := c.Sessions(ctx, q)
		if err != nil {
			return err
		}
		if len(page.Items) == 0 {
			return none
		}
		if _, err := c.DeleteSessions(ctx, q); err != nil {
			return err
		}
		e := who.by(audit.SessionEnded)
		if id != who.session.ID {
			e.Facts = []audit.Fact{fact("ended", id)}
		}
		return c.record(ctx, page.Items[0].OrgID, e)
	})
}

// Orgs are those that the person is a member of, by name, but for those that keep them out:
// where [Me.Enter] may lead.
func (m *Me) Orgs(ctx context.Context) ([]OrgChoice, error) {
	who, err := m.signedIn(ctx, m.s.store)
	if err != nil {
		return nil, err
	}
	in, err := m.s.store.OrgsOf(ctx, who.user.ID)
	if err != nil {
		return nil, err
	}
	out := []OrgChoice{}
	for _, member := range in {
		if member.Disabled {
			continue
		}
		org, err := choice(ctx, m.s.store, member.OrgID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		out = append(out, org)
	}
	slices.SortStableFunc(out, func(a, b OrgChoice) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}
