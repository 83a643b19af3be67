package flowtest

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// scimLinkedFlows: an org provisions those that have their sign-on from it, by a token for each.
func scimLinkedFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"whom a token makes lands in its org": scimLinkedLands,
		"whom it can't touch":                 scimLinkedReach,
		"groups and roles are its own":        scimLinkedGroups,
		"its tokens":                          scimLinkedTokens,
		"the link ends":                       scimLinkedEnds,
		"the org is deleted":                  scimLinkedDeleted,
		"the link ends between":               scimLinkedBetween,
		"an address":                          scimLinkedMoves,
		"the address of who manages":          scimLinkedKeeps,
	})
}

// sharing are Acme, with example.com, and Beta, which has its sign-on from it and a domain of its
// own, example.net, that rests.
func sharingWith(w *world, people ...samltest.Person) (acme, beta *customer, into *provisioner) {
	w.t.Helper()
	acme = w.newCustomer("Acme", "example.com", people...)
	beta = w.newOrg("Beta", "owner@example.net")
	beta.verify("example.net")
	beta.linkTo(acme, false)
	return acme, beta, acme.issue(&accesssec.SCIMTokenOptions{OrgID: beta.owner.OrgID})
}

func scimLinkedLands(t *testing.T, w *world) {
	acme, beta, into := sharingWith(w, ann)
	own := acme.provisioner()
	id := into.makes("ann@example.com")
	if beta.roleOf("ann@example.com") != policy.Member || acme.roleOf("ann@example.com") != "" {
		t.Fatal("she is not a member of Beta alone")
	}
	e := beta.last(audit.MemberAdded)
	if !slices.Contains(e.Facts, audit.Fact{Key: "sign_on_of", Value: acme.owner.OrgID}) || e.Actor.ID != into.id || len(acme.events(audit.MemberAdded)) != 1 {
		t.Errorf("the log says %+v", e)
	}
	// Nothing of Beta shows to who provisions Acme.
	own.says(404, "GET", "/Users/"+id, "")
	if list := own.list("Users", `userName eq "ann@example.com"`); len(list) != 0 {
		t.Errorf("Acme lists %v", list)
	}
	step, err := acme.lands(ann)
	w.must(err)
	if step.Entered == nil || step.Entered.Principal.OrgID != beta.owner.OrgID {
		t.Fatalf("signed in as %+v", step)
	}
	into.says(200, "PATCH", "/Users/"+id, setActive(false))
	w.alive(step.Entered, false)
	if _, err := acme.lands(ann); w.code(err) != reasonCode(policy.MemberDisabled) && w.code(err) != reasonCode(policy.NotMember) {
		t.Errorf("deactivated, and then %v", err)
	}
	into.says(200, "PATCH", "/Users/"+id, setActive(true))
	step, err = acme.lands(ann)
	w.must(err)
	if step.Entered.Principal.OrgID != beta.owner.OrgID {
		t.Errorf("reactivated into %s", step.Entered.Principal.OrgID)
	}
	// Of both orgs, each by its own token.
	own.makes("bob@example.com")
	into.refused(409, "uniqueness", "nvite", "POST", "/Users", userBody("bob@example.com"))
	if acme.roleOf("bob@example.com") != policy.Member || beta.roleOf("bob@example.com") != "" {
		t.Error("somebody else's account was taken")
	}
	if s := acme.scimState(); len(s.Tokens) != 2 || !slices.ContainsFunc(s.Tokens, func(t accesssec.SCIMToken) bool { return t.OrgID == beta.owner.OrgID && t.Requests > 0 }) {
		t.Errorf("Acme's tokens are %+v", s.Tokens)
	}
}

