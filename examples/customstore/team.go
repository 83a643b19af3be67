package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/examples/customstore/accounts"
)

var errNotBoss = errors.New("customstore: only a boss may do this, to somebody of their own team alone, and not to themselves")

// home is the protected page.
func (a *app) home(w http.ResponseWriter, r *http.Request, p accesssec.Principal) {
	profile, err := a.svc.Me(p).Profile(r.Context())
	if err != nil {
		a.fault(w, r, err)
		return
	}
	team, err := accounts.Team(r.Context(), a.db, p.OrgID)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	a.page(w, http.StatusOK, "home", map[string]any{
		"Person": profile, "Me": p.UserID, "Role": p.Role, "Team": team, "Boss": p.Role == policy.Owner,
	})
}

// region disable

// setActive is "disable account". The account and the sessions change together: were the
// second to fail after the first, somebody would stay who has been told to go.
func (a *app) setActive(w http.ResponseWriter, r *http.Request, p accesssec.Principal) {
	id, active := r.FormValue("id"), r.FormValue("active") == "yes"
	a.done(w, r, a.together(r.Context(), func(tx *sql.Tx, svc *accesssec.Service) error {
		if err := mayChange(r.Context(), tx, p, id); err != nil {
			return err
		}
		if err := accounts.SetActive(r.Context(), tx, id, active); err != nil {
			return err
		}
		return svc.PersonChanged(r.Context(), id)
	}))
}

// endregion

func (a *app) setPosition(w http.ResponseWriter, r *http.Request, p accesssec.Principal) {
	id, position := r.FormValue("id"), r.FormValue("position")
	a.done(w, r, a.together(r.Context(), func(tx *sql.Tx, svc *accesssec.Service) error {
		if err := mayChange(r.Context(), tx, p, id); err != nil {
			return err
		}
		if err := accounts.SetPosition(r.Context(), tx, p.OrgID, id, position); err != nil {
			return err
		}
		return svc.PersonChanged(r.Context(), id)
	}))
}

// region reset

// resetFactor is for somebody who has lost the phone and the recovery codes. It is the
// strongest thing that a boss can do to an account: the password is asked, the person is
// told, and until they have set up a new one their password is all there is. Be sure who asks.
func (a *app) resetFactor(w http.ResponseWriter, r *http.Request, p accesssec.Principal) {
	err := a.prove(w, r, &p)
	if err == nil {
		_, err = a.svc.Admin(p).ResetFactors(r.Context(), r.PostFormValue("id"))
	}
	a.done(w, r, err)
}

// endregion

// mayChange is this host's own rule, asked of the rows and not of the session. An account
// is a person's: who is in another team as well is not one boss's to disable.
func mayChange(ctx context.Context, tx *sql.Tx, p accesssec.Principal, id string) error {
	people := accounts.On(tx)
	me, err := people.Membership(ctx, p.OrgID, p.UserID)
	if err != nil {
		return err
	}
	orgs, err := people.OrgsOf(ctx, id)
	if err != nil {
		return err
	}
	if me.Role != string(policy.Owner) || me.User.Disabled || id == p.UserID || len(orgs) != 1 || orgs[0].OrgID != p.OrgID {
		return errNotBoss
	}
	return nil
}

// region workspace

// openWorkspace makes the host's own row and accesssec's org, or neither.
func (a *app) openWorkspace(w http.ResponseWriter, r *http.Request, p accesssec.Principal) {
	name := r.FormValue("name")
	a.done(w, r, a.together(r.Context(), func(tx *sql.Tx, svc *accesssec.Service) error {
		u, err := accounts.On(tx).User(r.Context(), p.UserID)
		if err != nil {
			return err
		}
		owner, err := svc.CreateOrg(r.Context(), name, accesssec.Person{Address: u.Address})
		if err != nil {
			return err
		}
		return accounts.Name(r.Context(), tx, owner.OrgID, name, "free")
	}))
}

// endregion

// region adopt

// adopt makes an org of a workspace of the years before: its boss becomes the Owner, and
// everybody in it comes into the org's directory.
func (a *app) adopt(ctx context.Context, workspace int64) (orgID string, people int, err error) {
	err = a.together(ctx, func(tx *sql.Tx, svc *accesssec.Service) error {
		old, err := accounts.Unadopted(ctx, tx, workspace)
		if err != nil {
			return err
		}
		// Without Verified: what the host knows of the address stands in the row.
		owner, err := svc.CreateOrg(ctx, old.Name, accesssec.Person{Address: old.Boss.Address})
		if err != nil {
			return fmt.Errorf("workspace %d: %w", workspace, err)
		}
		ids, err := accounts.Adopt(ctx, tx, old, owner.OrgID)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := svc.PersonChanged(ctx, id); err != nil {
				return err
			}
		}
		orgID, people = owner.OrgID, len(ids)
		return nil
	})
	return orgID, people, err
}

// endregion

// done answers a form of the team's page.
func (a *app) done(w http.ResponseWriter, r *http.Request, err error) {
	var no *accesssec.Refusal
	switch {
	case err == nil:
		http.Redirect(w, r, "/", http.StatusSeeOther)
	case errors.Is(err, errNotBoss):
		http.Error(w, "This is not yours to change.", http.StatusForbidden)
	case errors.As(err, &no):
		http.Error(w, no.Say, http.StatusForbidden)
	default:
		a.fault(w, r, err)
	}
}

// page writes one of the pages.
func (a *app) page(w http.ResponseWriter, status int, name string, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := a.pages.ExecuteTemplate(w, name, data); err != nil {
		fmt.Fprint(w, "The page can't be shown.")
	}
}
