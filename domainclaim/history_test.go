package domainclaim_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// TestHistory: looks that came to the same are one span, with how many of them there were,
// how many the name servers answered, how many were not believed, and how look-ups ended.
func TestHistory(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	now := start
	look := func(o domainclaim.Observation, codes ...domainclaim.Code) {
		for _, code := range codes {
			o.Answers = append(o.Answers, domainclaim.Answer{Code: code})
		}
		c, _ = c.Next(o, now)
		now = now.Add(time.Hour)
	}
	look(seen(c, domainclaim.Absent), domainclaim.CodeNoName, domainclaim.CodeNoName)
	look(gone(c), domainclaim.CodeNoData, domainclaim.CodeServFail, domainclaim.CodeRefused, domainclaim.CodeTimeout, domainclaim.CodeLame, domainclaim.CodeLocal)
	look(gone(c), domainclaim.CodeNoName)
	look(seen(c, domainclaim.Mismatch), domainclaim.CodeOK)
	look(seen(c, domainclaim.Present))
	look(seen(c, domainclaim.Unknown), domainclaim.CodeTimeout)
	doubted := seen(c, domainclaim.Unknown)
	doubted.Doubted = true
	look(doubted, domainclaim.CodeNoName)
	look(seen(c, domainclaim.Present), domainclaim.CodeOK)
	at := func(hour int) time.Time { return start.Add(time.Duration(hour) * time.Hour) }
	want := []domainclaim.Span{
		{Outcome: domainclaim.Absent, From: at(0), To: at(2), Looks: 3, Authoritative: 2, Codes: []domainclaim.Code{
			domainclaim.CodeNoName, domainclaim.CodeNoData, domainclaim.CodeServFail, domainclaim.CodeRefused, domainclaim.CodeTimeout}},
		{Outcome: domainclaim.Mismatch, From: at(3), To: at(3), Looks: 1, Codes: []domainclaim.Code{domainclaim.CodeOK}},
		{Outcome: domainclaim.Present, From: at(4), To: at(4), Looks: 1},
		{Outcome: domainclaim.Unknown, From: at(5), To: at(6), Looks: 2, Doubted: 1, Codes: []domainclaim.Code{domainclaim.CodeTimeout, domainclaim.CodeNoName}},
		{Outcome: domainclaim.Present, From: at(7), To: at(7), Looks: 1, Codes: []domainclaim.Code{domainclaim.CodeOK}},
	}
	if d := cmp.Diff(want, c.History); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// A clock that went back shortens no span.
	now = start
	look(seen(c, domainclaim.Present))
	if s := c.History[len(c.History)-1]; s.Looks != 2 || !s.From.Equal(at(7)) || !s.To.Equal(at(7)) {
		t.Errorf("a clock that went back: %+v", s)
	}
}

// TestHistoryBounded: the last thirty spans are kept, and what is written to the next claim
// changes nothing in those before it.
func TestHistoryBounded(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	var all []domainclaim.Claim
	for i := range 80 {
		o := seen(c, []domainclaim.Outcome{domainclaim.Absent, domainclaim.Mismatch}[i/2%2])
		o.NameServers = []string{"ns1.example.net.", "ns2.example.net."}
		o.Answers = []domainclaim.Answer{{Code: domainclaim.CodeNoName}, {Code: domainclaim.CodeOK}}
		kept := copied(t, c)
		next, _ := c.Next(o, start.Add(time.Duration(i)*time.Minute))
		if d := cmp.Diff(kept, c); d != "" {
			t.Fatalf("look %d changed the claim it was for:\n%s", i, d)
		}
		all = append(all, c)
		c = next
	}
	if n := len(c.History); n != 30 || !c.History[29].To.Equal(start.Add(79*time.Minute)) || !c.History[0].From.Equal(start.Add(20*time.Minute)) {
		t.Errorf("%d spans: %+v", n, c.History)
	}
	// Two next values of one claim share nothing that either writes to.
	base := all[40]
	one, _ := base.Next(seen(base, domainclaim.Present), start.Add(time.Hour))
	kept := copied(t, one)
	base.Next(seen(base, domainclaim.Unknown), start.Add(2*time.Hour))
	if d := cmp.Diff(kept, one); d != "" {
		t.Errorf("one next value changed another:\n%s", d)
	}
}

// TestHistoryCodes: two next values of one claim do not write into each other's codes.
func TestHistoryCodes(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	look := func(codes ...domainclaim.Code) domainclaim.Claim {
		o := seen(c, domainclaim.Unknown)
		for _, code := range codes {
			o.Answers = append(o.Answers, domainclaim.Answer{Code: code})
		}
		next, _ := c.Next(o, start)
		return next
	}
	c = look(domainclaim.CodeServFail, domainclaim.CodeRefused, domainclaim.CodeTimeout)
	one := look(domainclaim.CodeLame)
	look(domainclaim.CodeLocal)
	if got := one.History[0].Codes; len(got) != 4 || got[3] != domainclaim.CodeLame {
		t.Errorf("codes %v", got)
	}
}

// TestNameServersStay: a look that found none leaves those that were known.
func TestNameServersStay(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	o := seen(c, domainclaim.Present)
	o.NameServers = []string{"ns1.example.net.", "ns2.example.net."}
	c, _ = c.Next(o, start)
	o.NameServers[0] = "changed." // by the caller, later
	c, _ = c.Next(seen(c, domainclaim.Unknown), start)
	if d := cmp.Diff([]string{"ns1.example.net.", "ns2.example.net."}, c.NameServers); d != "" {
		t.Error(d)
	}
}
