package accesssec

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/accesssec/accesssec-go/store"
)

// sealedBox is one box of a value: where it stands, and the place it was sealed for.
type sealedBox struct {
	at    *[]byte
	what  string
	whose []string
}

// sealedKind is one line of the table of what is kept sealed for long.
type sealedKind struct {
	kind   store.Kind
	people bool // kept in the org "", else in those of customers
	anew   func(*Service, *store.Doc) (changed bool, err error)
}

// sealedKinds is that table. What is not in it is over before an old key may leave the
// ring: notices after three days, a factor that waits for its first code after ten minutes.
func sealedKinds() []sealedKind {
	return []sealedKind{
		sealedIn(connections, false, func(k *kept[connection]) []sealedBox {
			return []sealedBox{{&k.Value.Key, "saml key", []string{k.ID}}}
		}),
		sealedIn(ssoSessions, false, func(k *kept[ssoSession]) []sealedBox {
			return []sealedBox{{&k.Value.Box, "sso session", []string{k.ID}}}
		}),
		sealedIn(scimCursorKeys, true, func(k *kept[scimCursorKey]) []sealedBox {
			return []sealedBox{{&k.Value.Box, "scim cursors", []string{k.ID}}}
		}),
		sealedIn(factors, true, func(k *kept[factor]) []sealedBox {
			f := &k.Value
			return []sealedBox{{&f.Sealed, "totp", []string{k.ID, f.ID}}, {&f.Pepper, "recovery", []string{k.ID, f.Recovery.ID()}}}
		}),
	}
}

var (
	errNoBox     = errors.New("accesssec: the box does not open")
	errNotAValue = errors.New("accesssec: the value can't be read")
)

// sealedIn is the line of a collection whose values have those boxes. Its anew seals again
// what another key than the current one has sealed, and beside an error what could be: no
// box keeps another one waiting. An error says nothing of what the value holds.
func sealedIn[T any](c collection[T], people bool, boxes func(*kept[T]) []sealedBox) sealedKind {
	return sealedKind{c.kind, people, func(s *Service, d *store.Doc) (changed bool, fault error) {
		k := kept[T]{Doc: *d}
		if json.Unmarshal(d.Body, &k.Value) != nil {
			return false, errNotAValue
		}
		for _, b := range boxes(&k) {
			if len(*b.at) == 0 || !s.keys.Stale(*b.at) {
				continue
			}
			plain, err := s.keys.Open(*b.at, b.what, b.whose...)
			if err != nil {
				fault = errNoBox
				continue
			}
			*b.at, changed = s.keys.Seal(plain, b.what, b.whose...), true
		}
		if !changed {
			return false, fault
		}
		next, err := k.doc()
		if err != nil {
			return false, errNotAValue
		}
		*d = next
		return true, fault
	}}
}

// sealedPlace is a page of what is kept sealed. The zero one is the first.
type sealedPlace struct {
	Orgs string     `json:"orgs,omitempty"` // the page of orgs that Org is on
	Org  string     `json:"org,omitempty"`  // those before it have been walked
	Kind store.Kind `json:"kind,omitempty"` // in Org; those before it have been walked
	Docs string     `json:"docs,omitempty"` // the page of Kind
}

// walkSealed shows what is kept sealed to visit, page by page, from one that it was shown
// before: what is kept of people, then the orgs by their ids, each kind by kind. visit is
// called for empty pages too. An error of it ends the walk.
func (s *Service) walkSealed(ctx context.Context, from sealedPlace, visit func(sealedPlace, sealedKind, []store.Doc) error) error {
	if from.Org == "" {
		if err := s.walkOrg(ctx, sealedPlace{}, from, visit); err != nil {
			return err
		}
	}
	q := store.OrgQuery{Paging: store.Paging{After: from.Orgs}}
	for {
		page, err := s.store.Orgs(ctx, q)
		if err != nil {
			return err
		}
		for _, org := range page.Items {
			if org.ID < from.Org {
				continue
			}
			if err := s.walkOrg(ctx, sealedPlace{Orgs: q.After, Org: org.ID}, from, visit); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

func (s *Service) walkOrg(ctx context.Context, at, from sealedPlace, visit func(sealedPlace, sealedKind, []store.Doc) error) error {
	kinds := slices.DeleteFunc(sealedKinds(), func(k sealedKind) bool { return k.people != (at.Org == "") })
	after := ""
	if at.Org == from.Org {
		if i := slices.IndexFunc(kinds, func(k sealedKind) bool { return k.kind == from.Kind }); i >= 0 {
			kinds, after = kinds[i:], from.Docs
		}
	}
	for _, k := range kinds {
		at.Kind = k.kind
		q := store.DocQuery{Paging: store.Paging{After: after}}
		for after = ""; ; {
			page, err := s.store.Docs(ctx, k.kind, at.Org, q)
			if err != nil {
				return err
			}
			at.Docs = q.After
			if err := visit(at, k, page.Items); err != nil {
				return err
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
	}
	return nil
}

// sealAnew seals one value under the current key and writes it. It is left as it is when a
// box does not open, and when others write it again and again meanwhile. err is the store's.
func (s *Service) sealAnew(ctx context.Context, k sealedKind, d store.Doc) (done, left bool, err error) {
	for range 3 {
		changed, fault := k.anew(s, &d)
		if changed {
			err = s.upkeep(ctx, func(tx store.Tx) error { return tx.PutDocs(ctx, d) })
		}
		if err == nil {
			if fault != nil {
				s.opts.Log.ErrorContext(ctx, "accesssec: not sealed under the current key", "kind", d.Kind, "org", d.OrgID, "id", d.ID, "err", fault)
			}
			return changed, fault != nil, nil
		}
		if errors.Is(err, store.ErrConflict) {
			d, err = s.store.Doc(ctx, d.Kind, d.OrgID, d.ID)
		}
		if errors.Is(err, store.ErrNotFound) {
			return false, false, nil // it is gone
		} else if err != nil {
			return false, false, err
		}
	}
	return false, true, nil
}