// scimLinkedReach: the domains are those of the org that the token is of, and the Owner of the
// other stays.
func scimLinkedReach(t *testing.T, w *world) {
	_, beta, into := sharingWith(w)
	beta.add(policy.Member, "nora@example.net", "max@example.org")
	into.refused(403, "", "domain", "POST", "/Users", userBody("new@example.net"))
	into.refused(403, "", "domain", "POST", "/Users", userBody("new@example.org"))
	// Who is in Beta beside the people of Acme's domains is no business of Acme's: they do not show.
	for _, address := range []string{"nora@example.net", "max@example.org", "owner@example.net"} {
		id := beta.entryOf(address).ID
		into.says(404, "GET", "/Users/"+id, "")
		into.says(404, "PATCH", "/Users/"+id, setActive(false))
		if list := into.list("Users", `userName eq "`+address+`"`); len(list) != 0 {
			t.Errorf("%s shows as %v", address, list)
		}
		if m := must1(w.store.Membership(w.ctx, beta.owner.OrgID, beta.member(address))); m.Disabled {
			t.Errorf("%s is out", address)
		}
	}
	beta.add(policy.Member, "olga@example.com")
	if list := resourcesOf(into.says(200, "GET", "/Users", "")); len(list) != 1 || list[0]["userName"] != "olga@example.com" {
		t.Errorf("of Beta Acme sees %v", list)
	}
	w.must(beta.admin().SetRole(w.ctx, beta.member("olga@example.com"), policy.Owner))
	w.must(beta.as("olga@example.com").RemoveMember(w.ctx, beta.owner.UserID))
	into.refused(403, "", "Owner", "PATCH", "/Users/"+into.idOf("olga@example.com"), setActive(false))
	beta.is("olga@example.com", policy.Owner)
	// A token that is left of a link is for nobody, also where nothing has ended it.
	w.change(func(tx store.Tx) error {
		org, err := tx.Org(w.ctx, beta.owner.OrgID)
		org.SSOFrom = ""
		if err == nil {
			err = tx.UpdateOrg(w.ctx, org)
		}
		return err
	})
	into.refused(403, "", "has no more", "GET", "/Users", "")
	into.refused(403, "", "has no more", "POST", "/Users", userBody("new@example.com"))
}

func scimLinkedGroups(t *testing.T, w *world) {
	acme, beta, into := sharingWith(w)
	beta.maps(accesssec.SCIMGroupRole{Group: "Bosses", OrgRole: policy.Admin})
	acme.maps(accesssec.SCIMGroupRole{Group: "Staff", OrgRole: policy.Admin})
	ann := into.makes("ann@example.com")
	into.group("Staff", ann)
	beta.is("ann@example.com", policy.Member)
	boss := into.group("Bosses", ann)
	beta.is("ann@example.com", policy.Admin)
	if got := into.members(boss); !slices.Equal(got, []string{ann}) {
		t.Errorf("in the group are %v", got)
	}
	acme.provisioner().says(404, "GET", "/Groups/"+boss, "")
	// A team with a role, that nobody of Beta has made the token for, is not taken over.
	team := must1(beta.admin().CreateTeam(w.ctx, "Rulers"))
	must1(beta.admin().Grant(w.ctx, accesssec.Grant{To: accesssec.Subject{Kind: accesssec.ToTeam, ID: team.ID}, Project: "p", Role: string(policy.ProjectOwner)}))
	into.refused(403, "", "roles", "POST", "/Groups", `{`+groupURN+`,"displayName":"Rulers"}`)
}

func scimLinkedTokens(t *testing.T, w *world) {
	acme, beta, into := sharingWith(w)
	own := acme.provisioner()
	into.good()
	own.good()
	next := acme.issue(&accesssec.SCIMTokenOptions{OrgID: beta.owner.OrgID})
	into.over()
	own.good()
	next.good()
	acme.issue(&accesssec.SCIMTokenOptions{OrgID: acme.owner.OrgID})
	own.over()
	next.good()
	if n := len(beta.events(audit.SCIMTokenCreated)); n != 2 {
		t.Errorf("%d tokens by Beta's log", n)
	}
	other := w.newOrg("Other", "owner@example.org")
	for name, try := range map[string]func() error{
		"for a stranger": func() error {
			_, err := other.admin().CreateSCIMToken(w.ctx, &accesssec.SCIMTokenOptions{OrgID: beta.owner.OrgID})
			return err
		},
		"for nobody's": func() error {
			_, err := acme.admin().CreateSCIMToken(w.ctx, &accesssec.SCIMTokenOptions{OrgID: other.owner.OrgID})
			return err
		},
		"for none": func() error {
			_, err := acme.admin().CreateSCIMToken(w.ctx, &accesssec.SCIMTokenOptions{OrgID: "org-nowhere"})
			return err
		},
	} {
		if code := w.code(try()); code != accesssec.CodeNotShared {
			t.Errorf("%s: %q", name, code)
		}
	}
	// Tokens for one org take no room from those for another.
	beside := &accesssec.SCIMTokenOptions{Overlap: time.Hour}
	for range 9 {
		acme.issue(beside)
	}
	if _, err := acme.admin().CreateSCIMToken(w.ctx, beside); w.code(err) != accesssec.CodeRoleLimit {
		t.Errorf("an eleventh of its own: %v", err)
	}
	next = acme.issue(&accesssec.SCIMTokenOptions{OrgID: beta.owner.OrgID})
	next.good()
	if _, err := beta.admin().CreateSCIMToken(w.ctx, nil); w.code(err) != accesssec.CodeShared {
		t.Errorf("by the one that is provisioned: %v", err)
	}
	if w.code(beta.admin().RevokeSCIMToken(w.ctx, next.id)) != accesssec.CodeNotFound {
		t.Error("another org's token was revoked")
	}
	w.must(acme.admin().RevokeSCIMToken(w.ctx, next.id))
	next.over()
	if len(beta.events(audit.SCIMTokenRevoked)) != 1 {
		t.Error("Beta's log says nothing of the end")
	}
}

