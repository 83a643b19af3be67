package flowtest

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/seal"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

// canary knows every secret of a tour through the second factor, and all that was written
// or said on the way.
type canary struct {
	w       *world
	secrets map[string][]string // in each of their forms
	sinks   map[string]*strings.Builder
}

// secret is one that must be nowhere.
func (c *canary) secret(name string, forms ...string) {
	c.w.t.Helper()
	for _, f := range forms {
		if len(f) < 6 {
			c.w.t.Fatalf("%s is %q", name, f)
		}
	}
	c.secrets[name] = append(c.secrets[name], forms...)
}

// bytes is a secret that is not text.
func (c *canary) bytes(name string, raw []byte) {
	c.w.t.Helper()
	c.secret(name, string(raw), hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw), fmt.Sprint(raw)[1:40])
}

// write adds what was written somewhere.
func (c *canary) write(sink string, text ...string) {
	if c.sinks[sink] == nil {
		c.sinks[sink] = &strings.Builder{}
	}
	for _, s := range text {
		c.sinks[sink].WriteString(s + "\n")
	}
}

// held is a value that a host has in its hands, and prints: also in a struct of its own,
// where fmt asks no method of the value.
func (c *canary) held(v any) {
	c.w.t.Helper()
	for _, v := range []any{v, struct{ held any }{v}} {
		c.write("what a host prints", fmt.Sprintf("%v %+v %#v %s %x", v, v, v, v, v))
	}
	asJSON, err := json.Marshal(v)
	c.w.must(err)
	c.write("what a host prints", string(asJSON))
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("held", "value", v)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("held", "value", v)
	c.write("what a host prints", log.String())
}

// failed is an error that a caller was given.
func (c *canary) failed(err error) {
	c.w.t.Helper()
	if err == nil {
		c.w.t.Fatal("there is no error")
	}
	c.write("errors", err.Error(), fmt.Sprintf("%+v %#v %q", err, err, err))
	var no *accesssec.Refusal
	if errors.As(err, &no) {
		c.held(*no)
		c.write("errors", no.Say, no.Detail, no.Fix, no.Trace, fmt.Sprint(no.Err))
	}
}

// doc adds a stored body, and what is in it in base 64.
func (c *canary) doc(sink, id, key string, body []byte) {
	c.write(sink, id, key, string(body))
	var v any
	if json.Unmarshal(body, &v) == nil {
		c.boxes(sink, v)
	}
}

func (c *canary) boxes(sink string, v any) {
	switch v := v.(type) {
	case string:
		if raw, err := base64.StdEncoding.DecodeString(v); err == nil {
			c.write(sink, string(raw))
		}
	case []any:
		for _, e := range v {
			c.boxes(sink, e)
		}
	case map[string]any:
		for _, e := range v {
			c.boxes(sink, e)
		}
	}
}

// stored adds all that is in the store now.
func (c *canary) stored(orgs ...string) {
	w := c.w
	w.t.Helper()
	for _, org := range append(orgs, "") {
		for _, kind := range []store.Kind{"factor", "factor_pending", "half_login", "factor_reset", "browser", "attempts", "person_changed"} {
			page, err := w.store.Docs(w.ctx, kind, org, store.DocQuery{Paging: store.Paging{Limit: 1000}})
			w.must(err)
			for _, d := range page.Items {
				c.doc("docs of kind "+string(kind), d.ID, d.Key+" "+d.Owner, d.Body)
			}
		}
		for _, unsealed := range []bool{true, false} {
			page, err := w.store.AuditEvents(w.ctx, org, store.AuditQuery{Unsealed: unsealed, Paging: store.Paging{Limit: 1000}})
			w.must(err)
			for _, e := range page.Items {
				c.doc("the log", e.ID, e.Type+" "+e.Outcome, e.Body)
				c.doc("the log", e.Actor, e.Target, e.Personal)
			}
		}
	}
	for _, j := range w.lease("canary") {
		c.doc("jobs", j.OrgID, j.Key, j.Body)
	}
}

// check compares every sink with every secret. Each sink must have something in it.
func (c *canary) check(sinks ...string) {
	c.w.t.Helper()
	for _, sink := range sinks {
		if c.sinks[sink] == nil || c.sinks[sink].Len() < 50 {
			c.w.t.Errorf("nothing was written to %s", sink)
		}
	}
	for name, forms := range c.secrets {
		for _, form := range forms {
			for sink, text := range c.sinks {
				if found(text.String(), form) {
					c.w.t.Errorf("%s is in %s", name, sink)
				}
			}
		}
	}
}

