package accesssec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// jobKind is one line of the table of what is done in the background.
type jobKind struct {
	kind   string
	every  time.Duration // how often; 0: once, when somebody has put one
	lease  time.Duration // from then on another instance may take it
	atOnce int           // how many one instance runs side by side
	retry  delays        // after a failure
	run    func(context.Context, leased) (result, error)
	// batch is how many jobs one hand takes at once, for runAll in place of run; that
	// writes down by itself how each of them ended.
	batch  int
	runAll func(context.Context, []leased) end
}

// jobKinds is that table. What nobody here could do is not in it, and is left to an
// instance that can.
func (s *Service) jobKinds() []jobKind {
	kinds := []jobKind{
		{kind: "seal", every: 5 * time.Second, lease: time.Minute, atOnce: 1, retry: delays{5 * time.Second, time.Minute}, run: s.sealLogs},
		{kind: "certificates", every: 6 * time.Hour, lease: 20 * time.Minute, atOnce: 1, retry: delays{5 * time.Minute, time.Hour}, run: s.lookAfterCertificates},
		{kind: "scim_tokens", every: 6 * time.Hour, lease: 20 * time.Minute, atOnce: 1, retry: delays{5 * time.Minute, time.Hour}, run: s.lookAfterSCIMTokens},
		{kind: "reseal", every: 6 * time.Hour, lease: 20 * time.Minute, atOnce: 1, retry: delays{5 * time.Minute, time.Hour}, run: s.reseal},
		{kind: "domains", every: 24 * time.Hour, lease: 20 * time.Minute, atOnce: 1, retry: delays{5 * time.Minute, time.Hour}, run: s.lookAfterDomains},
		{kind: domainJob, lease: 4 * time.Minute, atOnce: domainHands, batch: domainBatch, runAll: s.lookAtDomains},
		{kind: metadataJob, lease: 4 * time.Minute, atOnce: 4, retry: delays{15 * time.Minute, 24 * time.Hour}, run: s.readMetadata},
		{kind: "sweep", every: 10 * time.Minute, lease: 4 * time.Minute, atOnce: 1, retry: delays{time.Minute, 10 * time.Minute}, run: s.sweep},
	}
	if s.opts.Notify != nil {
		kinds = append(kinds, jobKind{kind: noticeJob, lease: 2 * time.Minute, atOnce: 8, retry: delays{30 * time.Second, time.Hour}, run: s.deliver},
			jobKind{kind: mailJob, lease: 2 * time.Minute, atOnce: 8, retry: delays{10 * time.Second, 10 * time.Minute}, run: s.answerMail})
	}
	return kinds
}

// within is how long a run may take. The rest of the lease is for one that does not
// stop at once, and for writing down how it ended.
func (k jobKind) within() time.Duration { return k.lease / 4 }

// leased is a job in our hands.
type leased struct {
	store.Job
	body jobBody
}

// result is how a run ended that did not fail.
type result struct {
	next   time.Time                            // when to come again; zero: as its kind does
	done   int                                  // for the count that Tick returns
	change func(context.Context, *change) error // what it came to, written with the end of the lease; nil: nothing
}

// jobBody is what stands in a job's Body.
type jobBody struct {
	Attempts int       `json:"attempts,omitempty"` // that failed, in a row
	Until    time.Time `json:"until,omitzero"`     // given up from then on; zero: never
	Box      []byte    `json:"box,omitempty"`      // sealed to the job's kind, org and key
	Name     string    `json:"name,omitempty"`     // of the domain that is looked at
	Turn     bool      `json:"turn,omitempty"`     // it has waited for its turn
	Now      bool      `json:"now,omitempty"`      // somebody waits: the name servers are asked
}

func (b jobBody) encode() ([]byte, error) {
	out, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("accesssec: job: %w", err)
	}
	return out, nil
}

// readJobBody takes what it can't read for a job without anything in it: who needs
// more than that finds no box to open.
func readJobBody(body []byte) jobBody {
	var b jobBody
	if len(body) > 0 && json.Unmarshal(body, &b) != nil || b.Attempts < 0 {
		return jobBody{}
	}
	b.Until = b.Until.UTC().Truncate(time.Microsecond)
	if y := b.Until.Year(); y < 1 || y > 9999 { // JSON could not hold it
		return jobBody{}
	}
	return b
}

// delays grow: the first after one failure, twice as long after each further one.
type delays struct{ first, most time.Duration }

func (d delays) after(failures int) time.Duration {
	wait := d.first
	for range failures - 1 {
		if wait >= d.most/2 {
			return d.most
		}
		wait *= 2
	}
	return wait
}

// next is when a job comes again that has failed for the attempts-th time: not after
// the instant from which it is given up, or it would be given up late.
func (k jobKind) next(now time.Time, b jobBody) time.Time {
	at := now.Add(k.retry.after(b.Attempts))
	if b.Until.After(now) && b.Until.Before(at) {
		return b.Until
	}
	return at
}

// schedule says that a recurring job has been put, and how often it comes.
type schedule struct {
	Every time.Duration `json:"every"`
}

var schedules = collection[schedule]{"schedule"} // by the kind of the job

// schedule puts a recurring job, once for all instances: putting it again would take it
// away from who is at it. A release that wants it at another pace puts it anew.
func (s *Service) schedule(ctx context.Context, k jobKind) error {
	have, err := schedules.get(ctx, s.store, "", k.kind)
	if err == nil && have.Value.Every == k.every {
		return nil
	} else if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	now := s.now()
	if err != nil {
		have = schedules.fresh("", k.kind, "", now, time.Time{}, schedule{})
	}
	have.Value.Every = k.every
	err = s.upkeep(ctx, func(tx store.Tx) error {
		if err := schedules.put(ctx, tx, have); err != nil {
			return err
		}
		return tx.PutJobs(ctx, store.Job{Kind: k.kind, Key: k.kind, At: now})
	})
	if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrConflict) {
		return nil // another instance has just done it
	}
	return err
}
