package accesssec_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// chaosFate is what happens to an instance while it ticks. But for the last, each of them
// does the same to the claims whatever order goroutines run in.
type chaosFate int

const (
	chaosWell          chaosFate = iota
	chaosDiesLeasing             // it dies with leases in its hands
	chaosDiesWriting             // it dies when it writes the first look
	chaosStops                   // it is told to stop when it begins to look
	chaosFlaky                   // the store fails here and there, at times after it has committed
	chaosDiesSomewhere           // it dies at one of its calls and look-ups, whichever comes then
	chaosStopsAnywhere           // it is told to stop there
	chaosFates
)

// chaosRun is a number of instances over one store, and the time that passes for them.
type chaosRun struct {
	t         *testing.T
	script    *chaosScript
	start     time.Time
	since     atomic.Int64 // nanoseconds since then
	ledger    *chaosLedger
	keys      *seal.Ring
	instances []*chaosInstance
	over      bool // nobody gets a claim to look at any more
	anywhere  bool // with fates that depend on the order of goroutines
	step      int
	owners    map[int]accesssec.Principal
	ids       []string // of the claims, as the domains of the script
	post      chaosPost
	counts    struct{ ticks, deaths, pairs, downs, verifies int }
}

// chaosInstance is one process: a Service, until it dies and another takes its place.
type chaosInstance struct {
	run  *chaosRun
	no   int
	svc  *accesssec.Service
	back time.Duration // when it is there again

	fate   chaosFate
	cancel context.CancelFunc
	left   atomic.Int64 // calls and look-ups until its fate
	gone   atomic.Bool
	asked  atomic.Int64 // look-ups, in all
}

var errChaosPost = errors.New("chaos: the mail server is away")

// chaosPost takes notices, six times of seven.
type chaosPost struct {
	mu    sync.Mutex
	tries int
	came  map[chaosNotice]map[string]int // by id, how often
}

type chaosNotice struct {
	Template accesssec.Template
	Domain   string
}

func (p *chaosPost) Notify(_ context.Context, n accesssec.Notice) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tries++; p.tries%7 == 0 {
		return errChaosPost
	}
	key := chaosNotice{n.Template, n.Values["domain"]}
	if p.came[key] == nil {
		p.came[key] = map[string]int{}
	}
	p.came[key][n.ID]++
	return nil
}

func newChaosRun(t *testing.T, seed uint64, n int) *chaosRun {
	t.Helper()
	r := &chaosRun{
		t: t, script: newChaosScript(seed, n), start: time.Date(2040, 3, 1, 12, 0, 0, 0, time.UTC), keys: seal.GenerateRing(),
		owners: map[int]accesssec.Principal{}, ids: make([]string, n),
	}
	r.post.came = map[chaosNotice]map[string]int{}
	r.ledger = newChaosLedger(memory.New(), r.now)
	for i := range 3 {
		in := &chaosInstance{run: r, no: i}
		in.begin()
		r.instances = append(r.instances, in)
	}
	return r
}

func (r *chaosRun) at() time.Duration { return time.Duration(r.since.Load()) }
func (r *chaosRun) now() time.Time    { return r.start.Add(r.at()) }

// begin starts the process anew: it remembers nothing.
func (in *chaosInstance) begin() {
	resolvers := make([]domainclaim.Resolver, chaosResolvers)
	for i := range resolvers {
		resolvers[i] = chaosAsked{by: in, server: i}
	}
	svc, err := accesssec.New(chaosHand{in.run.ledger, in}, "https://app.example.com", in.run.keys, &accesssec.Options{
		Resolvers: resolvers, Authority: chaosAuthority{in}, Notify: &in.run.post, Now: in.run.now,
	})
	if err != nil {
		in.run.t.Fatal(err)
	}
	in.svc = svc
	in.fate = chaosWell
	in.gone.Store(false)
}

func (in *chaosInstance) die() { in.gone.Store(true) }

// comes reports whether the one call has come that an instance dies at.
func (in *chaosInstance) comes() {
	switch {
	case in.fate != chaosDiesSomewhere && in.fate != chaosStopsAnywhere, in.left.Add(-1) != 0:
	case in.fate == chaosDiesSomewhere:
		in.die()
	default:
		in.cancel()
	}
}

// calls is asked before each call of the store.
func (in *chaosInstance) calls(ctx context.Context) error {
	in.comes()
	if in.gone.Load() {
		return errChaosGone
	}
	return ctx.Err()
}

// looks is asked before each look-up.
func (in *chaosInstance) looks(ctx context.Context) error {
	in.asked.Add(1)
	in.comes()
	if in.fate == chaosStops {
		in.cancel()
		<-ctx.Done()
	}
	if in.gone.Load() {
		return errChaosGone
	}
	return ctx.Err()
}

// commits is asked at the end of a transaction whether it is kept, and whether the answer
// is lost.
func (in *chaosInstance) commits(tx *chaosTx) (kept, lost bool) {
	if len(tx.ended) > 0 && in.fate == chaosDiesWriting {
		in.die()
	}
	if in.gone.Load() {
		return false, false
	}
	if in.fate != chaosFlaky {
		return true, false
	}
	// What is written together is so by chance: one lot for all that moves nothing.
	key := "quiet"
	if tx.told && len(tx.updated) == 1 {
		key = tx.updated[0].Name
	}
	switch chaosLot(in.run.script.seed, key, uint64(in.run.step)) % 4 {
	case 0:
		return false, false
	case 1:
		return true, true
	}
	return true, false
}

