package flowtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// scimTokenExpiringFlows: provisioning does not stop unannounced.
func scimTokenExpiringFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"told in time":                scimEndsTold,
		"a short one, and none":       scimEndsShort,
		"replaced, and shown anyway":  scimEndsReplaced,
		"made for another org":        scimEndsLinked,
		"of an org that is elsewhere": scimEndsResting,
	})
}

const day = 24 * time.Hour

// ending ticks, and takes the notices of tokens that are about to end.
func (p *post) ending(w *world) []string {
	w.t.Helper()
	p.tried = nil
	w.tick(w.svc) // what it puts may be the next one's to deliver
	p.told(w)
	out := []string{}
	for _, n := range p.tried {
		if n.Template == accesssec.TemplateSCIMTokenExpiring {
			what := "make"
			if strings.Contains(n.Values["advice"], "still shows") {
				what = "put"
			}
			out = append(out, fmt.Sprintf("%s: %s %s, %s", n.To, n.Values["token"][:4], n.Values["ends"], what))
		}
	}
	return out
}

// endingFor ticks twice a day, and takes all of the notices with the days they came on.
func (p *post) endingFor(w *world, days int) []string {
	w.t.Helper()
	out := []string{}
	for half := range 2 * days {
		for _, told := range p.ending(w) {
			out = append(out, fmt.Sprintf("day %g: %s", float64(half)/2, told))
		}
		w.advance(day / 2)
	}
	return out
}

func hears(t *testing.T, when string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", when, diff)
	}
}

func scimEndsTold(t *testing.T, w *world) {
	p := newPost()
	acme := w.newOrg("Acme", "owner@example.com")
	w.svc = w.instance(w.store, p.sink(works))
	okta := acme.issue(&accesssec.SCIMTokenOptions{Name: "Okta", ExpiresAt: w.clock().Add(60 * day)})
	made := acme.scimState().Tokens[0]
	hears(t, "at first", p.ending(w))
	w.advance(45 * day)
	hears(t, "two weeks before", p.endingFor(w, 2), "day 1: owner@example.com: Okta expires in 14 days, make")
	okta.good()
	if now := acme.scimState().Tokens[0]; now.CreatedBy != made.CreatedBy || now.Begins != made.Begins || !now.EndsAt.Equal(made.EndsAt) {
		t.Errorf("it was %+v and is %+v", made, now)
	}
	hears(t, "at the end", p.endingFor(w, 15),
		"day 6: owner@example.com: Okta expires in 7 days, make",
		"day 12: owner@example.com: Okta expires in 1 day, make")
	okta.over()
	log := acme.events(audit.SCIMTokenExpiring)
	if len(log) != 3 || factsOf(log[2])["days_left"] != "14" || log[0].Actor.Kind != audit.KindSystem || log[0].Targets[0].Name != "Okta" {
		t.Errorf("the log says %+v", log)
	}
}

func scimEndsShort(t *testing.T, w *world) {
	p := newPost()
	acme := w.newOrg("Acme", "owner@example.com")
	w.svc = w.instance(w.store, p.sink(works))
	acme.issue(&accesssec.SCIMTokenOptions{Name: "Week", ExpiresAt: w.clock().Add(7 * day)})
	hears(t, "who wants a week knows of it", p.endingFor(w, 8), "day 6: owner@example.com: Week expires in 1 day, make")
	acme.issue(&accesssec.SCIMTokenOptions{Name: "Day", ExpiresAt: w.clock().Add(day)})
	hears(t, "who wants a day", p.endingFor(w, 2))
	acme.issue(&accesssec.SCIMTokenOptions{Name: "Long"})
	w.advance(400 * day)
	hears(t, "one without an end", p.endingFor(w, 1))
	acme.issue(&accesssec.SCIMTokenOptions{Name: "Year", ExpiresAt: w.clock().Add(365 * day)})
	w.advance(360 * day)
	w.must(acme.admin().RevokeSCIMToken(w.ctx, acme.scimState().Tokens[0].ID))
	hears(t, "one that was revoked", p.endingFor(w, 6))
}

func scimEndsReplaced(t *testing.T, w *world) {
	p := newPost()
	acme := w.newOrg("Acme", "owner@example.com")
	serving := w.svc
	w.svc = w.instance(w.store, p.sink(works))
	old := acme.issue(&accesssec.SCIMTokenOptions{Name: "Old"})
	w.advance(100 * day)
	next := acme.issue(&accesssec.SCIMTokenOptions{Name: "Next", Overlap: 10 * day})
	w.advance(30 * time.Minute)
	shown := func(by *provisioner) {
		by.good()
		now := w.svc
		w.svc = serving
		acme.scimState() // what it was used for is written
		w.svc = now
	}
	shown(old)
	w.advance(2 * time.Hour)
	hears(t, "it was shown until the new one had come", p.ending(w))
	shown(next)
	w.advance(day)
	hears(t, "the new one is in use", p.ending(w))
	shown(old)
	w.advance(day)
	hears(t, "the old one is shown again", p.endingFor(w, 9),
		"day 0: owner@example.com: Old  expires in 7 days, put",
		"day 1: owner@example.com: Old  expires in 6 days, put",
		"day 7: owner@example.com: Old  expires within a day, put")
	if e := acme.last(audit.SCIMTokenExpiring); e.Reason != "replaced" || e.Targets[0].ID != old.id {
		t.Errorf("the log says %+v", e)
	}
}

func scimEndsLinked(t *testing.T, w *world) {
	p := newPost()
	acme, beta, _ := sharingWith(w)
	w.svc = w.instance(w.store, p.sink(works))
	acme.issue(&accesssec.SCIMTokenOptions{Name: "Into", OrgID: beta.owner.OrgID, ExpiresAt: w.clock().Add(30 * day)})
	acme.issue(&accesssec.SCIMTokenOptions{Name: "Own"}) // in place of none that is for Beta
	w.advance(17 * day)
	got := p.ending(w)
	if len(got) != 2 || !strings.HasSuffix(got[0], ": Into expires in 13 days, make") || got[0] == got[1] {
		t.Errorf("told %v", got)
	}
	if a, b := acme.last(audit.SCIMTokenExpiring), beta.last(audit.SCIMTokenExpiring); factsOf(a)["provisions"] != beta.owner.OrgID || b.Targets[0].ID != a.Targets[0].ID {
		t.Errorf("the logs say %+v and %+v", a, b)
	}
	beta.unlink(beta, true)
	hears(t, "unlinked", p.endingFor(w, 14))
}

func scimEndsResting(t *testing.T, w *world) {
	p := newPost()
	acme, beta := w.newCustomer("Acme", "example.com"), w.newOrg("Beta", "owner@example.net")
	beta.verify("example.net")
	beta.issue(&accesssec.SCIMTokenOptions{Name: "Rest", ExpiresAt: w.clock().Add(30 * day)})
	beta.linkTo(acme, false)
	w.svc = w.instance(w.store, p.sink(works))
	w.advance(17 * day)
	hears(t, "its tokens are refused anyway", p.ending(w))
}
