package flowtest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// another is a password that nobody has yet.
const another = "Another horse 8 at the fence"

// mailFlows: a link by mail signs in whoever has the mailbox, once, in the browser that has
// asked, where the policy lets it; and nobody learns from asking who has an account.
func mailFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"a link signs in":               mailSignsIn,
		"in another browser":            mailElsewhere,
		"its code":                      mailCode,
		"ten at once":                   mailRace,
		"a code beside another":         mailBeside,
		"whoever is asked about":        mailAlike,
		"codes of no mail":              mailCodeAlike,
		"a second factor after it":      mailFactor,
		"what the policy says meantime": mailMeantime,
		"never past single sign-on":     mailSSO,
		"a way that is switched off":    mailMethodOff,
		"an account nobody has proven":  mailTrap,
		"the configured origin":         mailOrigin,
		"floods":                        mailFlood,
		"strangers keep nobody out":     mailStrangers,
		"what is not offered":           mailNotOffered,
		"whatever fails":                mailFaults,
		"no secret anywhere":            mailCanary,
		"a newer one":                   mailNewer,
		"nobody stays in by one":        mailClosed,
		"written late":                  mailLate,
		"an account that was emptied":   mailEmptied,
	})
}

// asks has a mail sent, and returns all that came of it.
func (p *post) asks(w *world, v accesssec.Visit, address string, what accesssec.MailFor) []accesssec.Notice {
	w.t.Helper()
	w.must(w.svc.SignIn().SendMail(w.ctx, v, address, what))
	return p.takes(w)
}

// takes is all mail that is due: what was asked for is decided first, and delivered then.
func (p *post) takes(w *world) []accesssec.Notice {
	w.t.Helper()
	w.tick(w.svc)
	w.tick(w.svc)
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []accesssec.Notice
	for _, n := range p.delivered {
		out = append(out, n)
	}
	clear(p.delivered)
	slices.SortFunc(out, func(a, b accesssec.Notice) int {
		return strings.Compare(string(a.Template)+a.To, string(b.Template)+b.To)
	})
	return out
}

// letter is the one mail that is expected, with the token and the code in it.
type letter struct {
	accesssec.Notice
	token, code string
}

// one is the only mail, of that template.
func (w *world) one(got []accesssec.Notice, want accesssec.Template) letter {
	w.t.Helper()
	if len(got) != 1 || got[0].Template != want {
		w.t.Fatalf("sent %+v, and not one %s", got, want)
	}
	return w.letter(got[0])
}

// of is the mail of that template, among others.
func (w *world) of(got []accesssec.Notice, want accesssec.Template) letter {
	w.t.Helper()
	return w.one(slices.DeleteFunc(got, func(n accesssec.Notice) bool { return n.Template != want }), want)
}

func (w *world) letter(n accesssec.Notice) letter {
	w.t.Helper()
	out := letter{Notice: n, code: n.Values["code"]}
	if link := n.Values["link"]; link != "" {
		if !strings.HasPrefix(link, w.host.URL+"/auth/") || !strings.Contains(n.Text, link) {
			w.t.Errorf("the link of %s is %s", n.Template, link)
		}
		_, out.token, _ = strings.Cut(link, "?token=")
	}
	return out
}

// linked asks for a link to sign in, and has it.
func (p *post) linked(w *world, v accesssec.Visit, address string) letter {
	w.t.Helper()
	return w.one(p.asks(w, v, address, accesssec.MailSignIn), accesssec.TemplateMailSignIn)
}

// clicked is why a link signs nobody in.
func (w *world) clicked(v accesssec.Visit, token string) accesssec.Code {
	w.t.Helper()
	step, err := w.svc.SignIn().Link(w.ctx, v, token)
	if err == nil && step.Entered == nil || err != nil && step.Entered != nil {
		w.t.Fatalf("%+v, %v", step, err)
	}
	return w.code(err)
}

// mailing is an org without a domain, with Ann, whose mails are kept.
func mailing(w *world) (*post, *customer) {
	p, acme := inviting(w)
	acme.add(policy.Member, "ann@example.com")
	return p, acme
}

