package accesssec_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// TestDomainChaos: many domains over forty days, three instances on one store that die, stop
// and tick at once, three resolvers and the name servers of a hundred hosters of which three
// look-ups in ten fail, outages of days. No claim whose record is there, or away for less
// than a week, lapses; each whose record is removed does, after seven to eight days in which
// DNS could tell; each change is one event and one notice; no job is anybody's twice.
//
// ACCESSSEC_CHAOS is how many domains, 300 if unset, and ACCESSSEC_CHAOS_SEED another run.
func TestDomainChaos(t *testing.T) {
	t.Parallel()
	n := chaosNumber(t, "ACCESSSEC_CHAOS", 300)
	r := newChaosRun(t, uint64(chaosNumber(t, "ACCESSSEC_CHAOS_SEED", 20400301)), n)
	r.claim()
	r.live(chaosDays)
	r.judge(n >= 300)
	if n < 10_000 {
		t.Log("ACCESSSEC_CHAOS=10000 go test ./accesssec -run TestDomainChaos$ -timeout 60m is the whole of it")
	}
}

// TestDomainChaosRepeats: a seed is a run, whatever goroutines do.
func TestDomainChaosRepeats(t *testing.T) {
	t.Parallel()
	var moves [2]map[string][]chaosMove
	for i := range moves {
		r := newChaosRun(t, 7, 60)
		r.claim()
		r.live(25)
		moves[i] = r.moves()
	}
	if d := cmp.Diff(moves[0], moves[1]); d != "" {
		t.Errorf("the second run went another way:\n%s", d)
	}
}

// TestDomainChaosAnywhere: instances die, and are told to stop, at any call and any look-up,
// two of them at once as well. Which claims that delays differs from run to run, and what
// becomes of them does not.
func TestDomainChaosAnywhere(t *testing.T) {
	t.Parallel()
	r := newChaosRun(t, 11, 100)
	r.anywhere = true
	r.claim()
	r.live(25)
	r.judge(false)
}

func chaosNumber(t *testing.T, name string, otherwise int) int {
	text, ok := os.LookupEnv(name)
	if !ok {
		return otherwise
	}
	n := 0
	if _, err := fmt.Sscan(text, &n); err != nil || n < 1 {
		t.Fatalf("%s=%s", name, text)
	}
	return n
}

// moves is what became of all claims, by name.
func (r *chaosRun) moves() map[string][]chaosMove {
	out := map[string][]chaosMove{}
	for _, c := range r.ledger.claims {
		out[c.Name] = c.Moves
	}
	return out
}

// chaosSum is what the claims came to.
type chaosSum struct {
	removed, lapsed, recovered int
	toFind, toLapse, inAll     []time.Duration // of answerable time: until it was found gone, from then on, and both
}

// judge holds what became of the claims against the truth. enough says that there were so
// many that each kind of trouble must have met some.
func (r *chaosRun) judge(enough bool) {
	t := r.t
	t.Helper()
	for _, f := range r.ledger.faults {
		t.Error(f)
	}
	if len(r.ledger.claims) != len(r.script.domains) {
		t.Fatalf("%d claims on %d domains", len(r.ledger.claims), len(r.script.domains))
	}
	events := r.events()
	var sum chaosSum
	for i, d := range r.script.domains {
		c := r.ledger.claims[r.ids[i]]
		r.judgeMoves(d, c, &sum)
		r.judgeTold(d, c, events[r.ids[i]])
		if t.Failed() {
			dark, unreached := r.script.dark(d)
			t.Fatalf("%+v\n%+v\nevents %v\ndark %v\nunreached %v", *d, *c, events[r.ids[i]], dark, unreached)
		}
	}
	r.judgeSystem()
	if enough && (sum.lapsed < len(r.ids)/50 || sum.recovered < len(r.ids)/60 || r.ledger.again == 0 || r.counts.downs == 0 || r.counts.verifies == 0) {
		t.Errorf("too little happened to show anything: %+v, %+v", sum, r.counts)
	}
	asked := int64(0)
	for _, in := range r.instances {
		asked += in.asked.Load()
	}
	t.Logf("%d domains over %.0f days, seed %d: %d steps, %+v", len(r.ids), r.at().Hours()/24, r.script.seed, r.step, r.counts)
	t.Logf("%d leases, %d of them after their holder was gone; %d look-ups, %d looks written", r.ledger.leased, r.ledger.again, asked, r.ledger.looks)
	t.Logf("%d records removed for good, %d lapsed; %d that were away came back in time", sum.removed, sum.lapsed, sum.recovered)
	t.Logf("answerable time from the removal to the first look that found it gone: %s", chaosSpread(sum.toFind))
	t.Logf("answerable time from that look to the end of the claim: %s", chaosSpread(sum.toLapse))
	t.Logf("answerable time from the removal to the end of the claim: %s", chaosSpread(sum.inAll))
}

