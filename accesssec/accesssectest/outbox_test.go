package accesssectest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
)

func TestOutbox(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	w.Outbox = &accesssectest.Outbox{} // one that nothing else was sent to
	values := map[string]string{"name": "Ann"}
	ann := accesssec.Notice{ID: "n1", To: "Ann@Example.com", Subject: "Hello", Values: values}
	odd := accesssec.Notice{ID: "n2", To: "no address"}
	if got := w.Outbox.Notices(); got == nil || len(got) != 0 {
		t.Errorf("at first %v", got)
	}
	ok(t, w.Outbox.Notify(t.Context(), ann))
	ok(t, w.Outbox.Notify(t.Context(), odd))
	values["name"] = "changed by the sender"
	w.Outbox.Notices()[0].Values["name"] = "changed by the reader"
	ann.Values = map[string]string{"name": "Ann"}
	for name, tc := range map[string]struct{ got, want []accesssec.Notice }{
		"all":               {w.Outbox.Notices(), []accesssec.Notice{ann, odd}},
		"to Ann":            {w.Outbox.To("ann@example.com"), []accesssec.Notice{ann}},
		"to what is none":   {w.Outbox.To("no address"), []accesssec.Notice{odd}},
		"to somebody else":  {w.Outbox.To("bob@example.com"), []accesssec.Notice{}},
		"to another domain": {w.Outbox.To("ann@example.org"), []accesssec.Notice{}},
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

// People come in whether or not mail can be sent.
func TestSignInWhileTheOutboxFails(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	w.Outbox.Fail(errors.New("the mail server is down"))
	ann, err := w.SignIn("ann@example.com")
	ok(t, err)
	says(t, ann, w.URL+"/", "ann@example.com is member of Acme")
	if got := w.Outbox.Notices(); len(got) != 0 {
		t.Errorf("delivered %v", got)
	}
}