func mailSignsIn(t *testing.T, w *world) {
	p, acme := mailing(w)
	v := w.visit()
	v.After = "/where"
	m := p.linked(w, v, "ANN@example.com")
	if m.To != "ann@example.com" || m.UserID == "" || len(m.code) != 9 || !m.Expires.Equal(w.clock().Add(10*time.Minute)) {
		t.Errorf("mailed %+v", m.Notice)
	}
	// Scanners look, and change nothing.
	want := accesssec.Mailed{For: accesssec.MailSignIn, Address: "ann@example.com", Expires: m.Expires, Here: true, Account: true}
	for range 3 {
		if diff := cmp.Diff(want, must1(w.svc.SignIn().Mailed(w.ctx, v, m.token))); diff != "" {
			t.Errorf("shown (-want +got)\n%s", diff)
		}
	}
	step := must1(w.svc.SignIn().Link(w.ctx, v, m.token))
	if step.Entered == nil || step.After != "/where" || step.Entered.Principal.OrgID != acme.owner.OrgID {
		t.Fatalf("%+v", step)
	}
	ses := must1(w.store.Sessions(w.ctx, store.SessionQuery{UserID: step.Entered.Principal.UserID})).Items
	if len(ses) != 1 || !slices.Equal(ses[0].Methods, []string{"link"}) {
		t.Errorf("sessions %+v", ses)
	}
	for range 2 {
		acme.refuses(w.visitMailed(v, m.token), accesssec.CodeLinkOver)
		if code := w.clicked(v, m.token); code != accesssec.CodeLinkOver {
			t.Errorf("used again: %s", code)
		}
	}
	if code := w.typed(v, m.code); code != accesssec.CodeLinkOver {
		t.Errorf("its code after that: %s", code)
	}
	e := acme.events(audit.MailRequested)
	if len(e) != 1 || e[0].Outcome != audit.Success || len(e[0].Targets) != 1 || e[0].Targets[0].ID != m.UserID {
		t.Errorf("events %+v", e)
	}
	m = p.linked(w, v, "ann@example.com")
	w.advance(10 * time.Minute)
	if code := w.clicked(v, m.token); code != accesssec.CodeLinkOver {
		t.Errorf("after ten minutes: %s", code)
	}
}

func (w *world) visitMailed(v accesssec.Visit, token string) error {
	_, err := w.svc.SignIn().Mailed(w.ctx, v, token)
	return err
}

// typed is why a code signs nobody in.
func (w *world) typed(v accesssec.Visit, code string) accesssec.Code {
	w.t.Helper()
	step, err := w.svc.SignIn().LinkCode(w.ctx, v, code)
	if err == nil && step.Entered == nil || err != nil && step.Entered != nil {
		w.t.Fatalf("%+v, %v", step, err)
	}
	return w.code(err)
}

// system are the events of the log that is no org's, newest first.
func (w *world) system(types ...audit.Type) []audit.Event {
	w.t.Helper()
	var out []audit.Event
	for _, unsealed := range []bool{true, false} {
		page := must1(w.store.AuditEvents(w.ctx, "", store.AuditQuery{Desc: true, Unsealed: unsealed, Paging: store.Paging{Limit: 1000}}))
		for _, rec := range page.Items {
			e := must1(audit.Decode(rec))
			if slices.Contains(types, e.Type) {
				out = append(out, e)
			}
		}
	}
	return out
}

func mailElsewhere(t *testing.T, w *world) {
	p, _ := mailing(w)
	v, other := w.visit(), w.visit()
	m := p.linked(w, v, "ann@example.com")
	if got := must1(w.svc.SignIn().Mailed(w.ctx, other, m.token)); got.Here {
		t.Error("another browser counts as the one that has asked")
	}
	for _, other := range []accesssec.Visit{other, {}} {
		if code := w.clicked(other, m.token); code != accesssec.CodeBrowser {
			t.Errorf("in another browser: %s", code)
		}
		if code := w.typed(other, m.code); code != accesssec.CodeLinkOver {
			t.Errorf("the code in another browser: %s", code)
		}
	}
	if code := w.typed(v, m.code); code != "" {
		t.Errorf("the code where it was asked for: %s", code)
	}
	if code := w.clicked(v, m.token); code != accesssec.CodeLinkOver {
		t.Errorf("the link after its code: %s", code)
	}
}

func mailCode(t *testing.T, w *world) {
	p, acme := mailing(w)
	v := w.visit()
	wrong := "0000-0000"
	for _, form := range []func(string) string{
		func(c string) string { return strings.ToLower(c) },
		func(c string) string { return " " + strings.ReplaceAll(c, "-", " ") + " " },
		func(c string) string { return strings.ReplaceAll(strings.ReplaceAll(c, "0", "o"), "1", "l") },
	} {
		m := p.linked(w, v, "ann@example.com")
		for range 4 {
			if code := w.typed(v, wrong); code != accesssec.CodeWrongCode {
				t.Errorf("a wrong code: %s", code)
			}
		}
		for _, none := range []string{"", "7K4Q", m.code + "0", "!!!!-!!!!", strings.Repeat("0", 100)} {
			if code := w.typed(v, none); code != accesssec.CodeWrongCode {
				t.Errorf("%q: %s", none, code)
			}
		}
		if code := w.typed(v, form(m.code)); code != "" {
			t.Errorf("%q at the fifth try: %s", form("the right one"), code)
		}
	}
	m := p.linked(w, v, "ann@example.com")
	for range 5 {
		w.typed(v, wrong)
	}
	if code := w.typed(v, m.code); code != accesssec.CodeLinkOver {
		t.Errorf("the right code after five wrong ones: %s", code)
	}
	refused := acme.events(audit.LoginRefused)
	if len(refused) != 3*4+5 {
		t.Errorf("%d wrong codes in the log", len(refused))
	}
}