// tick lets the instance work, and meet its fate.
func (in *chaosInstance) tick(fate chaosFate, left int) {
	ctx, cancel := context.WithCancel(in.run.t.Context())
	defer cancel()
	in.fate, in.cancel = fate, cancel
	in.left.Store(int64(left))
	_, err := in.svc.Tick(ctx)
	if err != nil && fate == chaosWell && !chaosExpected(err) {
		in.run.t.Errorf("%v: a Tick that nothing happens to: %v", in.run.now(), err)
	}
	in.fate = chaosWell
	if ctx.Err() != nil {
		in.die()
	}
}

// chaosExpected reports whether nothing but the post was at fault, or a machine on which not
// all logs were sealed within a lease, which is real time: the next Tick goes on with them,
// and at the end none may be open.
func chaosExpected(err error) bool {
	for line := range strings.Lines(err.Error()) {
		slow := strings.Contains(line, "accesssec: log of ") && strings.Contains(line, context.DeadlineExceeded.Error())
		if !slow && !strings.Contains(line, errChaosPost.Error()) {
			return false
		}
	}
	return true
}

// claim makes the orgs, and lets their owners claim all domains.
func (r *chaosRun) claim() {
	r.t.Helper()
	svc := r.instances[0].svc
	for i, d := range r.script.domains {
		owner, ok := r.owners[d.org]
		if !ok {
			var err error
			owner, err = svc.CreateOrg(r.t.Context(), fmt.Sprintf("Org %d", d.org), accesssec.Person{Address: fmt.Sprintf("owner%d@example.org", d.org), Verified: true})
			if err != nil {
				r.t.Fatal(err)
			}
			r.owners[d.org] = owner
		}
		c, err := svc.Admin(owner).ClaimDomain(r.t.Context(), d.name)
		if err != nil {
			r.t.Fatal(err)
		}
		r.ids[i] = c.ID
		r.script.publish(d, c)
	}
}

// live is so many days, and some hours more in which no claim is looked at, so that what
// waits to be sealed or delivered is.
func (r *chaosRun) live(days int) {
	r.t.Helper()
	for r.at() < time.Duration(days)*chaosDay && !r.t.Failed() {
		r.step++
		r.next(rand.New(rand.NewPCG(r.script.seed, uint64(r.step)<<8|2)))
	}
	for _, in := range r.instances {
		in.back = min(in.back, r.at())
	}
	r.over = true
	for range 6 {
		r.since.Add(int64(time.Hour))
		r.restart()[0].tick(chaosWell, 0)
	}
}

// restart lets those begin anew whose time has come.
func (r *chaosRun) restart() (up []*chaosInstance) {
	for _, in := range r.instances {
		if r.at() < in.back {
			continue
		}
		if in.gone.Load() || in.back != 0 {
			in.begin()
			in.back = 0
		}
		up = append(up, in)
	}
	return up
}

// next is one step of the scheduler.
func (r *chaosRun) next(lots *rand.Rand) {
	r.since.Add(int64(time.Duration([]int{3, 5, 6, 8, 10}[lots.IntN(5)]) * time.Minute))
	up := r.restart()
	if len(up) == 0 {
		return
	}
	lots.Shuffle(len(up), func(i, j int) { up[i], up[j] = up[j], up[i] })
	rest := func(in *chaosInstance, least, most time.Duration) {
		in.back = r.at() + least + time.Duration(lots.Int64N(int64(most-least)))
	}
	if len(up) > 1 && lots.IntN(400) == 0 {
		r.counts.downs++
		rest(up[0], 6*time.Hour, 4*chaosDay)
		up[0].die()
		up = up[1:]
	}
	if lots.IntN(50) == 0 {
		r.verify(up[0], lots.IntN(len(r.ids)))
	}
	fate := chaosWell
	if lots.IntN(25) == 0 {
		fate = chaosFate(1 + lots.IntN(int(chaosFlaky)))
		if r.anywhere {
			fate = chaosFate(1 + lots.IntN(int(chaosFates)-1))
		}
		r.counts.deaths++
	}
	left := 1 + lots.IntN(1+int(chaosLot(r.script.seed, "left", uint64(r.step))%2000))
	if n := lots.IntN(10); len(up) > 1 && n < 3 && (fate == chaosWell || fate == chaosFlaky || r.anywhere) {
		r.counts.pairs++
		var wg sync.WaitGroup
		for _, in := range up[:2] {
			wg.Go(func() { in.tick(fate, left) })
		}
		wg.Wait()
		r.counts.ticks += 2
		up = up[:2]
	} else {
		if lots.IntN(4) > 0 {
			up = up[:1]
		}
		for i, in := range up {
			if i > 0 {
				in.tick(chaosWell, 0)
			} else {
				in.tick(fate, left)
			}
			r.counts.ticks++
		}
	}
	for _, in := range up {
		if in.gone.Load() {
			rest(in, 0, time.Hour)
		}
	}
}

// verify is an owner who looks now.
func (r *chaosRun) verify(in *chaosInstance, i int) {
	r.counts.verifies++
	ctx := r.t.Context()
	owner := r.owners[r.script.domains[i].org]
	p, err := in.svc.Vouch(ctx, owner.OrgID, owner.UserID)
	if err == nil {
		_, err = in.svc.Admin(p).VerifyDomain(ctx, r.ids[i])
	}
	for _, code := range []accesssec.Code{accesssec.CodeDNS, accesssec.CodeDomainUnproven, accesssec.CodeLocked} {
		if accesssec.IsRefusal(err, code) {
			return
		}
	}
	if err != nil {
		r.t.Errorf("%v: verify now: %v", r.now(), err)
	}
}