func chaosSpread(d []time.Duration) string {
	if len(d) == 0 {
		return "none"
	}
	slices.Sort(d)
	at := func(permille int) string {
		return fmt.Sprintf("%.2f", d[(len(d)-1)*permille/1000].Hours()/24)
	}
	return fmt.Sprintf("least %s, half within %s, 99 of 100 within %s, all within %s days", at(0), at(500), at(990), at(1000))
}

// judgeMoves: a claim is proven once, and ends when it must and never else.
func (r *chaosRun) judgeMoves(d *chaosDomain, c *chaosClaim, sum *chaosSum) {
	dark, unreached := r.script.dark(d)
	if d.gone > 0 {
		sum.removed++
	}
	var missing time.Duration // since when; 0: it is not
	for i, m := range c.Moves {
		at := m.At.Sub(r.start)
		switch was := m.From + " to " + m.To; was {
		case "pending to verified":
			if i != 0 || at < d.since {
				r.t.Errorf("%s is verified after %v", d.name, at)
			}
		case "verified to missing":
			missing = at
			if d.stands(at) && d.stands(at-time.Hour) { // a cache may not have it yet
				r.t.Errorf("%s is missing after %v, and its record is there", d.name, at)
			}
			if d.gone > 0 && at >= d.gone {
				sum.toFind = append(sum.toFind, chaosOutside(d.gone, at, dark...))
			}
		case "missing to verified":
			missing = 0
			sum.recovered++
			if !d.stands(at) && !d.stands(at-time.Hour) { // a cache may have had it
				r.t.Errorf("%s is verified after %v, and its record is not there", d.name, at)
			}
		case "missing to unverified":
			sum.lapsed++
			if d.gone == 0 || at < d.gone {
				r.t.Errorf("%s lapses after %v, and its record is not gone for good", d.name, at)
				break
			}
			if took := chaosOutside(missing, at, dark...); took < domainclaim.Grace {
				r.t.Errorf("%s lapses %v after it was found gone", d.name, took)
			}
			if took := chaosOutside(missing, at, unreached...); took > domainclaim.Grace+chaosDay {
				r.t.Errorf("%s lapses no sooner than %v after it was found gone", d.name, took)
			}
			sum.toLapse = append(sum.toLapse, chaosOutside(missing, at, unreached...))
			sum.inAll = append(sum.inAll, chaosOutside(d.gone, at, unreached...))
			missing = 0
		default:
			r.t.Errorf("%s: %s", d.name, was)
		}
	}
	switch end := r.at(); {
	case len(c.Moves) == 0:
		r.t.Errorf("%s is never verified", d.name)
	case c.Status == store.DomainMissing && chaosOutside(missing, end, unreached...) > domainclaim.Grace+chaosDay:
		r.t.Errorf("%s is missing since %v, and does not lapse", d.name, missing)
	case c.Status == store.DomainVerified && d.gone > 0 && chaosOutside(d.gone, end, unreached...) > 2*chaosDay:
		r.t.Errorf("%s is gone since %v, and nobody sees it", d.name, d.gone)
	}
}

