package flowtest

import (
	"context"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/store"
)

// beaten is a store in which somebody else is faster, once, at a swap of the link of a mail.
type beaten struct {
	store.Store
	by func()
}

func (b *beaten) SwapDoc(ctx context.Context, d store.Doc) error {
	if by := b.by; by != nil && d.Kind == "mail_link" {
		b.by = nil
		by()
	}
	return b.Store.SwapDoc(ctx, d)
}

// mailBeside: of two codes that are typed at one moment one is looked at, so that no more are
// tried than are counted.
func mailBeside(t *testing.T, w *world) {
	p, _ := mailing(w)
	v := w.visit()
	m := p.linked(w, v, "ann@example.com")
	svc := w.serviceOn(&beaten{w.store, func() {
		if code := w.typed(v, "0000-0000"); code != accesssec.CodeWrongCode {
			t.Errorf("the one that was first: %q", code)
		}
	}}, w.host.URL, w.watching(p))
	if _, err := svc.SignIn().LinkCode(w.ctx, v, m.code); w.code(err) != accesssec.CodeConflict {
		t.Errorf("the other one: %v", err)
	}
	for range 4 {
		w.typed(v, "0000-0000")
	}
	if code := w.typed(v, m.code); code != accesssec.CodeLinkOver {
		t.Errorf("after five wrong ones: %q", code)
	}
}