// found looks for a secret in either case. Six digits turn up by themselves among other
// digits and letters.
func found(text, secret string) bool {
	if len(secret) > 6 {
		return strings.Contains(text, secret) || strings.Contains(strings.ToLower(text), strings.ToLower(secret))
	}
	return regexp.MustCompile(`(^|[^0-9a-zA-Z])` + regexp.QuoteMeta(secret) + `($|[^0-9a-zA-Z])`).MatchString(text)
}

// factorCanary is a tour through all that there is, with everything written down.
func factorCanary(t *testing.T, w *world) {
	p, log := newPost(), &lockedBuffer{}
	c := &canary{w: w, secrets: map[string][]string{}, sinks: map[string]*strings.Builder{}}
	acme, other := w.newOrg("Acme", "owner@example.com"), w.newOrg("Other", "owner@example.org")
	acme.add(policy.Member, "ann@example.net")
	other.add(policy.Member, "ann@example.net")
	everything := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.svc = w.logging(w.store, p.sink(works), everything)
	orgs := []string{acme.owner.OrgID, other.owner.OrgID}

	in := must1(w.byPassword("ann@example.net", right))
	h := &holder{w: w, address: "ann@example.net", id: in.Principal.UserID, in: in}
	c.entered(in)
	c.secret("the password", right)
	h.proves(in)
	c.entered(in)
	c.setsUp(h, in.Principal)
	v, mark := w.marked()
	c.secret("the browser's mark", mark, mark[3:])
	c.held(v)
	c.goesIn(h, v)
	c.stored(orgs...)
	c.goesWrong(h, v, everything)
	c.stored(orgs...)

	// Another phone, and then none.
	h.halfIn(v)
	got := must1(w.svc.SignIn().SecondFactor(w.ctx, v, c.uses(h.next())))
	h.proves(got.Entered)
	c.entered(got.Entered)
	w.must(h.me(got.Entered).ChangeFactor(w.ctx))
	h.halfIn(v)
	got = must1(w.svc.SignIn().SecondFactor(w.ctx, v, c.uses(h.next())))
	c.setsUp(h, got.Entered.Principal)
	c.stored(orgs...)
	got = must1(w.svc.SignIn().FinishSetUp(w.ctx, v, got.Entered.Principal))
	c.entered(got.Entered)
	c.resets(p, h, acme, v)
	c.stored(orgs...)
	c.setsUp(h, h.settingUp().Principal)

	late := w.logging(w.store, p.sink(fails), everything)
	w.advance(time.Hour)
	if _, err := late.Tick(w.ctx); err != nil {
		c.failed(err)
	}
	w.advance(time.Hour)
	w.tick(w.svc)
	for _, n := range p.tried {
		c.write("notices", n.Subject, n.Text, fmt.Sprintf("%+v", n.Values))
	}
	c.write("log lines", log.String())
	c.stored(orgs...)
	c.check("notices", "log lines", "errors", "what a host prints", "the log", "jobs",
		"docs of kind factor", "docs of kind factor_pending", "docs of kind half_login", "docs of kind factor_reset")
}

// marked is a browser, and the secret that it is known by.
func (w *world) marked() (accesssec.Visit, string) {
	w.t.Helper()
	rec := httptest.NewRecorder()
	v := w.svc.SignIn().Visit(rec, httptest.NewRequest(http.MethodGet, "https://host.example/", nil))
	return v, rec.Result().Cookies()[0].Value
}

func (c *canary) entered(in *accesssec.Entered) {
	c.w.t.Helper()
	c.secret("a session's token", in.Token(), in.Token()[3:])
	c.held(in)
	c.held(*in)
	c.held(in.Principal)
}

// uses is a code that is shown.
func (c *canary) uses(code string) string {
	c.w.t.Helper()
	c.secret("a code", code)
	return code
}

