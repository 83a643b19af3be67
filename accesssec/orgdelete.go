package accesssec

import (
	"context"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// DeleteOrg deletes the org that the Owner is in, with everything that is its own: settings,
// connections, domains, members and grants, and its log. What it was called has to be typed
// to confirm it: CodeConfirm. It asks for the password again. People stay, with their accounts
// and other orgs; all are signed out of this one, and of others wherever it has vouched for
// them. An org that gives its sign-on to others is
// refused until they are unlinked: CodeInUse. What is left is one event in the system's log.
func (a *Admin) DeleteOrg(ctx context.Context, name string) error {
	return a.s.change(ctx, func(c *change) error {
		by, err := a.authoriseOwner(ctx, c)
		if err != nil {
			return err
		}
		org, err := c.Org(ctx, a.p.OrgID)
		if err != nil {
			return err
		}
		e := by.by(audit.OrgDeleted, thing(audit.KindOrg, org.ID, org.Name))
		if org.Name != name {
			return refuse(CodeConfirm, "").inOrg(org.ID, refusedChange(e))
		}
		return refusedAs(c.deleteOrg(ctx, org, e), org.ID, e)
	})
}

// DeleteOrg is [Admin.DeleteOrg] for the host's own code, an offboarding for example. reason
// is kept in the system's log. An org that is not there is store.ErrNotFound.
func (s *Service) DeleteOrg(ctx context.Context, orgID, reason string) error {
	return s.change(ctx, func(c *change) error {
		org, err := c.Org(ctx, orgID)
		if err != nil {
			return fmt.Errorf("accesssec: delete org: %w", err)
		}
		e := byHost(audit.OrgDeleted, thing(audit.KindOrg, org.ID, org.Name))
		e.Facts = append(e.Facts, fact("because", oneLine(reason, 200)))
		return c.deleteOrg(ctx, org, e)
	})
}

func (c *change) deleteOrg(ctx context.Context, org store.Org, e audit.Event) error {
	linked, err := c.Orgs(ctx, store.OrgQuery{SSOFrom: org.ID, Paging: store.Paging{Limit: 1}})
	if err != nil {
		return err
	} else if len(linked.Items) > 0 {
		return refuse(CodeInUse, "other organizations have their sign-on from this one")
	}
	x, err := c.expel(ctx, org.ID, "", "")
	if err != nil {
		return err
	}
	through, err := c.endVouched(ctx, org.ID)
	if err != nil {
		return err
	}
	x.sessions += through
	if err := c.forgetShared(ctx, org); err != nil {
		return err
	}
	if err := c.DeleteOrg(ctx, org.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	e.Facts = append(e.Facts, x.facts()...)
	return c.record(ctx, "", e)
}

// endVouched ends the sessions in other orgs for which the org's connections have vouched.
func (c *change) endVouched(ctx context.Context, orgID string) (int, error) {
	q := store.DocQuery{Paging: store.Paging{Limit: 1000}}
	for n := 0; ; {
		page, err := c.Docs(ctx, connections.kind, orgID, q)
		if err != nil {
			return n, err
		}
		for _, d := range page.Items {
			ended, err := c.DeleteSessions(ctx, store.SessionQuery{ConnectionID: d.ID})
			if n += ended; err != nil {
				return n, err
			}
		}
		if q.After = page.Next; q.After == "" {
			return n, nil
		}
	}
}
