package accesssec

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// FuzzLinkCode: what is typed is folded to eight characters or to nothing, and folding that
// again changes nothing.
func FuzzLinkCode(f *testing.F) {
	for _, seed := range []string{"7K4Q-M2XD", "7k4q m2xd", "o0il-OILU", "", "--------", "7K4Q-M2XD0", "ıııııııı", "\xff\xff\xff\xff\xff\xff\xff\xff", strings.Repeat("0", 65)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		folded := foldCode(typed)
		if folded == "" {
			return
		}
		if len(folded) != 8 || strings.IndexFunc(folded, func(r rune) bool { return !strings.ContainsRune("0123456789ABCDEFGHJKMNPQRSTVWXYZ", r) }) >= 0 {
			t.Fatalf("%q is folded to %q", typed, folded)
		}
		for _, again := range []string{folded, strings.ToLower(folded), folded[:4] + "-" + folded[4:], folded[:2] + " " + folded[2:]} {
			if foldCode(again) != folded {
				t.Fatalf("%q is folded to %q", again, foldCode(again))
			}
		}
	})
}

// Every code that is made can be typed.
func TestLinkCodesFold(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		code := newTrace()
		if folded := foldCode(code); folded != strings.ReplaceAll(code, "-", "") || seen[folded] {
			t.Fatalf("%q is folded to %q", code, folded)
		}
		seen[foldCode(code)] = true
	}
}

// Of two that were asked for the later one holds, in whatever order they are answered.
func TestTheLinkAskedForLastHolds(t *testing.T) {
	t.Parallel()
	s := testService(t, nil)
	id, noon := mailLinkID(MailAddress, "somebody"), s.now()
	keep := func(asked time.Time, address string) (token string) {
		t.Helper()
		err := s.change(t.Context(), func(c *change) (err error) {
			if token, err = c.keepLink(t.Context(), id, "somebody", asked, mailLink{For: MailAddress, Address: address}); err != nil {
				return err
			}
			return c.record(t.Context(), "", Visit{}.by(audit.MailRequested, audit.Actor{}))
		})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	for _, c := range []struct {
		asked time.Duration
		opens bool
	}{{time.Second, true}, {3 * time.Second, true}, {2 * time.Second, false}, {0, false}} {
		token := keep(noon.Add(c.asked), c.asked.String())
		l, err := mailLinks.byKey(t.Context(), s.store, mailKeyOf(token))
		if c.opens && (err != nil || l.Value.Address != c.asked.String()) || !c.opens && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("asked at %v: found %+v, %v", c.asked, l.Value, err)
		}
	}
	l, err := mailLinks.get(t.Context(), s.store, "", id)
	if err != nil || l.Value.Address != "3s" {
		t.Errorf("kept %+v, %v", l.Value, err)
	}
}