// judgeTold: each change of a claim is one event of the same instant, and one notice; of one
// that stays missing the third and the sixth day are as well.
func (r *chaosRun) judgeTold(d *chaosDomain, c *chaosClaim, events []chaosEvent) {
	kinds := map[string]audit.Type{
		store.DomainVerified: audit.DomainVerified, store.DomainMissing: audit.DomainMissing, store.DomainUnverified: audit.DomainLapsed,
	}
	want := []chaosEvent{{audit.DomainClaimed, r.start}}
	notices := map[accesssec.Template]int{}
	for _, m := range c.Moves {
		e := chaosEvent{kinds[m.To], m.At}
		if m.From == store.DomainMissing && m.To == store.DomainVerified {
			e.Type = audit.DomainRecovered
		}
		want = append(want, e)
		notices[map[audit.Type]accesssec.Template{
			audit.DomainVerified: accesssec.TemplateDomainVerified, audit.DomainMissing: accesssec.TemplateDomainMissing,
			audit.DomainRecovered: accesssec.TemplateDomainRecovered, audit.DomainLapsed: accesssec.TemplateDomainLapsed,
		}[e.Type]]++
	}
	dark, unreached := r.script.dark(d)
	var moves []chaosEvent
	var since time.Duration
	reminders := 0
	for _, e := range events {
		if e.Type != audit.DomainChecked {
			moves = append(moves, e)
			since, reminders = e.At.Sub(r.start), 0
			continue
		}
		notices[accesssec.TemplateDomainMissing]++
		reminders++
		after := time.Duration(reminders) * 3 * chaosDay
		took, seen := chaosOutside(since, e.At.Sub(r.start), dark...), chaosOutside(since, e.At.Sub(r.start), unreached...)
		if reminders > 2 || took < after || seen > after+chaosDay {
			r.t.Errorf("%s: reminder %d after %v, %v of them with its name servers", d.name, reminders, took, seen)
		}
	}
	if diff := cmp.Diff(want, moves); diff != "" {
		r.t.Errorf("%s: the changes, and the events of them:\n%s", d.name, diff)
	}
	if c.Status == store.DomainUnverified && notices[accesssec.TemplateDomainMissing] < 3 {
		r.t.Errorf("%s lapses after too few notices: %v", d.name, notices)
	}
	got := map[accesssec.Template]int{}
	for n := range notices {
		got[n] = len(r.post.came[chaosNotice{n, d.name}])
	}
	if diff := cmp.Diff(notices, got); diff != "" {
		r.t.Errorf("%s: notices:\n%s", d.name, diff)
	}
}

// judgeSystem: what concerns no claim by itself.
func (r *chaosRun) judgeSystem() {
	page, err := r.ledger.AuditEvents(r.t.Context(), "", store.AuditQuery{Types: []string{string(audit.DNSDoubted)}})
	if err != nil || len(page.Items) != 0 {
		r.t.Errorf("%d times the absence of records was doubted: %v", len(page.Items), err)
	}
	known := map[accesssec.Template]bool{
		accesssec.TemplateDomainVerified: true, accesssec.TemplateDomainMissing: true,
		accesssec.TemplateDomainRecovered: true, accesssec.TemplateDomainLapsed: true,
	}
	for _, n := range slices.Collect(maps.Keys(r.post.came)) {
		if !known[n.Template] {
			r.t.Errorf("a notice that nobody was to get: %v", n)
		}
	}
}

// chaosEvent is one event about a claim.
type chaosEvent struct {
	Type audit.Type
	At   time.Time
}

// events reads the logs of all orgs, each of which must be one whole chain, and returns what
// they have about each claim.
func (r *chaosRun) events() map[string][]chaosEvent {
	r.t.Helper()
	out := map[string][]chaosEvent{}
	for _, owner := range r.owners {
		rows := r.log(owner.OrgID, false)
		if _, err := audit.VerifyChain(store.AuditHead{}, rows); err != nil {
			r.t.Error(err)
		}
		if open := r.log(owner.OrgID, true); len(open) != 0 {
			r.t.Errorf("%d events of %s are not sealed", len(open), owner.OrgID)
		}
		for _, e := range rows {
			if r.ledger.claims[e.Target] != nil {
				out[e.Target] = append(out[e.Target], chaosEvent{audit.Type(e.Type), e.At})
			} else if e.Type == string(audit.NoticeDropped) {
				r.t.Errorf("a notice of %s was dropped", owner.OrgID)
			}
		}
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b chaosEvent) int { return a.At.Compare(b.At) })
	}
	return out
}

func (r *chaosRun) log(org string, unsealed bool) []store.AuditEvent {
	r.t.Helper()
	var out []store.AuditEvent
	q := store.AuditQuery{Unsealed: unsealed, Paging: store.Paging{Limit: 1000}}
	for {
		page, err := r.ledger.AuditEvents(r.t.Context(), org, q)
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, page.Items...)
		if q.After = page.Next; q.After == "" {
			return out
		}
	}
}
