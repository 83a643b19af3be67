package flowtest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// domainContestFlows: two orgs that want one domain.
func domainContestFlows() map[string]flow {
	return map[string]flow{
		"a proof takes nothing from who holds the name":      contestHolds,
		"the holder's record goes, and the name goes over":   contestGoesOver,
		"a contest ends with the record":                     contestEnds,
		"the background finds the proof of another":          contestByJob,
		"claimed and withdrawn again and again":              contestAgain,
		"the holder is told once a day":                      contestDaily,
		"the background lets a contested claim rest":         contestRests,
		"two claims on one name that wait":                   contestTwoPending,
		"a lapsed claim ends with the proof of another":      contestLapsed,
		"a lapsed claim that is proven first stays":          contestLapsedFirst,
		"a lapsed claim while another holds, and comes back": contestLapsedLate,
		"of the log, the notices and the refusals":           contestNothingLearnt,
	}
}

// rivals are Acme, which holds example.com and requires SSO there, and Rival, which has
// claimed it. Both records are there.
func rivals(w *world) (p *post, acme, rival *customer) {
	w.t.Helper()
	p = w.watched()
	acme = withAnn(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	rival = w.newOrg("Rival Inc", "boss@example.net")
	d := rival.claim("example.com")
	p.told(w)
	w.publish("example.com", acme.claimOn("example.com"), d.Claim)
	return p, acme, rival
}

// bothTold is what a contest is told by.
func bothTold() []string {
	return []string{"domain_contesting boss@example.net", "domain_contested owner@example.com"}
}

func contestHolds(t *testing.T, w *world) {
	p, acme, rival := rivals(w)
	in := acme.signIn(ann)
	w.advance(time.Hour)
	rival.look("example.com", accesssec.CodeDomainTaken)
	rival.stands("example.com", domainclaim.Pending)
	if at := rival.claimOn("example.com").Contested; !at.Equal(w.clock()) {
		t.Errorf("contested since %v", at)
	}
	before := acme.claimOn("example.com")
	p.hears(w, "of the contest", bothTold()...)
	// The holder's own record is looked for at once.
	w.tick(w.svc)
	if got := acme.claimOn("example.com"); !got.Last.At.Equal(w.clock()) || got.State != domainclaim.Verified || got.VerifiedAt != before.VerifiedAt {
		t.Errorf("looked at at %v: %+v", got.Last.At, got)
	}
	w.alive(in, true)
	// Nobody is told again, whoever looks.
	rival.look("example.com", accesssec.CodeDomainTaken)
	w.strides(8, 6*time.Hour)
	rival.look("example.com", accesssec.CodeDomainTaken)
	p.hears(w, "further on")
	rival.tells("claimed host", "contested host")
	acme.tells("claimed host", "verified host", "contested system")
	if a, b := factsOf(acme.last(audit.DomainContested))["side"], factsOf(rival.last(audit.DomainContested))["side"]; a != "holder" || b != "challenger" {
		t.Errorf("the sides are %s and %s", a, b)
	}
	w.alive(acme.signIn(ann), true)
	_, err := w.byPassword("ann@example.com", right)
	acme.refuses(err, reasonCode(policy.SSORequired))
}

func contestGoesOver(t *testing.T, w *world) {
	p, acme, rival := rivals(w)
	rival.connect()
	rival.look("example.com", accesssec.CodeDomainTaken)
	p.told(w)
	w.publish("example.com", rival.claimOn("example.com"))
	w.strides(1, time.Minute)
	acme.stands("example.com", domainclaim.Verified) // the job of the contest was done before
	w.strides(6, 6*time.Hour)
	acme.stands("example.com", domainclaim.Missing)
	p.hears(w, "of the absence", "domain_missing owner@example.com")
	for acme.claimOn("example.com").State == domainclaim.Missing {
		rival.stands("example.com", domainclaim.Pending)
		w.strides(1, 6*time.Hour)
		if w.clock().After(noon().Add(20 * 24 * time.Hour)) {
			t.Fatal("it never lapses")
		}
	}
	w.strides(1, 6*time.Hour)
	acme.stands("example.com", domainclaim.Released)
	rival.stands("example.com", domainclaim.Verified)
	if e := rival.last(audit.DomainVerified); e.Actor.Kind != audit.KindSystem {
		t.Errorf("verified by %+v", e.Actor)
	}
	if e := acme.last(audit.DomainReleased); e.Actor.Kind != audit.KindSystem || e.Reason != "superseded" {
		t.Errorf("released by %+v, for %s", e.Actor, e.Reason)
	}
	p.hears(w, "of the end",
		"domain_missing owner@example.com", "domain_missing owner@example.com", "domain_lapsed owner@example.com", "domain_released owner@example.com",
		"domain_verified boss@example.net")
	// From now on Rival's identity provider says who is who there.
	rival.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	if in := rival.signIn(samltest.Person{Email: "new@example.com"}); in.Principal.OrgID != rival.owner.OrgID {
		t.Errorf("in as %+v", in.Principal)
	}
	l := acme.start()
	_, err := l.finish(l.answer(ann))
	rival.refuses(err, reasonCode(policy.DomainOfAnother))
	if _, err := acme.admin().VerifyDomain(w.ctx, acme.domainID("example.com")); w.code(err) != accesssec.CodeDomainUnproven {
		t.Errorf("a claim that was released is verified: %v", err)
	}
	acme.learnsNothing(p, rival, "example.net", rival.domainID("example.com"))
	rival.learnsNothing(p, acme, "owner@example.com", acme.domainID("example.com"))
}

func contestEnds(t *testing.T, w *world) {
	p, acme, rival := rivals(w)
	rival.look("example.com", accesssec.CodeDomainTaken)
	p.hears(w, "of the contest", bothTold()...)
	both := []domainclaim.Claim{acme.claimOn("example.com"), rival.claimOn("example.com")}
	w.publish("example.com", both[0])
	w.strides(1, time.Hour)
	if got := rival.claimOn("example.com"); !got.Contested.IsZero() || got.State != domainclaim.Pending {
		t.Errorf("contested since %v, and the record is gone", got.Contested)
	}
	p.hears(w, "that it is over")
	// When it is back its org is told of it; the holder, once a day.
	w.publish("example.com", both...)
	w.strides(1, time.Hour)
	p.hears(w, "that it begins anew", "domain_contesting boss@example.net")
	w.publish("example.com", both[0])
	w.strides(4, 6*time.Hour)
	w.publish("example.com", both...)
	w.strides(1, 6*time.Hour)
	p.hears(w, "on the next day", bothTold()...)
	if n := len(acme.events(audit.DomainContested)); n != 2 {
		t.Errorf("%d lines in the holder's log", n)
	}
}

func contestByJob(_ *testing.T, w *world) {
	p, acme, rival := rivals(w)
	w.passes(5 * time.Minute)
	p.hears(w, "by the background", bothTold()...)
	rival.tells("claimed host", "contested system")
	acme.tells("claimed host", "verified host", "contested system")
}

// contestAgain: who claims a name anew each time does not have its holder told each time.
func contestAgain(t *testing.T, w *world) {
	p, acme, rival := rivals(w)
	for range 4 {
		rival.look("example.com", accesssec.CodeDomainTaken)
		rival.withdraw("example.com")
		d := rival.claim("example.com")
		w.publish("example.com", acme.claimOn("example.com"), d.Claim)
	}
	told := 0
	for _, n := range p.told(w) {
		if n == "domain_contested owner@example.com" {
			told++
		}
	}
	if n := len(acme.events(audit.DomainContested)); told != 1 || n != 1 {
		t.Errorf("the holder was told %d times, and has %d lines in the log", told, n)
	}
}

func contestTwoPending(_ *testing.T, w *world) {
	w.watched()
	one, two := w.newOrg("One", "one@example.net"), w.newOrg("Two", "two@example.net")
	a, b := one.claim("example.com"), two.claim("example.com")
	w.publish("example.com", b.Claim)
	two.look("example.com", "") // the one that waited longer has reserved nothing
	w.publish("example.com", a.Claim, b.Claim)
	one.look("example.com", accesssec.CodeDomainTaken)
	two.withdraw("example.com")
	w.strides(1, time.Hour)
	one.stands("example.com", domainclaim.Verified)
}

// blocking is Acme, whose claim has lapsed, and which keeps out who is on none of its
// domains.
func blocking(w *world) (p *post, acme, rival *customer, in *accesssec.Entered) {
	w.t.Helper()
	p, acme, rival = rivals(w)
	acme.apply(func(s *accesssec.Settings) { s.BlockExternal = true })
	in = acme.signIn(ann)
	acme.lapsed("example.com")
	w.publish("example.com", rival.claimOn("example.com"))
	p.told(w)
	return p, acme, rival, in
}

func contestLapsed(t *testing.T, w *world) {
	p, acme, rival, in := blocking(w)
	w.alive(in, true)
	rival.look("example.com", "")
	rival.stands("example.com", domainclaim.Verified)
	acme.stands("example.com", domainclaim.Released)
	w.alive(in, false)
	if e := acme.last(audit.DomainReleased); e.Reason != "superseded" || factsOf(e)["sessions_ended"] != "1" {
		t.Errorf("the log says %+v", e)
	}
	p.hears(w, "of it", "domain_released owner@example.com", "domain_verified boss@example.net")
	acme.learnsNothing(p, rival, "example.net")
	into := w.visit()
	into.OrgID = acme.owner.OrgID
	step, err := w.svc.SignIn().Password(w.ctx, into, "owner@example.com", right)
	w.must(err)
	if step.Entered.Principal.Role != policy.Owner {
		t.Errorf("the Owner is in as %+v", step.Entered.Principal)
	}
	_, err = w.svc.SignIn().Password(w.ctx, into, "ann@example.com", right)
	acme.refuses(err, reasonCode(policy.ExternalBlocked))
	rival.connect()
	rival.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	for _, p := range []samltest.Person{ann, {Email: "owner@example.com"}} {
		l := rival.startFor(acme.owner.OrgID)
		_, err := l.finish(l.answer(p))
		acme.refuses(err, reasonCode(policy.ExternalBlocked))
	}
	w.left(acme, 1)
}

func contestLapsedFirst(_ *testing.T, w *world) {
	_, acme, rival, in := blocking(w)
	w.publish("example.com", acme.claimOn("example.com"), rival.claimOn("example.com"))
	acme.look("example.com", "")
	rival.look("example.com", accesssec.CodeDomainTaken)
	w.alive(in, true)
	acme.stands("example.com", domainclaim.Verified)
}

// contestLapsedLate: what was released is not looked at again, be its record there or not.
func contestLapsedLate(t *testing.T, w *world) {
	_, acme, rival, _ := blocking(w)
	old := acme.claimOn("example.com")
	rival.look("example.com", "")
	w.publish("example.com", old, rival.claimOn("example.com"))
	w.strides(2, 24*time.Hour)
	acme.stands("example.com", domainclaim.Released)
	rival.stands("example.com", domainclaim.Verified)
	d := acme.claim("example.com")
	if d.Token == old.Token {
		t.Error("claimed again with the old token")
	}
	acme.look("example.com", accesssec.CodeDomainUnproven)
	w.publish("example.com", d.Claim, rival.claimOn("example.com"))
	acme.look("example.com", accesssec.CodeDomainTaken)
}

func contestNothingLearnt(t *testing.T, w *world) {
	p, acme, rival := rivals(w)
	for range 2 {
		_, err := rival.admin().VerifyDomain(w.ctx, rival.domainID("example.com"))
		var no *accesssec.Refusal
		if !errors.As(err, &no) || no.Code != accesssec.CodeDomainTaken {
			t.Fatalf("refused as %v", err)
		}
		for _, said := range []string{no.Say, no.Detail, no.Fix, no.Error()} {
			for _, mark := range append(acme.marks(), acme.domainID("example.com"), "owner@example.com") {
				if strings.Contains(said, mark) {
					t.Errorf("the refusal says %q", said)
				}
			}
		}
		w.strides(2, time.Hour)
	}
	acme.learnsNothing(p, rival, "example.net", rival.domainID("example.com"))
	rival.learnsNothing(p, acme, "owner@example.com", acme.domainID("example.com"))
	if page, err := w.svc.SystemEvents(w.ctx, store.AuditQuery{}); err != nil || len(page.Items) != 0 {
		t.Errorf("the system's log has %+v, %v", page.Items, err)
	}
}
