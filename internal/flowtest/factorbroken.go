package flowtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/seal"
)

// tries is every way to use a factor, on one instance: right codes, each of them.
func (h *holder) tries(svc *accesssec.Service) map[string]func() (bool, error) {
	w := h.w
	in := func(got accesssec.Step, err error) (bool, error) { return got.Entered != nil, err }
	shown := func(codes []string, err error) (bool, error) { return codes != nil, err }
	return map[string]func() (bool, error){
		"SecondFactor": func() (bool, error) { return in(svc.SignIn().SecondFactor(w.ctx, h.half(), h.next())) },
		"Recover":      func() (bool, error) { return in(svc.SignIn().Recover(w.ctx, h.half(), h.paper[0])) },
		"RemoveFactor": func() (bool, error) {
			h.proves(h.in)
			return false, svc.Me(h.in.Principal).RemoveFactor(w.ctx, h.next())
		},
		"NewRecoveryCodes": func() (bool, error) {
			h.proves(h.in)
			codes, err := svc.Me(h.in.Principal).NewRecoveryCodes(w.ctx, h.next())
			return shown(codes.Show(), err)
		},
	}
}

// mustFault compares that each of those is a fault, and did nothing. looked is by how much
// each attempt is counted.
func (h *holder) mustFault(svc *accesssec.Service, want error, looked int) {
	w := h.w
	w.t.Helper()
	whole := h.kept().Body
	for name, try := range h.tries(svc) {
		done, err := try()
		if no := (*accesssec.Refusal)(nil); done || err == nil || errors.As(err, &no) || want != nil && !errors.Is(err, want) {
			w.t.Errorf("%s: done %v, %v", name, done, err)
		}
		h.has(1)
		if app, paper := h.counted(); app+paper != looked {
			w.t.Errorf("%s: counted as %d, want %d", name, app+paper, looked)
		}
		h.becomes(whole)
	}
	for name, try := range h.tries(w.svc) { // and each is good for another try
		if name == "RemoveFactor" {
			continue
		}
		if done, err := try(); !done || err != nil {
			w.t.Errorf("%s, when it works: %v", name, err)
		}
		h.becomes(whole)
	}
	w.must(h.me(h.in).SignOutEverywhere(w.ctx, true))
}

// noSwap is a store that books no attempts.
type noSwap struct{ store.Store }

func (noSwap) SwapDoc(context.Context, store.Doc) error { return errAway }

// factorFaultsBooking: what was not counted is not looked at.
func factorFaultsBooking(t *testing.T, w *world) {
	acme, h := withHolder(w)
	svc := w.instance(noSwap{w.store}, nil)
	h.mustFault(svc, errAway, 0)
	acme.add(policy.Member, "bob@example.com")
	in := must1(w.byPassword("bob@example.com", right))
	bob := &holder{w: w, address: "bob@example.com", id: in.Principal.UserID}
	bob.proves(in)
	bob.scans(in.Principal)
	if codes, err := svc.Me(in.Principal).ConfirmFactor(w.ctx, bob.code()); !errors.Is(err, errAway) || codes.Show() != nil || bob.kept().Version != 0 {
		t.Errorf("confirmed: %v", err)
	}
}

