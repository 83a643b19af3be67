package accesssec

import (
	"context"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// ServiceAccount is somebody who is no person: a program of the customer's, to which roles
// are granted as to a member ([ToServiceAccount]). It is no member of the org, so what is
// granted to everyone does not reach it: it has what is granted to it by name, and no more.
//
// It has no secret of ours yet, which a later release brings. Until then the host tells by
// its own means which one is calling, and asks [Service.AccessOf] what it may do.
type ServiceAccount struct {
	ID        string // "" to make one
	Name      string // one line of 1 to 100 characters
	Purpose   string // one line of 1 to 500: what it is for, which is what its rights are measured by
	CreatedAt time.Time
	Version   int64 // the one that was read, which [Admin.PutServiceAccount] compares
}

// mostServiceAccounts is how many an org may have.
const mostServiceAccounts = 1000

// serviceAccount is one as it is kept.
type serviceAccount struct {
	Name    string `json:"name"`
	Purpose string `json:"purpose"`
}

var serviceAccounts = collection[serviceAccount]{"service_account"}

func serviceAccountOf(d kept[serviceAccount]) ServiceAccount {
	return ServiceAccount{ID: d.ID, Name: d.Value.Name, Purpose: d.Value.Purpose, CreatedAt: d.At, Version: d.Version}
}

// ServiceAccounts lists the org's service accounts, oldest first, to its Owners and Admins.
func (a *Admin) ServiceAccounts(ctx context.Context, p store.Paging) (store.Page[ServiceAccount], error) {
	if err := a.allowed(ctx); err != nil {
		return store.Page[ServiceAccount]{}, err
	}
	page, err := serviceAccounts.list(ctx, a.s.store, a.p.OrgID, store.DocQuery{Paging: p})
	if err != nil {
		return store.Page[ServiceAccount]{}, err
	}
	out := store.Page[ServiceAccount]{Next: page.Next, Total: page.Total, Items: make([]ServiceAccount, len(page.Items))}
	for i, d := range page.Items {
		out.Items[i] = serviceAccountOf(d)
	}
	return out, nil
}

// PutServiceAccount makes a service account, or with an ID changes its name and purpose. It
// is for Owners and Admins. A new one may do nothing until a role is granted to it.
//
// A name that is empty or too long is CodeName, a purpose that is either is CodePurpose. An
// org has at most 1,000: CodeRoleLimit. A Version that is not the one that was read is
// CodeConflict. It returns the account as it is kept.
func (a *Admin) PutServiceAccount(ctx context.Context, sa ServiceAccount) (ServiceAccount, error) {
	var out ServiceAccount
	err := a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, asIs)
		if err != nil {
			return err
		}
		next, unsound := sa.kept()
		e := by.by(audit.ServiceAccountChanged)
		var d kept[serviceAccount]
		if sa.ID == "" {
			e.Type = audit.ServiceAccountCreated
			d = serviceAccounts.fresh(a.p.OrgID, newID("sa"), "", c.now, time.Time{}, serviceAccount{})
			err = c.roomForServiceAccount(ctx, a.p.OrgID)
		} else if d, err = serviceAccounts.get(ctx, c, a.p.OrgID, sa.ID); err != nil {
			err = gone(err)
		} else if d.Version != sa.Version {
			err = refuse(CodeConflict, "")
		}
		if err == nil {
			err = unsound
		}
		e.Targets = []audit.Target{thing(audit.KindServiceAccount, d.ID, next.Name)}
		if err != nil {
			return refusedAs(err, a.p.OrgID, e)
		}
		e.Changes = changedServiceAccount(d.Value, next)
		if d.Value = next; len(e.Changes) == 0 {
			out = serviceAccountOf(d)
			return errSettled
		}
		if err := serviceAccounts.put(ctx, c, d); err != nil {
			return err
		}
		d.Version++
		out = serviceAccountOf(d)
		return c.record(ctx, a.p.OrgID, e)
	})
	if err = unless(err, errSettled); err != nil {
		return ServiceAccount{}, err
	}
	return out, nil
}

// roomForServiceAccount refuses when the org has as many as it may.
func (c *change) roomForServiceAccount(ctx context.Context, orgID string) error {
	page, err := c.Docs(ctx, serviceAccounts.kind, orgID, store.DocQuery{Paging: store.Paging{Limit: mostServiceAccounts}})
	if err == nil && len(page.Items) >= mostServiceAccounts {
		err = refuse(CodeRoleLimit, fmt.Sprintf("an organization has at most %d service accounts", mostServiceAccounts))
	}
	return err
}

// kept is what is kept of it, and what stands in the way. Least privilege wants a purpose to
// be measured by.
func (sa ServiceAccount) kept() (serviceAccount, error) {
	name, _, ok := teamName(sa.Name) // what is no name of a team is none of a service account
	out := serviceAccount{Name: name, Purpose: oneLine(sa.Purpose, 501)}
	switch {
	case !ok:
		return out, refuse(CodeName, "")
	case out.Purpose == "" || len([]rune(out.Purpose)) > 500:
		return out, refuse(CodePurpose, "")
	}
	return out, nil
}

func changedServiceAccount(was, next serviceAccount) []audit.Change {
	var out []audit.Change
	if was.Name != next.Name {
		out = append(out, audit.Change{Field: "name", Old: was.Name, New: next.Name})
	}
	if was.Purpose != next.Purpose {
		out = append(out, audit.Change{Field: "purpose", Old: was.Purpose, New: next.Purpose})
	}
	return out
}

// DeleteServiceAccount deletes a service account, and what is granted to it in the same
// transaction. It is for Owners and Admins who could take each of those grants back by
// [Admin.Revoke]: CodeAbove.
func (a *Admin) DeleteServiceAccount(ctx context.Context, id string) error {
	return a.s.change(ctx, func(c *change) error {
		by, h, err := a.onRoles(ctx, c)
		if err != nil {
			return err
		}
		sa, err := serviceAccounts.get(ctx, c, a.p.OrgID, id)
		e := by.by(audit.ServiceAccountDeleted, thing(audit.KindServiceAccount, id, sa.Value.Name))
		if err == nil {
			err = a.mayRevokeAll(ctx, c, h, Subject{ToServiceAccount, id})
		}
		if err != nil {
			return refusedAs(gone(err), a.p.OrgID, e)
		}
		revoked, err := c.revokeAll(ctx, a.p.OrgID, id, store.SubjectServiceAccount)
		if err != nil {
			return err
		}
		if err := c.DeleteDoc(ctx, serviceAccounts.kind, a.p.OrgID, id); err != nil {
			return err
		}
		e.Facts = append(e.Facts, count("grants_revoked", revoked))
		return c.record(ctx, a.p.OrgID, e)
	})
}

// mayRevokeAll refuses unless who has h may take back all that is granted to one subject.
func (a *Admin) mayRevokeAll(ctx context.Context, r store.Reader, h holdings, of Subject) error {
	theirs, err := a.s.holdings(ctx, r, a.p.OrgID, of, nil)
	if err != nil {
		return err
	}
	has := h.byProject()
	for _, g := range theirs.grants {
		if !has(g.Project).gives(g.Project, theirs.custom.madeOf(g.Role, h.actions)) {
			return refuse(CodeAbove, "what is granted to it is more than who deletes it may take back")
		}
	}
	return nil
}
