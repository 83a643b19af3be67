package accesssec

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// AccessRequest is somebody who asks to be let into the org.
type AccessRequest struct {
	ID      string
	UserID  string // "" without an account, after a single sign-on
	Address string // proven
	Note    string // what they say of themselves: a single line, of anybody's making
	Method  policy.Method
	At      time.Time
	Expires time.Time
}

// AccessRequests lists those that wait, oldest first. A page may be shorter than its limit,
// and there is more while Next says so.
func (a *Admin) AccessRequests(ctx context.Context, p store.Paging) (store.Page[AccessRequest], error) {
	if err := a.allowed(ctx); err != nil {
		return store.Page[AccessRequest]{}, err
	}
	page, err := accessRequests.list(ctx, a.s.store, a.p.OrgID, store.DocQuery{Paging: p})
	if err != nil {
		return store.Page[AccessRequest]{}, err
	}
	out := store.Page[AccessRequest]{Next: page.Next, Total: page.Total, Items: []AccessRequest{}}
	now := a.s.now()
	for _, r := range page.Items {
		if now.Before(r.ExpiresAt) && !r.Value.Declined {
			out.Items = append(out.Items, AccessRequest{
				ID: r.ID, UserID: r.Owner, Address: r.Value.Address, Note: r.Value.Note, Method: r.Value.Method, At: r.At, Expires: r.ExpiresAt,
			})
		}
	}
	return out, nil
}

// AnswerRequest lets somebody in, in a role that whoever answers may give (CodeAbove), or
// declines; role counts for nothing then. The person is told either way. To make somebody an Owner
// or Admin wants a fresh proof ([Me.Prove]).
//
// Somebody with an account is a member from then on. Who has none yet, because their identity
// provider vouched for them and that was all, is sent an invitation in that role: what was
// shown days ago is shown again by taking it up. That needs a Notifier: CodeNoMail. A request
// that is over, was answered, or whose account is another's by now is CodeNotFound.
func (a *Admin) AnswerRequest(ctx context.Context, id string, role policy.Role, yes bool) error {
	if yes && !role.Valid() {
		return fmt.Errorf("accesssec: %q is no role", role)
	}
	return a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, asIs)
		if err != nil {
			return err
		}
		req, err := accessRequests.get(ctx, c, a.p.OrgID, id)
		if err != nil {
			return gone(err)
		}
		if req.Value.Declined || !c.now.Before(req.ExpiresAt) {
			return refuse(CodeNotFound, "")
		}
		e := by.by(audit.AccessAnswered, requestTarget(req))
		if !yes {
			return a.decline(ctx, c, req, e)
		}
		if !by.role.MayGive(role) {
			no := refuse(CodeAbove, fmt.Sprintf("%s may not make %s", by.role, role))
			return no.inOrg(a.p.OrgID, refusedChange(e))
		}
		if role.Administers() {
			if err := a.s.proved(by.session); err != nil {
				return err
			}
		}
		e.Facts = []audit.Fact{fact("answer", "yes"), fact("role", string(role))}
		return refusedAs(a.grantRequest(ctx, c, by, req, role, e), a.p.OrgID, e)
	})
}

// decline keeps the request, so that it is not made again at once.
func (a *Admin) decline(ctx context.Context, c *change, req kept[accessRequest], e audit.Event) error {
	req.Value.Declined = true
	if err := accessRequests.put(ctx, c, req); err != nil {
		return err
	}
	if err := c.doneAsking(ctx, req.ID); err != nil {
		return err
	}
	e.Facts = []audit.Fact{fact("answer", "no")}
	if err := c.record(ctx, a.p.OrgID, e); err != nil {
		return err
	}
	return a.tellAnswered(ctx, c, TemplateAccessDeclined, req, map[string]string{})
}

func (a *Admin) grantRequest(ctx context.Context, c *change, by acting, req kept[accessRequest], role policy.Role, e audit.Event) error {
	to, err := domainclaim.ParseAddress(req.Value.Address)
	if err != nil {
		return err
	}
	if err := a.s.couldEnter(ctx, c, a.p.OrgID, to, role); err != nil {
		return err
	}
	u, err := c.UserByAddress(ctx, req.Value.Key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if u.ID != req.Owner && req.Owner != "" || u.Disabled {
		return refuse(CodeNotFound, "the account is gone, disabled, or another's by now")
	}
	if err := c.record(ctx, a.p.OrgID, e); err != nil {
		return err
	}
	if !u.AddressVerified {
		if a.s.opts.Notify == nil {
			return refuse(CodeNoMail, "who asks has no account yet, and an invitation goes by mail")
		}
		if err := c.unask(ctx, a.p.OrgID, req.Value.Key); err != nil {
			return err
		}
		_, err := a.s.invite(ctx, c, by, a.p.OrgID, to, role)
		return err
	}
	m := store.Membership{OrgID: a.p.OrgID, UserID: u.ID, Role: string(role), Source: "request", JoinedAt: c.now}
	if _, err := c.Membership(ctx, m.OrgID, m.UserID); err == nil {
		return refuse(CodeMember, "")
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := c.addMember(ctx, m, u, by.by(audit.MemberAdded)); err != nil {
		return err
	}
	return a.tellAnswered(ctx, c, TemplateAccessGranted, req, map[string]string{"role": string(role)})
}

// tellAnswered tells who has asked: their account, or the address that they have shown to be
// theirs.
func (a *Admin) tellAnswered(ctx context.Context, c *change, t Template, req kept[accessRequest], values map[string]string) error {
	org, err := c.Org(ctx, a.p.OrgID)
	if err != nil {
		return err
	}
	to := addressee(req.Value.Address)
	if req.Owner != "" {
		if to, err = c.User(ctx, req.Owner); errors.Is(err, store.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
	}
	values["org"], values["site"] = org.Name, a.s.site()
	return a.s.notify(ctx, c, message{template: t, orgID: org.ID, values: values}, to)
}
