package accesssectest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
	"github.com/accesssec/accesssec-go/store/memory"
)

func TestOutbox(t *testing.T) {
	t.Parallel()
	var o accesssectest.Outbox
	values := map[string]string{"name": "Ann"}
	ann := accesssec.Notice{ID: "n1", To: "Ann@Example.com", Subject: "Hello", Values: values}
	odd := accesssec.Notice{ID: "n2", To: "no address"}
	if got := o.Notices(); got == nil || len(got) != 0 {
		t.Errorf("at first %v", got)
	}
	ok(t, o.Notify(t.Context(), ann))
	ok(t, o.Notify(t.Context(), odd))
	values["name"] = "changed by the sender"
	o.Notices()[0].Values["name"] = "changed by the reader"
	ann.Values = map[string]string{"name": "Ann"}
	for name, tc := range map[string]struct{ got, want []accesssec.Notice }{
		"all":               {o.Notices(), []accesssec.Notice{ann, odd}},
		"to Ann":            {o.To("ann@example.com"), []accesssec.Notice{ann}},
		"to what is none":   {o.To("no address"), []accesssec.Notice{odd}},
		"to somebody else":  {o.To("bob@example.com"), []accesssec.Notice{}},
		"to another domain": {o.To("ann@example.org"), []accesssec.Notice{}},
	} {
		if d := cmp.Diff(tc.want, tc.got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestOutboxFails(t *testing.T) {
	t.Parallel()
	var o accesssectest.Outbox
	down := errors.New("the mail server is down")
	o.Fail(down)
	if err := o.Notify(t.Context(), accesssec.Notice{ID: "n1"}); !errors.Is(err, down) {
		t.Errorf("down: %v", err)
	}
	o.Fail(nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Notify(ended, accesssec.Notice{ID: "n2"}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
	ok(t, o.Notify(t.Context(), accesssec.Notice{ID: "n3"}))
	if got := o.Notices(); len(got) != 1 || got[0].ID != "n3" {
		t.Errorf("kept %v", got)
	}
}

const owner = "owner@example.com"

// What is done before the test begins is no news to anybody; what the test does is.
func TestTickDelivers(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	ok(t, w.Tick())
	if got := w.Outbox.Notices(); len(got) != 0 {
		t.Fatalf("at first %v", got)
	}
	ok(t, w.ChangeSettings(func(s *accesssec.Settings) { s.RequireSSO = true }))
	if got := w.Outbox.Notices(); len(got) != 0 {
		t.Errorf("before Tick %v", got)
	}
	_, err := w.SignInPassword(owner, accesssectest.Password)
	ok(t, err)
	ok(t, w.Tick())
	got := map[accesssec.Template]int{}
	for _, n := range w.Outbox.To(owner) {
		got[n.Template]++
		if n.UserID != w.Owner.UserID || n.OrgID != w.Owner.OrgID || n.Values["org"] != "Acme" {
			t.Errorf("%+v", n)
		}
	}
	want := map[accesssec.Template]int{accesssec.TemplateSettingsChanged: 1, accesssec.TemplateSSOBypassed: 1}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	ok(t, w.Tick())
	if n := len(w.Outbox.Notices()); n != 2 {
		t.Errorf("delivered %d in all", n)
	}
}

// People come in whether or not mail can be sent, and the mail comes later.
func TestFailingOutbox(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	down := errors.New("the mail server is down")
	w.Outbox.Fail(down)
	ok(t, w.ChangeSettings(func(s *accesssec.Settings) { s.RequireSSO = true }))
	_, err := w.SignInPassword(owner, accesssectest.Password)
	ok(t, err)
	ann, err := w.SignIn("ann@example.com")
	ok(t, err)
	if err := w.Tick(); !errors.Is(err, down) {
		t.Errorf("Tick: %v", err)
	}
	says(t, ann, w.URL+"/", "ann@example.com is member of Acme")
	w.Outbox.Fail(nil)
	ok(t, w.Tick()) // not yet
	if n := len(w.Outbox.Notices()); n != 0 {
		t.Errorf("delivered %d at once", n)
	}
	w.Advance(time.Minute)
	ok(t, w.Tick())
	if n := len(w.Outbox.To(owner)); n != 2 {
		t.Errorf("delivered %d after a minute", n)
	}
}

// A World that comes after another on one store meets what that one has left.
func TestWorldAfterWorld(t *testing.T) {
	t.Parallel()
	st := memory.New()
	one, err := accesssectest.Start(&accesssectest.Options{Store: st})
	ok(t, err)
	ok(t, one.ChangeSettings(func(s *accesssec.Settings) { s.RequireSSO = true }))
	ok(t, one.Close())
	two := accesssectest.New(t, &accesssectest.Options{Store: st, Domain: "example.org"})
	ok(t, two.Tick())
	if n, mine := len(two.Outbox.Notices()), len(two.Outbox.To("owner@example.org")); n != 1 || mine != 0 {
		t.Errorf("%d notices, %d to its own Owner", n, mine)
	}
}

func ExampleOutbox() {
	w, err := accesssectest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	if err := w.ChangeSettings(func(s *accesssec.Settings) { s.RequireSSO = true }); err != nil {
		log.Fatal(err)
	}
	if err := w.Tick(); err != nil {
		log.Fatal(err)
	}
	for _, n := range w.Outbox.To("owner@example.com") {
		fmt.Println(n.Subject)
	}
	// Output: The access settings of Acme were changed
}
