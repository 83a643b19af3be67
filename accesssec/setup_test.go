package accesssec_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

// settingUp is a Service, a clock, and Ann in a session in which she has to set up her
// second factor anew.
func settingUp(t *testing.T) (svc *accesssec.Service, now *time.Time, in *accesssec.Entered) {
	t.Helper()
	const secret = "A password of 5 words"
	ctx := t.Context()
	clock := time.Date(2040, 3, 2, 12, 0, 0, 0, time.UTC)
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), &accesssec.Options{
		Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true}),
		Now:    func() time.Time { return clock },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "ann@example.com", Password: secret}); err != nil {
		t.Fatal(err)
	}
	visit := svc.SignIn().Visit(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	step, err := svc.SignIn().Password(ctx, visit, "ann@example.com", secret)
	if err != nil {
		t.Fatal(err)
	}
	me := svc.Me(step.Entered.Principal)
	if _, err := me.Prove(ctx, secret); err != nil {
		t.Fatal(err)
	}
	setup, err := me.BeginFactor(ctx)
	if err != nil {
		t.Fatal(err)
	}
	phone, err := totptest.NewApp(setup.URI())
	if err != nil {
		t.Fatal(err)
	}
	codes, err := me.ConfirmFactor(ctx, phone.Code(clock))
	if err != nil {
		t.Fatal(err)
	}
	if err := me.ChangeFactor(ctx); err != nil {
		t.Fatal(err)
	}
	if step, err = svc.SignIn().Password(ctx, visit, "ann@example.com", secret); err != nil || step.Next != policy.NextFactor {
		t.Fatalf("%+v, %v", step, err)
	}
	if step, err = svc.SignIn().Recover(ctx, visit, codes.Show()[0]); err != nil || step.Next != policy.NextSetUp || step.Entered == nil {
		t.Fatalf("%+v, %v", step, err)
	}
	return svc, &clock, step.Entered
}

// A host with a cookie of its own has the token, and our cookie is not in the request.
func TestSettingUpByToken(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	svc, now, in := settingUp(t)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if _, err := svc.SignIn().SettingUp(r); !accesssec.IsRefusal(err, accesssec.CodeSignedOut) {
		t.Errorf("a request without our cookie: %v", err)
	}
	set := httptest.NewRecorder()
	in.SetCookie(set)
	r.AddCookie(set.Result().Cookies()[0])
	byCookie, errCookie := svc.SignIn().SettingUp(r)
	byToken, errToken := svc.SignIn().SettingUpBy(ctx, in.Token())
	if err := errors.Join(errCookie, errToken); err != nil || byToken != byCookie || byToken != in.Principal {
		t.Errorf("%+v by the token, %+v by the cookie, entered as %+v; %v", byToken, byCookie, in.Principal, err)
	}
	if _, err := svc.Authenticate(ctx, in.Token()); !accesssec.IsRefusal(err, accesssec.CodeSetUp) {
		t.Errorf("the token is good for more than set-up: %v", err)
	}
	for _, token := range []string{"", "s1.", in.Token() + "A", in.Token()[:len(in.Token())-1] + "!"} {
		if _, err := svc.SignIn().SettingUpBy(ctx, token); !accesssec.IsRefusal(err, accesssec.CodeSignedOut) {
			t.Errorf("another token: %v", err)
		}
	}
	*now = now.Add(31 * time.Minute)
	if _, err := svc.SignIn().SettingUpBy(ctx, in.Token()); !accesssec.IsRefusal(err, accesssec.CodeSignedOut) {
		t.Errorf("after its half hour: %v", err)
	}
}

// A session that is good for all is none for set-up.
func TestSettingUpWantsItsOwnSession(t *testing.T) {
	t.Parallel()
	svc, _, _ := settingUp(t)
	if _, err := svc.CreateOrg(t.Context(), "Beta", accesssec.Person{Address: "bea@example.org", Password: "A password of 5 words"}); err != nil {
		t.Fatal(err)
	}
	step, err := svc.SignIn().Password(t.Context(), accesssec.Visit{}, "bea@example.org", "A password of 5 words")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.SignIn().SettingUpBy(t.Context(), step.Entered.Token()); !accesssec.IsRefusal(err, accesssec.CodeSignedOut) {
		t.Errorf("got %v", err)
	}
}