func (c *canary) setsUp(h *holder, p accesssec.Principal) {
	w := c.w
	w.t.Helper()
	me := w.svc.Me(p)
	setup := must1(me.BeginFactor(w.ctx))
	h.phone = must1(totptest.NewApp(setup.URI()))
	c.held(setup)
	c.held(must1(me.PendingFactor(w.ctx)))
	typed := setup.SecretText()
	c.secret("the app's secret", typed, strings.ReplaceAll(typed, " ", ""))
	c.bytes("the app's secret", must1(base32.StdEncoding.DecodeString(strings.ReplaceAll(typed, " ", ""))))
	c.stored()
	_, err := me.ConfirmFactor(w.ctx, "canary typed as a code")
	c.failed(err)
	codes := must1(me.ConfirmFactor(w.ctx, c.uses(h.code())))
	c.held(codes)
	c.held(must1(me.Factor(w.ctx)))
	h.paper = codes.Show()
	for _, code := range h.paper {
		c.secret("a recovery code", code, strings.ReplaceAll(code, "-", ""))
	}
	var kept struct {
		Recovery struct{ ID string }
		Pepper   []byte
	}
	w.must(json.Unmarshal(h.kept().Body, &kept))
	c.bytes("the pepper", must1(w.keys.Open(kept.Pepper, "recovery", h.id, kept.Recovery.ID)))
	c.secret("what was typed", "canary typed as")
}

// goesIn is what works.
func (c *canary) goesIn(h *holder, v accesssec.Visit) {
	w := c.w
	w.t.Helper()
	h.halfIn(v)
	c.stored()
	got := must1(w.svc.SignIn().SecondFactor(w.ctx, v, c.uses(h.next())))
	c.held(got)
	c.entered(got.Entered)
	h.halfIn(v)
	got = must1(w.svc.SignIn().Recover(w.ctx, v, h.paper[0]))
	c.held(got)
	c.entered(got.Entered)
}

// goesWrong is what is refused, and what breaks.
func (c *canary) goesWrong(h *holder, v accesssec.Visit, log *slog.Logger) {
	w := c.w
	w.t.Helper()
	keys := w.keys
	w.keys = must1(seal.NewRing(seal.Key{ID: "other", Secret: [32]byte{1}}))
	closed := w.logging(w.store, nil, log)
	w.keys = keys
	services := []*accesssec.Service{w.svc, closed, w.logging(noSwap{w.store}, nil, log), w.logging(undone{w.store}, nil, log), w.logging(mute{w.store}, nil, log)}
	for _, svc := range services {
		for _, code := range []string{h.code(), c.uses(h.next()), "canary typed as a code", h.paper[0], h.paper[1]} {
			h.halfIn(v)
			for _, enter := range []func(context.Context, accesssec.Visit, string) (accesssec.Step, error){svc.SignIn().SecondFactor, svc.SignIn().Recover} {
				got, err := enter(w.ctx, v, code)
				if c.held(got); err != nil {
					c.failed(err)
				} else {
					h.halfIn(v)
				}
			}
			w.advance(2 * time.Hour) // no lock lasts longer
		}
	}
	h.halfIn(v)
	for range 5 {
		_, err := w.svc.SignIn().SecondFactor(w.ctx, v, "canary typed as a code")
		c.failed(err)
	}
	h.halfIn(v)
	_, err := w.svc.SignIn().SecondFactor(w.ctx, v, h.code())
	c.failed(err)
	whole := h.kept().Body
	for _, body := range []string{"{", strings.Replace(string(whole), `"sealed":"`, `"sealed":"AAAA`, 1), strings.Replace(string(whole), `"digits":6`, `"digits":7`, 1)} {
		h.becomes([]byte(body))
		w.advance(2 * time.Hour)
		_, err := w.svc.SignIn().Password(w.ctx, v, h.address, right)
		if err == nil {
			_, err = w.svc.SignIn().SecondFactor(w.ctx, v, c.uses(h.code()))
		}
		c.failed(err)
		h.becomes(whole)
	}
	w.advance(2 * time.Hour)
}

// resets is by a link. It may stand in the one notice that carries it.
func (c *canary) resets(p *post, h *holder, acme *customer, v accesssec.Visit) {
	w := c.w
	w.t.Helper()
	c.held(acme.resets(h.id))
	c.stored()
	w.advance(3 * time.Minute) // what has been looked at was leased
	token := p.link(w, h.address)
	c.secret("a reset's token", token, token[3:])
	for i, n := range p.tried {
		if n.Template == accesssec.TemplateFactorResetAsked {
			p.tried[i].Text = strings.ReplaceAll(n.Text, token, "")
			p.tried[i].Values["link"] = ""
		}
	}
	c.failed(w.svc.SignIn().ConfirmReset(w.ctx, v, token, "canary typed as a password"))
	c.failed(w.svc.SignIn().ConfirmReset(w.ctx, v, token+"x", right))
	w.must(w.svc.SignIn().ConfirmReset(w.ctx, v, token, right))
	c.failed(w.svc.SignIn().ConfirmReset(w.ctx, v, token, right))
}
