package accesssec

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// scimRequests waits to be written down: by one goroutine, which is there while there is
// something to write, and holds up no request. What does not fit is dropped and counted.
type scimRequests struct {
	failures *buckets // how many failures of one token are listed
	ended    *buckets // the same of one that has ended

	mu    sync.Mutex
	now   time.Time // of the latest request
	queue []scimNote
	room  []scimNote           // for a batch, which the one writer has
	used  map[string]*scimUsed // by the token's id
	all   bool                 // also what is not due is to be written
	done  chan struct{}        // closed when the writer ends; nil: there is none
	hurry chan struct{}        // closed when the writer is not to wait for more
}

// scimNote is one line for the log of an org.
type scimNote struct {
	orgID string
	SCIMRequest
}

// scimUsed is what has come with a token since that was last written.
type scimUsed struct {
	scimBearer
	since   SCIMUse
	written time.Time
}

const (
	mostSCIMQueue = 2000            // lines that wait
	scimBatch     = 100             // lines in one transaction
	scimLinger    = time.Second / 4 // for more to write with it
	scimUseEvery  = time.Minute
	scimWithin    = 10 * time.Second // for one transaction
)

// servedSCIM takes down what a request came to. It does not wait for the store.
func (s *Service) servedSCIM(ctx context.Context, r scim.Request) {
	call, _ := ctx.Value(scimCallKey{}).(*scimCall)
	if call == nil || call.tokenID == "" {
		return // nobody's
	}
	now, q := s.now(), &s.scim.requests
	if r.Operations > 1 && r.Path == "/Bulk" && call.key != "" {
		s.scim.tokens.charge(call.key, r.Operations-1, now) // each is a request
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.now = now
	u := q.of(call.scimBearer)
	u.since.add(r, now, call.limited)
	failed := r.Status >= 400
	if !call.limited && (writesSCIM(r) || failed) {
		wait := time.Duration(0)
		switch {
		case call.ended:
			wait = q.ended.take(call.tokenID, now)
		case failed:
			wait = q.failures.take(call.tokenID, now)
		}
		if wait > 0 || len(q.queue) >= mostSCIMQueue {
			u.since.Unlogged++
		} else {
			q.queue = append(q.queue, scimNote{call.orgID, scimRequestOf(r, call.tokenID, now)})
		}
	}
	if len(q.queue) > 0 || u.due(now) {
		q.begin(s)
	}
	if len(q.queue) >= scimBatch {
		q.press()
	}
}

// of is the token's, which is made room for where there are many: what is written down already
// is not needed.
func (q *scimRequests) of(b scimBearer) *scimUsed {
	u := q.used[b.tokenID]
	if u == nil {
		if len(q.used) >= mostSCIMBuckets {
			for id, old := range q.used {
				if old.since.Requests == 0 {
					delete(q.used, id)
				}
			}
		}
		u = &scimUsed{}
		q.used[b.tokenID] = u
	}
	u.scimBearer = b
	return u
}

func (u *scimUsed) due(now time.Time) bool {
	gone := now.Sub(u.written)
	return u.since.Requests > 0 && (u.written.IsZero() || gone >= scimUseEvery || gone < 0)
}

// add counts one request.
func (u *SCIMUse) add(r scim.Request, now time.Time, limited bool) {
	if now.After(u.LastUsedAt) {
		u.LastUsedAt = now
	}
	u.Requests++
	if r.Status >= 400 {
		u.Failures++
	}
	if limited {
		u.Limited++
	}
	for _, t := range r.Tolerated {
		if u.Tolerated == nil {
			u.Tolerated = map[scim.Tolerance]int{}
		}
		u.Tolerated[t]++
	}
}

// join adds what another has counted.
func (u *SCIMUse) join(o SCIMUse) {
	if o.LastUsedAt.After(u.LastUsedAt) {
		u.LastUsedAt = o.LastUsedAt
	}
	u.Requests += o.Requests
	u.Failures += o.Failures
	u.Limited += o.Limited
	u.Unlogged += o.Unlogged
	for t, n := range o.Tolerated {
		if u.Tolerated == nil {
			u.Tolerated = map[scim.Tolerance]int{}
		}
		u.Tolerated[t] += n
	}
}

// begin starts the writer unless there is one. q is locked.
func (q *scimRequests) begin(s *Service) {
	if q.done == nil {
		q.done, q.hurry = make(chan struct{}), make(chan struct{})
		go s.writeSCIM(q.done, q.hurry)
	}
}

// press has the writer wait no longer. q is locked.
func (q *scimRequests) press() {
	select {
	case <-q.hurry:
	default:
		close(q.hurry)
	}
}

// flush has all of it written, counts that are not due as well, and waits for that, for no
// longer than a transaction may take: who only wants to look is not kept by a store that hangs.
func (m *scimMount) flush(ctx context.Context, s *Service) {
	if s.joined {
		return // it is the other instance's to write, and not in a transaction of the host's
	}
	q := &m.requests
	q.mu.Lock()
	q.all = true
	q.begin(s)
	q.press()
	done := q.done
	q.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, scimWithin)
	defer cancel()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// writeSCIM waits a little, so that what comes in one go is written in one, and writes until
// nothing is left.
func (s *Service) writeSCIM(done, hurry chan struct{}) {
	q := &s.scim.requests
	wait := time.NewTimer(scimLinger)
	select {
	case <-wait.C:
	case <-hurry:
		wait.Stop()
	}
	for {
		q.mu.Lock()
		notes, used := q.batch()
		if len(notes)+len(used) == 0 {
			q.done, q.all = nil, false
			close(done)
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), scimWithin)
		err := s.keepSCIM(ctx, notes, used)
		cancel()
		if err != nil {
			s.opts.Log.Warn("accesssec: SCIM requests not written down", "requests", len(notes), "err", err)
			q.putBack(notes, used) // and is not tried again at once
		}
		clear(notes) // the room is kept, and nothing of what was in it
	}
}

