package accesssectest

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/domainclaim"
)

// Outbox is the accesssec.Notifier of a World: it keeps what would have been sent. It
// is safe for concurrent use.
type Outbox struct {
	mu      sync.Mutex
	notices []accesssec.Notice
	err     error
}

var _ accesssec.Notifier = (*Outbox)(nil)

// Notify keeps n, or fails with what Fail was given, or with the context's error.
func (o *Outbox) Notify(ctx context.Context, n accesssec.Notice) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	n.Values = maps.Clone(n.Values)
	o.notices = append(o.notices, n)
	return nil
}

// Fail makes every delivery fail with err from now on, as a mail server does that is
// down. nil ends that.
func (o *Outbox) Fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

// Notices are all that have been delivered so far, in the order they came, and never
// nil. What was delivered twice is there twice, with one ID.
func (o *Outbox) Notices() []accesssec.Notice {
	return o.which(func(accesssec.Notice) bool { return true })
}

// To is those of Notices that went to an address, however it is spelled: in upper or
// lower case.
func (o *Outbox) To(address string) []accesssec.Notice {
	want := addressKey(address)
	return o.which(func(n accesssec.Notice) bool { return addressKey(n.To) == want })
}

// which copies, so that what a test does to its notices changes nothing here.
func (o *Outbox) which(keep func(accesssec.Notice) bool) []accesssec.Notice {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := []accesssec.Notice{}
	for _, n := range o.notices {
		if keep(n) {
			n.Values = maps.Clone(n.Values)
			out = append(out, n)
		}
	}
	return slices.Clip(out)
}

// addressKey is the form by which addresses are compared.
func addressKey(address string) string {
	a, err := domainclaim.ParseAddress(address)
	if err != nil {
		return address
	}
	return a.Key()
}