// factorFaultsCommit: the attempt is counted all the same.
func factorFaultsCommit(t *testing.T, w *world) {
	_, h := withHolder(w)
	for name, st := range map[string]store.Store{"a transaction": undone{w.store}, "an event": mute{w.store}} {
		want := map[string]error{"a transaction": errAway, "an event": errMute}[name]
		h.mustFault(w.instance(st, nil), want, 1)
		// A wrong code is wrong, whether it can be recorded or not; a lock that can't be is
		// a fault, and locks.
		svc, v := w.instance(st, nil), h.half()
		for range 4 {
			_, err := svc.SignIn().SecondFactor(w.ctx, v, h.wrong())
			if w.code(err) != accesssec.CodeWrongCode {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := svc.SignIn().SecondFactor(w.ctx, v, h.wrong()); !errors.Is(err, want) {
			t.Errorf("%s: the fifth: %v", name, err)
		}
		_, err := w.svc.SignIn().SecondFactor(w.ctx, v, h.code())
		w.locked(err, 30*time.Second)
		w.advance(30 * time.Second)
		h.signIn()
		w.must(h.me(h.in).SignOutEverywhere(w.ctx, true))
	}
	// Somebody has to be told of these, and can't be.
	svc := w.instance(noJobs{w.store}, sink(works))
	for name, try := range h.tries(svc) {
		if name == "SecondFactor" {
			continue
		}
		if done, err := try(); done || !errors.Is(err, errAway) {
			t.Errorf("%s: done %v, %v", name, done, err)
		}
	}
	h.has(1)
	if got := h.own(h.in); got.State != policy.FactorLive || got.CodesLeft != 10 {
		t.Errorf("the factor is %+v", got)
	}
}

// factorOtherKeys: what can't be opened is nobody's secret.
func factorOtherKeys(t *testing.T, w *world) {
	acme, h := withHolder(w)
	acme.add(policy.Member, "bob@example.com")
	in := must1(w.byPassword("bob@example.com", right))
	bob := &holder{w: w, address: "bob@example.com", id: in.Principal.UserID}
	bob.proves(in)
	bob.scans(in.Principal)
	waits := w.docsOf("factor_pending", bob.id)[0]
	ours := w.keys
	w.keys = must1(seal.NewRing(seal.Key{ID: "other", Secret: [32]byte{1}}))
	svc := w.service(w.host.URL)
	w.keys = ours
	h.mustFault(svc, nil, 0) // our own fault, and nobody's attempt
	w.advance(-2 * period)   // the set-up of Bob's is not over
	if _, err := svc.Me(in.Principal).PendingFactor(w.ctx); err == nil || errors.As(err, new(*accesssec.Refusal)) {
		t.Errorf("shown again: %v", err)
	}
	if codes, err := svc.Me(in.Principal).ConfirmFactor(w.ctx, bob.code()); err == nil || errors.As(err, new(*accesssec.Refusal)) || codes.Show() != nil {
		t.Errorf("confirmed: %v", err)
	}
	if diff := cmp.Diff(waits, w.docsOf("factor_pending", bob.id)[0]); diff != "" {
		t.Errorf("the attempt is counted:\n%s", diff)
	}
	must1(h.me(in).ConfirmFactor(w.ctx, bob.code()))
}

// factorMoved: whoever can write the store can't make one person's app another's.
func factorMoved(t *testing.T, w *world) {
	acme, h := withHolder(w)
	eve := acme.newHolder(policy.Member, "eve@example.com")
	mine, theirs := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	w.must(json.Unmarshal(h.kept().Body, &mine))
	w.must(json.Unmarshal(eve.kept().Body, &theirs))
	for _, moved := range [][]string{{"sealed"}, {"sealed", "id"}, {"pepper"}, {"recovery"}, {"pepper", "recovery"}, {"sealed", "id", "enrollment", "pepper", "recovery"}} {
		body := map[string]json.RawMessage{}
		for k, v := range mine {
			body[k] = v
			if slices.Contains(moved, k) {
				body[k] = theirs[k]
			}
		}
		h.becomes(must1(json.Marshal(body)))
		eve.next()
		got, err := w.svc.SignIn().SecondFactor(w.ctx, h.half(), eve.code())
		if got.Entered != nil || slices.Contains(moved, "sealed") && errors.As(err, new(*accesssec.Refusal)) {
			t.Errorf("%v: in as %+v, %v", moved, got, err)
		}
		got, err = w.svc.SignIn().Recover(w.ctx, h.half(), eve.paper[0])
		if got.Entered != nil || !slices.Contains(moved, "sealed") && errors.As(err, new(*accesssec.Refusal)) {
			t.Errorf("%v: in as %+v, %v", moved, got, err)
		}
		h.has(1)
	}
	eve.signIn()
}

// factorBroken: a stored factor that nobody could have written lets nobody in, whatever is
// shown beside the password.
func factorBroken(t *testing.T, w *world) {
	acme, h := withHolder(w)
	w.must(h.me(h.in).SignOut(w.ctx))
	whole := h.kept().Body
	edit := func(from, to string) []byte {
		out := bytes.Replace(whole, []byte(from), []byte(to), 1)
		if bytes.Equal(out, whole) {
			t.Fatalf("there is no %s in %s", from, whole)
		}
		return out
	}
	v, code := h.half(), h.next()
	for name, body := range map[string][]byte{
		"empty": nil, "cut": whole[:len(whole)/2], "null": []byte("null"), "nothing": []byte("{}"), "a list": []byte("[]"), "words": []byte(`"live"`),
		"due for what":         inState(whole, "in no such state"),
		"changing nothing":     []byte(`{"due":"change"}`),
		"not confirmed":        edit(`"confirmed":true`, `"confirmed":false`),
		"never confirmed":      edit(`"confirmed":true,`, ``),
		"without a step":       edit(`"last_step":`, `"last_step":-1,"was":`),
		"another algorithm":    edit(`"SHA1"`, `"MD5"`),
		"no digits":            edit(`"digits":6`, `"digits":0`),
		"one digit":            edit(`"digits":6`, `"digits":1`),
		"no period":            edit(`"period":30`, `"period":0`),
		"a negative count":     edit(`"last_step"`, `"fails":-100,"last_step"`),
		"without a secret":     edit(`"sealed":"`, `"sealed":"","was":"`),
		"secret and no box":    edit(`"sealed":"`, `"sealed":"AAAAAAAAAAAAAAAAAAAAAAAAAAA=","was":"`),
		"without an enrolment": edit(`"enrollment"`, `"was"`),
	} {
		h.becomes(body)
		got, err := w.svc.SignIn().Password(w.ctx, w.visit(), h.address, right)
		if got.Entered != nil {
			t.Errorf("%s: the password alone lets in: %v", name, err)
		}
		if got, err := w.svc.SignIn().SecondFactor(w.ctx, v, code); got.Entered != nil || err == nil {
			t.Errorf("%s: a code lets in: %v", name, err)
		}
		h.has(0)
	}
	for name, body := range map[string][]byte{
		"no salt":         edit(`"salt":"`, `"salt":"","was":"`),
		"short hashes":    edit(`"hashes":[`, `"hashes":["AAAA",`),
		"no hashes":       edit(`"hashes":[`, `"hashes":[],"was":[`),
		"no pepper":       edit(`"pepper":"`, `"pepper":"","was":"`),
		"another set's":   edit(`"recovery":{"id":"`, `"recovery":{"id":"X`),
		"no codes":        edit(`"recovery"`, `"was"`),
		"a count too low": edit(`"recovery":{`, `"recovery":{"fails":-100,`),
	} {
		h.becomes(body)
		for _, code := range []string{h.paper[0], "", "0000-0000-0000-0000"} {
			if got, err := w.svc.SignIn().Recover(w.ctx, v, code); got.Entered != nil || err == nil {
				t.Errorf("%s: %q lets in: %v", name, code, err)
			}
		}
		h.has(0)
	}
	h.becomes(whole)
	halves := w.docsOf("half_login", h.id)
	for i := range halves {
		halves[i].Body = []byte("{")
	}
	w.change(func(tx store.Tx) error { return tx.PutDocs(w.ctx, halves...) })
	if got, err := w.svc.SignIn().SecondFactor(w.ctx, v, h.next()); got.Entered != nil || err == nil {
		t.Errorf("half a login that can't be read lets in: %v", err)
	}
	if n := len(acme.events(audit.SessionCreated)); n != 1 {
		t.Errorf("%d sign-ins in the log", n)
	}
}
