package accesssec

import (
	"context"
	"time"
)

// Notifier carries a notice to a person: by mail, as a rule. It is called from the
// outbox, by [Service.Run] and [Service.Tick], never while a request waits. A notice
// is delivered at least once: after an error, a panic or an instance that died it
// comes again with the same ID, later and later, until it expires. Several are
// delivered at once, so an implementation is safe for concurrent use, and one that
// fails keeps no other waiting.
type Notifier interface {
	Notify(ctx context.Context, n Notice) error
}

// Notice is one message to one person. Subject and Text are English and ready to be
// sent; a host that has words of its own goes by Template and Values.
type Notice struct {
	ID       string // the same at each delivery of one notice
	Template Template
	Values   map[string]string // what Subject and Text were made of; the keys are the template's
	OrgID    string            // the org it is about; "" none
	UserID   string            // whom it is for
	To       string            // the address of the account, never one that a request has named
	Subject  string
	Text     string
	Expires  time.Time // from then on it is not delivered any more
}

// Template names what a notice is about.
type Template string