// mailRace: of ten who come with one link, or its code, one is signed in.
func mailRace(t *testing.T, w *world) {
	p, acme := mailing(w)
	v := w.visit()
	for round := range 3 {
		m := p.linked(w, v, "ann@example.com")
		before := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID})
		var wg sync.WaitGroup
		codes := make([]error, 10)
		for n := range codes {
			wg.Go(func() {
				if round > 0 && n < round*2 {
					_, codes[n] = w.svc.SignIn().LinkCode(w.ctx, v, m.code)
					return
				}
				_, codes[n] = w.svc.SignIn().Link(w.ctx, v, m.token)
			})
		}
		wg.Wait()
		in := 0
		for _, err := range codes {
			switch code := w.code(err); code {
			case "":
				in++
			case accesssec.CodeLinkOver, accesssec.CodeConflict, accesssec.CodeLocked:
			default:
				t.Errorf("refused as %s", code)
			}
		}
		if left := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID}) - before; in != 1 || left != 1 {
			t.Errorf("%d in, %d sessions", in, left)
		}
		w.advance(2 * time.Hour)
	}
}

// mailAlike: asking costs the same and says the same, whoever has the address.
func mailAlike(t *testing.T, w *world) {
	p := w.watched()
	acme := withAnn(w)
	acme.add(policy.Member, "off@example.com", "out@example.com")
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "bare@example.com", Verified: true, Role: policy.Member},
		accesssec.Person{Address: "trap@example.com", Password: right, Role: policy.Member}))
	off, _ := w.user("off@example.com")
	off.Disabled = true
	w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, off) })
	out, _ := w.user("out@example.com")
	w.must(acme.admin().DisableMember(w.ctx, out.ID))
	p.takes(w)

	people := []string{"nobody@example.com", "ann@example.com", "owner@example.com", "off@example.com", "out@example.com", "bare@example.com", "trap@example.com"}
	alike := func(when string, what accesssec.MailFor, want accesssec.Code) {
		t.Helper()
		var runs, asked int64
		for n, address := range people {
			var r, a int64
			for try := range 3 { // a store may have to run something again
				v := w.visit()
				v.IP = fmt.Sprintf("192.168.%d.%d", n, try)
				ctx := &dying{Context: context.WithoutCancel(w.ctx)}
				ctx.left.Store(1 << 40)
				before := w.hasher.Runs()
				err := w.svc.SignIn().SendMail(ctx, v, address, what)
				if code := w.code(err); code != want {
					t.Errorf("%s, %s for %s: %s, want %s", when, what, address, code, want)
				}
				if r, a = w.hasher.Runs()-before, 1<<40-ctx.left.Load(); n == 0 && try == 0 {
					runs, asked = r, a
				}
				if asked = min(asked, a); n > 0 && a == asked {
					break
				}
			}
			if r != 0 || r != runs || a != asked {
				t.Errorf("%s, %s for %s: %d computations and %d calls, for nobody %d and %d", when, what, address, r, a, runs, asked)
			}
		}
	}
	for _, what := range []accesssec.MailFor{accesssec.MailSignIn, accesssec.MailPassword, accesssec.MailSignUp} {
		alike("at first", what, "")
	}
	var got []string
	for _, n := range p.takes(w) {
		got = append(got, string(n.Template)+" "+n.To)
	}
	want := []string{
		"mail_account ann@example.com", "mail_account bare@example.com", "mail_account out@example.com", "mail_account owner@example.com",
		"mail_first_password bare@example.com",
		"mail_password ann@example.com", "mail_password out@example.com", "mail_password owner@example.com", "mail_password trap@example.com",
		"mail_sign_in ann@example.com", "mail_sign_in bare@example.com", "mail_sign_in out@example.com", "mail_sign_in owner@example.com", "mail_sign_in trap@example.com",
		"mail_sign_up nobody@example.com", "mail_sign_up trap@example.com",
	}
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("mailed (-want +got)\n%s", diff)
	}
	w.advance(25 * time.Hour)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	p.takes(w)
	alike("with SSO required", accesssec.MailSignIn, accesssec.Code(policy.SSORequired))
	alike("with SSO required", accesssec.MailSignUp, accesssec.Code(policy.SSORequired))
	alike("with SSO required", accesssec.MailPassword, "")
	got = nil
	for _, n := range p.takes(w) {
		got = append(got, string(n.Template)+" "+n.To)
	}
	if diff := cmp.Diff([]string{
		"mail_other_way ann@example.com", "mail_other_way bare@example.com", "mail_other_way out@example.com", "mail_password owner@example.com",
	}, slices.Compact(got)); diff != "" {
		t.Errorf("mailed with SSO required (-want +got)\n%s", diff)
	}
}

func mailOrigin(_ *testing.T, w *world) {
	p, _ := mailing(w)
	for _, header := range []string{"X-Forwarded-Host", "X-Host", "X-Original-Host", "Forwarded", "X-Forwarded-Proto", "Origin", "Referer"} {
		r := httptest.NewRequest(http.MethodPost, "https://evil.example/auth/", nil)
		r.Header.Set(header, "https://evil.example")
		v := w.svc.SignIn().Visit(httptest.NewRecorder(), r)
		p.linked(w, v, "ann@example.com") // it looks at the origin
		w.advance(2 * time.Hour)
	}
}
