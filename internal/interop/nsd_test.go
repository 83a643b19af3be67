//go:build unix

package interop_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
)

const challenge = "_interop-challenge"

// pending is a new claim.
func pending(t testing.TB, zone string) domainclaim.Claim {
	t.Helper()
	name, err := domainclaim.ParseName(zone, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := domainclaim.New("interop", name, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// long is the value that counts at the domain itself, and short the one under the label.
func long(c domainclaim.Claim) string  { return c.Records()[0].Value }
func short(c domainclaim.Claim) string { return c.Records()[1].Value }

// txt is one record as a line of a zone file, in these strings.
func txt(host string, parts ...string) string {
	return host + ` TXT "` + strings.Join(parts, `" "`) + `"`
}

// codes are how the name servers answered about a name, or the resolvers did, each once.
func codes(o domainclaim.Observation, name string, authoritative bool) []domainclaim.Code {
	var out []domainclaim.Code
	for _, a := range o.Answers {
		if a.Name == name && a.Authoritative == authoritative && !slices.Contains(out, a.Code) {
			out = append(out, a.Code)
		}
	}
	slices.Sort(out)
	return out
}

// scene is what stands in a zone, and what is seen of it.
type scene struct {
	records func(c domainclaim.Claim) []string
	more    map[string]func(c domainclaim.Claim) []string // in other zones
	below   string                                        // the name that is claimed, when it is not the zone
	want    domainclaim.Outcome
	// How the name servers answer at the domain, and under the label; "" is not looked at.
	apex, label domainclaim.Code
	hint        string
	tcp         bool // nothing less will do
}

const (
	ok       = domainclaim.CodeOK
	noName   = domainclaim.CodeNoName
	noData   = domainclaim.CodeNoData
	present  = domainclaim.Present
	absent   = domainclaim.Absent
	mismatch = domainclaim.Mismatch
	unknown  = domainclaim.Unknown
)

func lines(records ...string) func(domainclaim.Claim) []string {
	return func(domainclaim.Claim) []string { return records }
}

func nsdPresent() map[string]scene {
	return map[string]scene{
		"apex": {want: present, apex: ok, label: noName,
			records: func(c domainclaim.Claim) []string { return []string{txt("@", long(c))} }},
		"label": {want: present, apex: noData, label: ok,
			records: func(c domainclaim.Claim) []string { return []string{txt(challenge, short(c))} }},
		"split": {want: present, apex: ok, label: noName,
			records: func(c domainclaim.Claim) []string {
				return []string{txt("@", long(c)[:7], long(c)[7:20], long(c)[20:])}
			}},
		"many": {want: present, apex: ok, label: noName, tcp: true,
			records: func(c domainclaim.Claim) []string {
				var out []string
				for i := range 40 {
					out = append(out, txt("@", fmt.Sprintf("record-%d-%s", i, strings.Repeat("x", 200))))
				}
				return slices.Insert(out, 17, txt("@", long(c)))
			}},
		"alias": {want: present, apex: noData, label: ok,
			records: func(c domainclaim.Claim) []string {
				return []string{challenge + " CNAME proof", txt("proof", short(c))}
			}},
		"away": {want: present, apex: noData, // the label is an alias into another zone
			records: lines(challenge + " CNAME proof.target.example.net."),
			more: map[string]func(domainclaim.Claim) []string{"target.example.net": func(c domainclaim.Claim) []string {
				return []string{txt("proof", short(c))}
			}}},
		"delegated": {want: present, apex: noData, label: ok, // the label is a zone of its own
			records: lines(challenge+" NS ns1", challenge+" NS ns2"),
			more: map[string]func(domainclaim.Claim) []string{challenge + ".delegated.example.com": func(c domainclaim.Claim) []string {
				return []string{txt("@", short(c))}
			}}},
		"beside": {want: present, apex: noData, label: ok,
			records: func(c domainclaim.Claim) []string { return []string{txt("*", "v=spf1 -all"), txt(challenge, short(c))} }},
		"below": {below: "a.b.below.example.com", want: present, apex: ok, label: noName,
			records: func(c domainclaim.Claim) []string { return []string{txt("a.b", long(c))} }},
	}
}

func nsdAbsent() map[string]scene {
	return map[string]scene{
		"empty": {want: absent, apex: noData, label: noName, records: lines(),
			hint: "The name servers of empty.example.com were asked themselves"},
		"mail":        {want: absent, apex: ok, label: noName, records: lines(txt("@", "v=spf1 -all"))},
		"nonterminal": {want: absent, apex: noData, label: noData, records: lines(txt("x."+challenge, "y"))},
		"wildaddress": {want: absent, apex: noData, label: noData, records: lines("* AAAA 3ffe::80")},
		"dangling":    {want: absent, apex: noData, records: lines(challenge + " CNAME nothing.target.example.net.")},
		"hole":        {below: "a.b.hole.example.com", want: absent, apex: noName, label: noName, records: lines()},
		"bare": {want: mismatch, apex: ok, label: noName, hint: "The token stands alone at bare.example.com",
			records: func(c domainclaim.Claim) []string { return []string{txt("@", short(c))} }},
		"old": {want: mismatch, apex: ok, label: noName, hint: "belongs to another claim, or to an older one",
			records: func(c domainclaim.Claim) []string { return []string{txt("@", long(c.Renew(time.Now())))} }},
		"wildcard": {want: mismatch, apex: noData, label: ok, hint: "It may come from a wildcard (*.wildcard.example.com)",
			records: lines(txt("*", "v=spf1 -all"))},
		"doubled": {want: absent, apex: noData, label: noName, hint: "with the domain twice in its name",
			records: func(c domainclaim.Claim) []string {
				return []string{txt(challenge+".doubled.example.com", short(c))}
			}},
	}
}

func nsdUnknown() map[string]scene {
	return map[string]scene{
		"loop": {want: unknown, apex: noData, label: domainclaim.CodeAliasLoop, hint: "CNAME_LOOP",
			records: lines(challenge+" CNAME one", "one CNAME two", "two CNAME "+challenge)},
		// The zone says that others keep this part, and those know nothing of it.
		"lame": {below: "sub.lame.example.com", want: unknown, apex: domainclaim.CodeLame, label: domainclaim.CodeLame, hint: "LAME",
			records: lines("sub NS ns1", "sub NS ns2")},
	}
}

// TestNSD looks claims up at servers that others wrote: NSD and Knot as the name servers of
// the zones, Unbound as the resolvers.
func TestNSD(t *testing.T) {
	t.Parallel()
	zones := []string{"target.example.net", challenge + ".delegated.example.com", "co.uk"}
	scenes := map[string]scene{}
	for _, table := range []map[string]scene{nsdPresent(), nsdAbsent(), nsdUnknown()} {
		for name, s := range table {
			scenes[name] = s
			zones = append(zones, name+".example.com")
		}
	}
	lives := map[string]func(*testing.T, *lab, string){
		"removed": nsdRemoved, "added": nsdAdded, "lagging": nsdLagging, "silent": nsdSilent, "private": nsdPrivate,
		"unregistered": nsdUnregistered, "mistaken": nsdMistaken,
	}
	for name := range lives {
		zones = append(zones, name+".example.com")
	}
	slices.Sort(zones)
	l := newLab(t, zones...)
	claims := map[string]domainclaim.Claim{}
	others := map[string][]string{} // what stands in zones that several scenes share
	for name, s := range scenes {
		zone := name + ".example.com"
		c := pending(t, cmp.Or(s.below, zone))
		claims[name] = c
		for other, records := range s.more {
			others[other] = append(others[other], records(c)...)
		}
		l.publish(t, zone, 2, s.records(c))
	}
	for zone, records := range others {
		l.publish(t, zone, 2, records)
	}
	for name, s := range scenes {
		t.Run(name, func(t *testing.T) { nsdScene(t, l, s, claims[name]) })
	}
	for name, live := range lives {
		t.Run(name, func(t *testing.T) { live(t, l, name+".example.com") })
	}
}

func nsdScene(t *testing.T, l *lab, s scene, c domainclaim.Claim) {
	checker := l.checker(t, l.caching, l.fresh)
	background := checker.Check(t.Context(), c)
	if background.Outcome != s.want {
		t.Errorf("in the background: %s, %s", background.Outcome, background.Hint)
	}
	for _, code := range codes(background, c.Name+".", false) {
		if code != s.apex && s.want != unknown {
			t.Errorf("the resolvers say %s of the domain", code)
		}
	}
	l.forget()
	now := checker.CheckNow(t.Context(), c)
	if now.Outcome != s.want || now.Authoritative != (s.want != unknown) || !strings.Contains(now.Hint, s.hint) {
		t.Errorf("now: %s, authoritative %t, %s", now.Outcome, now.Authoritative, now.Hint)
	}
	for name, want := range map[string]domainclaim.Code{c.Name + ".": s.apex, challenge + "." + c.Name + ".": s.label} {
		if got := codes(now, name, true); want != "" && !slices.Equal(got, []domainclaim.Code{want}) {
			t.Errorf("the name servers say %v of %s and not %s", got, name, want)
		}
	}
	if tcp := slices.ContainsFunc(l.seen(), func(d string) bool { return strings.HasPrefix(d, "tcp ") }); tcp != s.tcp {
		t.Errorf("dialled by TCP: %t", tcp)
	}
	if want := []string{"ns1.", "ns2."}; s.below == "" {
		for i, host := range now.NameServers {
			if !strings.HasPrefix(host, want[i]) {
				t.Errorf("name servers %v", now.NameServers)
			}
		}
	}
	if t.Failed() {
		for _, a := range now.Answers {
			t.Logf("%+v", a)
		}
	}
}

// step moves a claim as a caller does.
func step(t *testing.T, c domainclaim.Claim, o domainclaim.Observation, want domainclaim.State) domainclaim.Claim {
	t.Helper()
	c, _ = c.Next(o, time.Now())
	if c.State != want {
		t.Fatalf("%s after %s: %s", c.State, o.Outcome, o.Hint)
	}
	return c
}

// within fails unless resolvers go on for at most so many seconds.
func within(t *testing.T, o domainclaim.Observation, seconds int) {
	t.Helper()
	if left := o.CachedUntil.Sub(o.At); left <= 0 || left > time.Duration(seconds)*time.Second {
		t.Errorf("kept for %v instead of %d seconds at most: %s", left, seconds, o.Hint)
	}
}

// nsdRemoved takes a record away that a resolver still has.
func nsdRemoved(t *testing.T, l *lab, zone string) {
	c := pending(t, zone)
	both := l.checker(t, l.caching, l.fresh)
	l.publish(t, zone, 2, []string{txt("@", long(c))})
	o := both.Check(t.Context(), c)
	if o.Outcome != present || !o.Authoritative {
		t.Fatalf("not proven yet: %s, authoritative %t: %s", o.Outcome, o.Authoritative, o.Hint)
	}
	proven := step(t, c, o, domainclaim.Verified)
	l.forget()
	if o := both.Check(t.Context(), proven); o.Outcome != present || len(o.Answers) != 1 || len(l.seen()) > 0 {
		t.Errorf("all is well, and yet it took %d answers and %v: %s", len(o.Answers), l.seen(), o.Outcome)
	}
	l.publish(t, zone, 3, nil)
	o = both.CheckNow(t.Context(), c)
	if o.Outcome != absent || !o.Authoritative {
		t.Errorf("not proven, and gone: %s, authoritative %t: %s", o.Outcome, o.Authoritative, o.Hint)
	}
	within(t, o, recordTTL)
	if o = both.CheckNow(t.Context(), proven); o.Outcome != absent || !o.Authoritative {
		t.Errorf("proven, and one resolver still has it: %s, authoritative %t: %s", o.Outcome, o.Authoritative, o.Hint)
	}
	fresh := l.checker(t, l.fresh)
	if o = fresh.Check(t.Context(), proven); o.Outcome != absent || !o.Authoritative {
		t.Errorf("proven, and gone for everybody: %s, authoritative %t: %s", o.Outcome, o.Authoritative, o.Hint)
	}
	missing := step(t, proven, o, domainclaim.Missing)
	l.publish(t, zone, 4, []string{txt(challenge, short(c))})
	if o = fresh.CheckNow(t.Context(), missing); o.Outcome != present || !o.Authoritative {
		t.Errorf("back, under the label: %s, authoritative %t: %s", o.Outcome, o.Authoritative, o.Hint)
	}
	step(t, missing, o, domainclaim.Verified)
}

// nsdAdded publishes a record whose absence a resolver has kept.
func nsdAdded(t *testing.T, l *lab, zone string) {
	c := pending(t, zone)
	both := l.checker(t, l.caching, l.fresh)
	if o := both.Check(t.Context(), c); o.Outcome != absent || !o.Authoritative {
		t.Fatalf("before: %s, authoritative %t: %s", o.Outcome, o.Authoritative, o.Hint)
	}
	l.publish(t, zone, 2, []string{txt("@", long(c))})
	o := both.CheckNow(t.Context(), c)
	if o.Outcome != present || !o.Authoritative {
		t.Errorf("now: %s, authoritative %t: %s", o.Outcome, o.Authoritative, o.Hint)
	}
	within(t, o, absentTTL)
	if o = both.Check(t.Context(), c); o.Outcome != present || !o.Authoritative {
		t.Errorf("in the background: %s, authoritative %t: %s", o.Outcome, o.Authoritative, o.Hint)
	}
}

// nsdLagging has one of two name servers that is behind.
func nsdLagging(t *testing.T, l *lab, zone string) {
	c := pending(t, zone)
	checker := l.checker(t, l.fresh)
	l.publish(t, zone, 2, []string{txt("@", long(c))}, 0)
	o := checker.CheckNow(t.Context(), c)
	if o.Outcome != present || !o.Authoritative || !strings.Contains(o.Hint, "1 of 2 name servers have it so far") {
		t.Errorf("one has it: %s, authoritative %t: %s", o.Outcome, o.Authoritative, o.Hint)
	}
	proven := step(t, c, o, domainclaim.Verified)
	l.publish(t, zone, 2, []string{txt("@", long(c))}, 1)
	l.publish(t, zone, 3, nil, 0)
	if o = checker.CheckNow(t.Context(), proven); o.Outcome != present {
		t.Errorf("one has lost it: %s: %s", o.Outcome, o.Hint)
	}
	l.publish(t, zone, 3, nil, 1)
	if o = checker.CheckNow(t.Context(), proven); o.Outcome != absent || !o.Authoritative {
		t.Errorf("both have: %s, authoritative %t: %s", o.Outcome, o.Authoritative, o.Hint)
	}
}

// nsdSilent has four name servers of which two can't be reached: those that answer are too
// few to say what is there and what is gone, and it is for the resolvers to say.
func nsdSilent(t *testing.T, l *lab, zone string) {
	c := pending(t, zone)
	checker := l.checker(t, l.fresh)
	silent := []string{"@ NS ns3", "ns3 AAAA 3ffe::3", "@ NS ns4", "ns4 AAAA 3ffe::4"}
	l.publish(t, zone, 2, silent)
	if o := checker.CheckNow(t.Context(), c); o.Outcome != absent || o.Authoritative {
		t.Errorf("no record: %s, authoritative %t: %s", o.Outcome, o.Authoritative, o.Hint)
	}
	l.publish(t, zone, 3, append(silent, txt("@", long(c))))
	if o := checker.CheckNow(t.Context(), c); o.Outcome != present || o.Authoritative {
		t.Errorf("a record: %s, authoritative %t: %s", o.Outcome, o.Authoritative, o.Hint)
	}
}

// nsdPrivate has name servers inside of the host's network.
func nsdPrivate(t *testing.T, l *lab, zone string) {
	c := pending(t, zone)
	l.publish(t, zone, 2, []string{"@ NS ns3", "ns3 A 127.0.0.1", "ns3 AAAA ::1", "@ NS ns4", "ns4 A 10.0.0.1", "ns4 AAAA fd00::1", txt("@", long(c))})
	l.forget()
	if o := l.checker(t, l.fresh).CheckNow(t.Context(), c); o.Outcome != present || !o.Authoritative {
		t.Errorf("%s, authoritative %t: %s", o.Outcome, o.Authoritative, o.Hint)
	}
	for _, d := range l.seen() {
		if !strings.Contains(d, "[3ffe::") {
			t.Errorf("dialled %s", d)
		}
	}
}

// nsdUnregistered is of a domain that nobody has: the servers of its ending say so.
func nsdUnregistered(t *testing.T, l *lab, _ string) {
	c := pending(t, "nobody.co.uk")
	checker := l.checker(t, l.fresh)
	proven := step(t, c, domainclaim.Observation{Name: c.Name, Token: c.Token, Outcome: present}, domainclaim.Verified)
	for _, c := range []domainclaim.Claim{c, proven} {
		o := checker.CheckNow(t.Context(), c)
		if got := codes(o, c.Name+".", true); o.Outcome != absent || !o.Authoritative || !slices.Equal(got, []domainclaim.Code{noName}) {
			t.Errorf("%s: %s, authoritative %t, %v: %s", c.State, o.Outcome, o.Authoritative, got, o.Hint)
		}
	}
	l.publish(t, "co.uk", 2, []string{"nobody NS ns1", "nobody NS ns2"}) // registered, and kept by nobody
	if o := checker.CheckNow(t.Context(), proven); o.Outcome != unknown {
		t.Errorf("registered again: %s: %s", o.Outcome, o.Hint)
	}
}

// nsdMistaken names a resolver as one of its name servers: what that has kept is not its
// to say.
func nsdMistaken(t *testing.T, l *lab, zone string) {
	c := pending(t, zone)
	checker := l.checker(t, l.caching)
	server := []string{"@ NS ns3", "ns3 AAAA " + mistaken().String()}
	l.publish(t, zone, 2, append(server, txt("@", long(c))))
	if o := checker.Check(t.Context(), c); o.Outcome != present {
		t.Fatalf("%s: %s", o.Outcome, o.Hint)
	}
	l.publish(t, zone, 3, server)
	o := checker.CheckNow(t.Context(), c)
	if got := codes(o, c.Name+".", true); o.Outcome != absent || !o.Authoritative || !slices.Equal(got, []domainclaim.Code{domainclaim.CodeLame, noData}) {
		t.Errorf("%s, authoritative %t, %v: %s", o.Outcome, o.Authoritative, got, o.Hint)
	}
}