func scimLinkedEnds(t *testing.T, w *world) {
	acme, beta, into := sharingWith(w)
	own := acme.provisioner()
	id := into.makes("ann@example.com")
	beta.unlink(beta, true)
	into.over()
	own.good()
	if beta.roleOf("ann@example.com") != policy.Member {
		t.Error("who was made is gone")
	}
	w.advance(time.Second)
	beta.linkTo(acme, false)
	into.over()
	acme.issue(&accesssec.SCIMTokenOptions{OrgID: beta.owner.OrgID}).says(200, "GET", "/Users/"+id, "")
}

func scimLinkedDeleted(t *testing.T, w *world) {
	acme, beta, into := sharingWith(w)
	into.good()
	w.must(beta.admin().DeleteOrg(w.ctx, beta.name))
	into.over()
	if s := acme.scimState(); len(s.Tokens) != 1 || !s.Tokens[0].Ended {
		t.Errorf("left are %+v", s.Tokens)
	}
}

// scimLinkedBetween: what was let through before the link ended writes nothing after it.
func scimLinkedBetween(t *testing.T, w *world) {
	acme, beta, into := sharingWith(w)
	into.good() // the key of cursors is made
	acme.scimState()
	srv := httptest.NewUnstartedServer(nil)
	m := &beforehand{Store: w.store, do: func() { beta.unlink(beta, true) }}
	srv.Config.Handler = handler(w.serviceOn(m, "http://"+srv.Listener.Addr().String(), supported))
	srv.Start()
	t.Cleanup(srv.Close)
	into.url = srv.URL
	if a := into.do("POST", "/Users", userBody("ann@example.com")); a.status != 401 || strings.Contains(a.body, "Beta") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if _, there := w.user("ann@example.com"); there {
		t.Error("somebody was made when the link had ended")
	}
}

// scimLinkedMoves: the connection that signs people in is the other org's, and forgets the old
// address as well.
func scimLinkedMoves(t *testing.T, w *world) {
	acme, beta, into := sharingWith(w, ann)
	id := into.makes("ann@example.com")
	in := must1(acme.lands(ann)).Entered.Principal
	p := w.watched()
	_, token := beta.invite(p, followNew, policy.Admin)
	into.says(200, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"userName","value":"`+followNew+`"}`))
	if code := w.accept(token); code != accesssec.CodeLinkOver {
		t.Errorf("what waited for somebody new: %s", code)
	}
	next := must1(acme.lands(samltest.Person{Email: followNew})).Entered.Principal
	if next.UserID != in.UserID || next.OrgID != beta.owner.OrgID {
		t.Errorf("in as %+v, before %+v", next, in)
	}
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	l := acme.startFor(beta.owner.OrgID)
	if other := must1(l.finish(l.answer(ann))).Entered.Principal; other.UserID == in.UserID {
		t.Error("who has the old address next is the one who had it")
	}
}

// scimLinkedKeeps: neither token is the way to be an Owner or Admin of the org of the other.
func scimLinkedKeeps(t *testing.T, w *world) {
	acme, beta, into := sharingWith(w)
	own := acme.provisioner()
	acme.add(policy.Owner, "olga@example.com")
	beta.add(policy.Member, "olga@example.com")
	acme.add(policy.Member, "bea@example.com")
	beta.add(policy.Admin, "bea@example.com")
	for _, by := range []*provisioner{into, own} {
		for _, address := range []string{"olga@example.com", "bea@example.com"} {
			by.refused(403, "", "Owner or Admin", "PATCH", "/Users/"+by.idOf(address), patchBody(`{"op":"replace","path":"userName","value":"mallory@example.com"}`))
		}
	}
	if _, there := w.user("mallory@example.com"); there {
		t.Error("somebody has the new address")
	}
	// What else is said of them is taken.
	into.says(200, "PATCH", "/Users/"+into.idOf("olga@example.com"), patchBody(`{"op":"replace","path":"title","value":"Boss"}`))
}
