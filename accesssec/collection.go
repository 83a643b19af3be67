package accesssec

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/internal/throttle"
	"github.com/accesssec/accesssec-go/store"
)

// collection keeps values of one type as store.Docs. What a store need not
// understand lives in one of these.
type collection[T any] struct {
	kind store.Kind
}

var (
	connections = collection[connection]{"connection"} // keyed by its id
	requests    = collection[request]{"request"}       // keyed by connection and request id
	assertions  = collection[used]{"assertion"}        // keyed by connection and assertion id
	attempts    = collection[throttle.State]{"attempts"}
	subjects    = collection[subject]{"subject"}  // keyed by connection and NameID
	browsers    = collection[struct{}]{"browser"} // in which a person has signed in
	contests    = collection[struct{}]{"contest"} // that the holder of a domain was told of, by its claim
)

// kept is a value and the Doc it came in, for the next put.
type kept[T any] struct {
	store.Doc
	Value T
}

func (k collection[T]) get(ctx context.Context, r store.Reader, orgID, id string) (kept[T], error) {
	return k.read(r.Doc(ctx, k.kind, orgID, id))
}

func (k collection[T]) byKey(ctx context.Context, r store.Reader, key string) (kept[T], error) {
	return k.read(r.DocByKey(ctx, k.kind, key))
}

// take is the one step in which of two who race one gets the value.
func (k collection[T]) take(ctx context.Context, w store.Writer, key string) (kept[T], error) {
	return k.read(w.TakeDoc(ctx, k.kind, key))
}

func (k collection[T]) list(ctx context.Context, r store.Reader, orgID string, q store.DocQuery) (store.Page[kept[T]], error) {
	var out store.Page[kept[T]]
	page, err := r.Docs(ctx, k.kind, orgID, q)
	if err != nil {
		return out, err
	}
	out.Next, out.Total, out.Items = page.Next, page.Total, make([]kept[T], len(page.Items))
	for i, d := range page.Items {
		if out.Items[i], err = k.read(d, nil); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (k collection[T]) read(d store.Doc, err error) (kept[T], error) {
	if err != nil {
		return kept[T]{Doc: d}, err
	}
	v := kept[T]{Doc: d} // which is on the heap from here on
	if err := json.Unmarshal(d.Body, &v.Value); err != nil {
		return v, fmt.Errorf("accesssec: stored %s %s: %w", k.kind, d.ID, err)
	}
	return v, nil
}

// reread is read of what was read before as known: where its bytes are the same, so is its value.
// A known of nil is nothing.
func (k collection[T]) reread(d store.Doc, err error, known *kept[T]) (kept[T], error) {
	if err == nil && known != nil && d.ID == known.ID && d.Version == known.Version && bytes.Equal(d.Body, known.Body) {
		return kept[T]{Doc: d, Value: known.Value}, nil
	}
	return k.read(d, err)
}

// fresh is a Doc to create.
func (k collection[T]) fresh(orgID, id, key string, at, expires time.Time, v T) kept[T] {
	return kept[T]{Doc: store.Doc{Kind: k.kind, OrgID: orgID, ID: id, Key: key, At: at, ExpiresAt: expires}, Value: v}
}

// doc is v with its value written into the body, fit for PutDocs and SwapDoc.
func (v kept[T]) doc() (store.Doc, error) {
	body, err := json.Marshal(v.Value)
	if err != nil {
		return store.Doc{}, fmt.Errorf("accesssec: %s: %w", v.Kind, err)
	}
	d := v.Doc
	d.Body = body
	return d, nil
}

func (k collection[T]) put(ctx context.Context, w store.Writer, v kept[T]) error {
	d, err := v.doc()
	if err != nil {
		return err
	}
	return w.PutDocs(ctx, d)
}

// drop deletes what owners have of it in an org, however much there is, and counts it.
// which says what of it; nil all.
func (k collection[T]) drop(ctx context.Context, tx store.Tx, orgID string, owners []string, which func(T) bool) (int, error) {
	q := store.DocQuery{Owners: owners, Paging: store.Paging{Limit: 1000}}
	for n := 0; ; {
		page, err := tx.Docs(ctx, k.kind, orgID, q)
		if err != nil {
			return n, err
		}
		for _, d := range page.Items {
			if which != nil {
				v, err := k.read(d, nil)
				if err != nil {
					return n, err
				} else if !which(v.Value) {
					continue
				}
			}
			if err := tx.DeleteDoc(ctx, k.kind, orgID, d.ID); err != nil {
				return n, err
			}
			n++
		}
		if q.After = page.Next; q.After == "" {
			return n, nil
		}
	}
}