// batch takes what is to be written next. q is locked.
func (q *scimRequests) batch() ([]scimNote, []scimUsed) {
	n := min(len(q.queue), scimBatch)
	q.room = append(q.room[:0], q.queue[:n]...)
	notes := q.room
	left := copy(q.queue, q.queue[n:])
	clear(q.queue[left:])
	q.queue = q.queue[:left] // whose room is bounded, as what waits is
	wanted := map[string]bool{}
	for _, note := range notes {
		wanted[note.TokenID] = true
	}
	var used []scimUsed
	for id, u := range q.used {
		if len(used) == scimBatch {
			break
		}
		if u.since.Requests == 0 || !wanted[id] && !q.all && !u.due(q.now) {
			continue
		}
		used = append(used, scimUsed{scimBearer: u.scimBearer, since: u.since})
		u.since, u.written = SCIMUse{}, q.now
	}
	return notes, used
}

// putBack keeps the counts for the next time, and the lines as a count.
func (q *scimRequests) putBack(notes []scimNote, used []scimUsed) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.all = false
	for _, u := range used {
		q.of(u.scimBearer).since.join(u.since)
	}
	for _, n := range notes {
		if u := q.used[n.TokenID]; u != nil {
			u.since.Unlogged++
		}
	}
}

// keepSCIM writes lines and counts down. Two instances write into one ring, so who comes second
// does it again.
func (s *Service) keepSCIM(ctx context.Context, notes []scimNote, used []scimUsed) error {
	orgs := map[string]bool{}
	for _, n := range notes {
		orgs[n.orgID] = true
	}
	for _, u := range used {
		orgs[u.orgID] = true
	}
	var sorted []string
	for id := range orgs {
		sorted = append(sorted, id)
	}
	slices.Sort(sorted) // in one order everywhere, so that none waits for another in a circle
	var err error
	for range 5 {
		err = s.upkeep(ctx, func(tx store.Tx) error {
			for _, orgID := range sorted {
				if _, err := tx.Org(ctx, orgID); errors.Is(err, store.ErrNotFound) {
					continue // it is gone, with its log
				} else if err != nil {
					return err
				}
				if err := putSCIMUses(ctx, tx, orgID, used); err != nil {
					return err
				}
				if err := putSCIMNotes(ctx, tx, orgID, notes); err != nil {
					return err
				}
			}
			return nil
		})
		if !errors.Is(err, store.ErrExists) && !errors.Is(err, store.ErrConflict) {
			break
		}
	}
	return err
}

// putSCIMUses adds what was counted to what is kept.
func putSCIMUses(ctx context.Context, tx store.Tx, orgID string, used []scimUsed) error {
	for _, u := range used {
		if u.orgID != orgID {
			continue
		}
		k, err := scimUses.get(ctx, tx, orgID, u.tokenID)
		if errors.Is(err, store.ErrNotFound) {
			k = scimUses.fresh(orgID, u.tokenID, "", u.since.LastUsedAt, u.forgotten, SCIMUse{})
		} else if err != nil {
			return err
		}
		k.Value.join(u.since)
		if err := scimUses.put(ctx, tx, k); err != nil {
			return err
		}
	}
	return nil
}

// putSCIMNotes puts the lines of one org into its ring.
func putSCIMNotes(ctx context.Context, tx store.Tx, orgID string, notes []scimNote) error {
	first := slices.IndexFunc(notes, func(n scimNote) bool { return n.orgID == orgID })
	if first < 0 {
		return nil
	}
	ring, err := scimRings.get(ctx, tx, orgID, theSCIMRing)
	if errors.Is(err, store.ErrNotFound) {
		ring, err = scimRings.fresh(orgID, theSCIMRing, "", notes[first].At, time.Time{}, scimRing{}), nil
	}
	if err != nil {
		return err
	}
	docs := make([]store.Doc, 0, len(notes)+1)
	for i := range notes {
		n := &notes[i]
		if n.orgID != orgID {
			continue
		}
		place := strconv.Itoa(ring.Value.Next % mostSCIMRequests)
		if ring.Value.Next >= mostSCIMRequests {
			if err := unless(tx.DeleteDoc(ctx, scimLog.kind, orgID, place), store.ErrNotFound); err != nil {
				return err
			}
		}
		ring.Value.Next++
		docs = append(docs, store.Doc{
			Kind: scimLog.kind, OrgID: orgID, ID: place, Owner: n.TokenID,
			At: newestFirst(n.At), ExpiresAt: n.At.Add(scimRequestFor), Body: n.line(),
		})
	}
	d, err := ring.doc()
	if err != nil {
		return err
	}
	return tx.PutDocs(ctx, append(docs, d)...)
}
