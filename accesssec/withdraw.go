package accesssec

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// Withdrawal is what giving a domain up would do. Its Hash is what WithdrawDomain wants:
// who confirms a preview confirms that one and no other.
type Withdrawal struct {
	Hash string
	// LoseSSO counts members who can sign in with SSO by this claim, and no longer could:
	// of the org, and, as everywhere here, of those that have their sign-on from it.
	LoseSSO int
	// OpenPasswords counts members whose password the claim keeps closed, and which would be
	// open. Where the domain is somebody else's by now, so is the mail that a password is
	// reset by: remove these people first, or block external ones.
	OpenPasswords int
	LoseAccess    int // members who could not sign in at all: external from then on, and the org blocks those
}

// PreviewWithdrawal says what giving up a claim would do, and changes nothing.
func (a *Admin) PreviewWithdrawal(ctx context.Context, id string) (Withdrawal, error) {
	if err := a.allowed(ctx); err != nil {
		return Withdrawal{}, err
	}
	_, _, w, err := a.withdrawal(ctx, a.s.store, id)
	return w, err
}

// WithdrawDomain gives a claim up: the name is free for others, and the org's rules say
// nothing any more about people with addresses there. Members stay members, and who is
// signed in stays so until the session ends by itself; but where the org blocks external
// people, those on the domain are such from then on, and signed out, but for Owners and Admins. It asks for the password again, and
// wants the Hash of the preview: when that is another by now, it refuses with
// CodePreviewStale. A domain that a linked org has brought along takes an Owner. The record proves nothing any more, should the domain be claimed again.
func (a *Admin) WithdrawDomain(ctx context.Context, id, previewed string) error {
	return a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, proven)
		if err != nil {
			return err
		}
		if _, err := a.governing(ctx, c, &by, thing(audit.KindDomain, id, "")); err != nil {
			return err
		}
		if err := a.mayGiveUp(ctx, c, by, id); err != nil {
			return err
		}
		rec, d, w, err := a.withdrawal(ctx, c, id)
		if err != nil {
			return err
		}
		e := by.by(audit.DomainWithdrawn, thing(audit.KindDomain, d.ID, d.Name))
		if w.Hash != previewed {
			e.Type = audit.ChangeRefused
			return refuse(CodePreviewStale, "").inOrg(a.p.OrgID, e)
		}
		e.Facts = []audit.Fact{fact("state", string(d.State)), count("lose_sso", w.LoseSSO), count("lose_access", w.LoseAccess), count("open_passwords", w.OpenPasswords)}
		d.Claim = d.Release()
		if err := d.update(ctx, c, rec); err != nil {
			return err
		}
		ended, err := c.endBlocked(ctx, a.p.OrgID)
		if err != nil {
			return err
		}
		e.Facts = append(e.Facts, count("sessions_ended", ended))
		if err := c.record(ctx, a.p.OrgID, e); err != nil {
			return err
		}
		return a.s.notifyAdmins(ctx, c, message{template: TemplateDomainWithdrawn, orgID: a.p.OrgID,
			values: map[string]string{"domain": d.Display(), "by": by.named()}})
	})
}

// mayGiveUp refuses an Admin for a claim that another org has brought along: that org would
// be without its sign-on, and whose domain is whose is for Owners to say.
func (a *Admin) mayGiveUp(ctx context.Context, r store.Reader, by acting, id string) error {
	_, err := broughts.get(ctx, r, a.p.OrgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err == nil && by.role != policy.Owner {
		return a.notAllowed(by, "only an Owner gives up a domain that another organization has brought along")
	}
	return err
}

// withdrawal works out what giving up a claim would do. The same lines run for the preview
// and, in the transaction, for the change.
func (a *Admin) withdrawal(ctx context.Context, r store.Reader, id string) (store.Domain, Domain, Withdrawal, error) {
	var w Withdrawal
	rec, err := r.Domain(ctx, a.p.OrgID, id)
	if err != nil {
		return rec, Domain{}, w, gone(err)
	}
	d, err := domainOf(rec)
	if err == nil && d.State == domainclaim.Released {
		err = refuse(CodeNotFound, "the claim was given up already")
	}
	if err != nil {
		return rec, d, w, err
	}
	org, err := a.governing(ctx, r, nil)
	if err != nil {
		return rec, d, w, err
	}
	before, err := sceneOf(ctx, r, a.p.OrgID)
	if err != nil {
		return rec, d, w, err
	}
	after := before.next().without(org.ID, d.Name)
	sum := sha256.New()
	fmt.Fprintf(sum, "accesssec withdrawal v1\n%s %s %s %d %t\n%s\n", org.ID, d.ID, d.State, d.Generation, d.Subdomains, org.Access)
	err = before.each(ctx, r, func(m store.Member) error {
		was, err := before.input(ctx, r, m)
		if err != nil {
			return err
		}
		will, err := after.input(ctx, r, m)
		if err != nil {
			return err
		}
		if signsOn(was) && !signsOn(will) {
			w.LoseSSO++
			fmt.Fprintf(sum, "sso %s %s\n", m.OrgID, m.UserID)
		}
		if keptOut(will) && !keptOut(was) {
			w.LoseAccess++
			fmt.Fprintf(sum, "access %s %s\n", m.OrgID, m.UserID)
		}
		if !policy.Decide(was).Allow && policy.Decide(will).Allow {
			w.OpenPasswords++
			fmt.Fprintf(sum, "password %s %s\n", m.OrgID, m.UserID)
		}
		return nil
	})
	w.Hash = hexOf(sum.Sum(nil))
	return rec, d, w, err
}

// signsOn reports whether the org's own connection vouches for the person.
func signsOn(in policy.Input) bool {
	in.Attempt = policy.Attempt{Method: policy.SSO, Connection: in.Target.Connection}
	return policy.Decide(in).Allow
}

// keptOut reports whether the person is external, and the org blocks those.
func keptOut(in policy.Input) bool { return policy.Decide(in).Reason == policy.ExternalBlocked }
