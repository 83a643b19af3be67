package flowtest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// first is what the host's page of a project says to the first request of a session: a role,
// or nothing.
func (w *world) first(in *accesssec.Entered, project string) string {
	w.t.Helper()
	r := sent(in, false)
	r.URL.Path = "/projects/" + project
	rec := httptest.NewRecorder()
	handler(w.svc).ServeHTTP(rec, r)
	if rec.Code != http.StatusOK && rec.Code != http.StatusForbidden {
		w.t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	if rec.Code != http.StatusOK {
		return ""
	}
	return rec.Body.String()
}

// into is a sign-in by password to one of somebody's orgs.
func (c *customer) into(address string) *accesssec.Entered {
	c.w.t.Helper()
	v := c.w.visit()
	v.OrgID = c.owner.OrgID
	step := must1(c.w.svc.SignIn().Password(c.w.ctx, v, address, right))
	if step.Entered == nil || step.Entered.Principal.OrgID != c.owner.OrgID {
		c.w.t.Fatalf("%s: %+v", address, step)
	}
	return step.Entered
}

// waysIn are the ways to become a member, each of somebody else.
func waysIn(w *world, p *post, acme, beta *customer) map[string]func() *accesssec.Entered {
	sso := func(c *customer, address string) *accesssec.Entered {
		return c.signIn(samltest.Person{Email: address})
	}
	return map[string]func() *accesssec.Entered{
		"imported": func() *accesssec.Entered {
			acme.add(policy.Billing, "imported@example.org")
			return acme.into("imported@example.org")
		},
		"just in time": func() *accesssec.Entered { return sso(acme, "jit@example.com") },
		"by SCIM": func() *accesssec.Entered {
			acme.provisioner().makes("scim@example.com")
			has := must1(w.svc.AccessOf(w.ctx, acme.owner.OrgID, accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.member("scim@example.com")}, "p1"))
			if has.Role != policy.Analyst || len(has.Sources) != 1 || has.Sources[0].Kind != accesssec.FromEveryone {
				w.t.Errorf("made by SCIM, before anything else: %+v", has)
			}
			return sso(acme, "scim@example.com")
		},
		"by invitation": func() *accesssec.Entered {
			_, token := acme.invite(p, "nia@example.org", policy.Member)
			return must1(w.svc.SignIn().AcceptInvitation(w.ctx, w.with(token), newcomer())).Entered
		},
		"by request": func() *accesssec.Entered {
			w.must(w.outsider("rae@example.org").RequestAccess(w.ctx, acme.owner.OrgID, ""))
			w.must(acme.admin().AnswerRequest(w.ctx, acme.request().ID, policy.Member, true))
			return acme.into("rae@example.org")
		},
		"removed, and back": func() *accesssec.Entered {
			acme.add(policy.Member, "gone@example.org")
			w.must(acme.admin().RemoveMember(w.ctx, acme.member("gone@example.org")))
			acme.add(policy.Member, "gone@example.org")
			return acme.into("gone@example.org")
		},
		"disabled, and back": func() *accesssec.Entered {
			acme.add(policy.Member, "off@example.org")
			id := acme.member("off@example.org")
			w.must(acme.admin().DisableMember(w.ctx, id))
			if has := must1(w.svc.AccessOf(w.ctx, acme.owner.OrgID, accesssec.Subject{Kind: accesssec.ToPerson, ID: id}, "p1")); len(has.Actions()) != 0 {
				w.t.Errorf("disabled, and has %+v", has)
			}
			w.must(acme.admin().EnableMember(w.ctx, id))
			return acme.into("off@example.org")
		},
		"by the sign-on of another org": func() *accesssec.Entered {
			l := beta.startFor(acme.owner.OrgID)
			return must1(l.finish(l.answer(samltest.Person{Email: "shared@example.com"}))).Entered
		},
	}
}

// everyoneEveryWay: what is granted to everyone is every member's, whichever way they became one.
func everyoneEveryWay(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newCustomer("Acme", "example.com")
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	beta := w.newCustomer("Beta", "example.net")
	beta.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	all := acme.grant(accesssec.Subject{Kind: accesssec.ToEveryone}, "p1", string(policy.Analyst))
	in := map[string]*accesssec.Entered{}
	ways := waysIn(w, p, acme, beta)
	enter := func(name string) {
		t.Helper()
		in[name] = ways[name]()
		if in[name].Principal.OrgID != acme.owner.OrgID {
			t.Fatalf("%s: in %+v", name, in[name].Principal)
		}
		if got := w.first(in[name], "p1"); got != "analyst" {
			t.Errorf("%s: the role at the first request is %q", name, got)
		}
		if got := w.first(in[name], "p2"); got != "" {
			t.Errorf("%s: the role on another project is %q", name, got)
		}
	}
	for name := range ways {
		if name != "by the sign-on of another org" {
			enter(name)
		}
	}
	acme.linkTo(beta, true) // from here on Beta's sign-on is Acme's
	enter("by the sign-on of another org")
	w.must(acme.admin().Revoke(w.ctx, all.ID))
	for name, in := range in {
		if got := w.first(in, "p1"); got != "" {
			t.Errorf("%s: revoked, and has %q", name, got)
		}
		w.alive(in, true)
	}
	acme.grant(accesssec.Subject{Kind: accesssec.ToEveryone}, "", string(policy.Consumer))
	for name, in := range in {
		if one, two := w.first(in, "p1"), w.first(in, "p2"); one != "consumer" || two != "consumer" {
			t.Errorf("%s: granted on the org, and has %q and %q", name, one, two)
		}
	}
}

// everyoneAndNobodyElse: who waits to be a member is none, nor is who has been one, is one
// elsewhere, or is no person.
func everyoneAndNobodyElse(t *testing.T, w *world) {
	p, acme := inviting(w)
	acme.grant(accesssec.Subject{Kind: accesssec.ToEveryone}, "", string(policy.Analyst))
	acme.add(policy.Member, "gone@example.org", "off@example.org")
	gone, off := acme.member("gone@example.org"), acme.member("off@example.org")
	w.must(acme.admin().RemoveMember(w.ctx, gone))
	w.must(acme.admin().DisableMember(w.ctx, off))
	elsewhere := w.outsider("else@example.org")
	w.must(elsewhere.RequestAccess(w.ctx, acme.owner.OrgID, ""))
	_, token := acme.invite(p, "else@example.org", policy.Member)
	must1(w.svc.SignIn().Invitation(w.ctx, w.with(token)))
	u, _ := w.user("else@example.org")
	agent := must1(acme.admin().PutServiceAccount(w.ctx, accesssec.ServiceAccount{Name: "agent", Purpose: "reads"}))
	for name, of := range map[string]accesssec.Subject{
		"removed":             {Kind: accesssec.ToPerson, ID: gone},
		"disabled":            {Kind: accesssec.ToPerson, ID: off},
		"invited, and asking": {Kind: accesssec.ToPerson, ID: u.ID},
		"nobody":              {Kind: accesssec.ToPerson, ID: ""},
		"a service account":   {Kind: accesssec.ToServiceAccount, ID: agent.ID},
	} {
		if has := must1(w.svc.AccessOf(w.ctx, acme.owner.OrgID, of, "p1")); len(has.Actions()) != 0 || len(has.Sources) != 0 {
			t.Errorf("%s has %+v", name, has)
		}
	}
}
