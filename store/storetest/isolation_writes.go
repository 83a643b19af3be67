package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/store"
)

type writing = func(ctx context.Context, w *world, tx store.Tx, org string) error

// writeCases are cases of what an org gets, and of what happens to what it has.
func writeCases() map[string]tenantCase {
	out := map[string]tenantCase{}
	for name, fn := range makings() {
		out[name] = tenantCase{write: fn, makes: true}
	}
	for name, fn := range changes() {
		out[name] = tenantCase{write: fn}
	}
	out["SwapDoc"] = tenantCase{alone: true, write: func(ctx context.Context, w *world, _ store.Tx, org string) error {
		m := w.newDoc(org)
		m.Version = 1
		return w.SwapDoc(ctx, m)
	}}
	return out
}

func makings() map[string]writing {
	return map[string]writing{
		"CreateOrg": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			o := anOrg()
			o.ID = org
			if org == w.b { // it is there: a new one needs the old one gone
				if err := tx.DeleteOrg(ctx, org); err != nil {
					return err
				}
			}
			return tx.CreateOrg(ctx, o)
		},
		"CreateDomain": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			return tx.CreateDomain(ctx, aDomain(org))
		},
		"PutMembership": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			m := aMembership(org, w.user)
			m.Role = "owner"
			if org == w.b {
				m.Version = 1
			}
			return tx.PutMembership(ctx, m)
		},
		"PutEntry": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			e := w.entryOf(org, "user", store.EntryUser)
			e.Active = false
			if org == w.b {
				e.Version = 1
			}
			return tx.PutEntry(ctx, e)
		},
		"PutGrant": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			g := w.grantOf(org)
			g.Role = "owner"
			if org == w.b {
				g.Version = 1
			}
			return tx.PutGrant(ctx, g)
		},
		"CreateSession": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			return tx.CreateSession(ctx, aSession(org))
		},
		"PutDocs": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			return tx.PutDocs(ctx, w.newDoc(org))
		},
		"PutJobs": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			// Jobs cannot be read; JobsOfEachOrg leases them. Here they disturb nothing.
			if err := tx.PutJobs(ctx, w.jobOf(org)); err != nil {
				return err
			}
			return tx.PutDocs(ctx, w.newDoc(org))
		},
		"AddAudit": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			return tx.AddAudit(ctx, w.eventOf(org, "e3"))
		},
	}
}

func (w *world) newDoc(org string) store.Doc {
	m := w.docOf(org)
	m.Body = []byte("other")
	if org == w.b {
		m.Version = 1
	}
	return m
}

func changes() map[string]writing {
	return map[string]writing{
		"UpdateOrg": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			if err := tx.UpdateOrg(ctx, store.Org{ID: org, CreatedAt: day(0), Version: 1}); err != nil {
				return err
			}
			return tx.PutDocs(ctx, w.newDoc(org)) // the org itself is not in what is compared
		},
		"DeleteOrg": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			return tx.DeleteOrg(ctx, org)
		},
		"UpdateDomains": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			m := w.domainOf(org)
			m.Status, m.Version = store.DomainReleased, 1
			return tx.UpdateDomains(ctx, m)
		},
		"DeleteDomain": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			return tx.DeleteDomain(ctx, org, "domain")
		},
		"DeleteMembership": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			return tx.DeleteMembership(ctx, org, w.user)
		},
		"DeleteEntry": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			return tx.DeleteEntry(ctx, org, "user")
		},
		"ChangeEntryMembers": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			err := tx.ChangeEntryMembers(ctx, org, "group", store.MemberDelta{Add: []string{"user-" + w.a}})
			if !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("another org's entry joined a group: %v", err)
			}
			return tx.ChangeEntryMembers(ctx, org, "group", store.MemberDelta{Clear: true})
		},
		"DeleteGrant": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			return tx.DeleteGrant(ctx, org, "grant")
		},
		"UpdateSession": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			stolen := w.sessions[w.a]
			stolen.OrgID, stolen.Version = org, 1
			if err := tx.UpdateSession(ctx, stolen); !errors.Is(err, store.ErrNotFound) || org == w.nobody {
				return err
			}
			own := w.sessions[org]
			own.Role, own.Version = "owner", 1
			return tx.UpdateSession(ctx, own)
		},
		"DeleteSessions": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			return none(tx.DeleteSessions(ctx, store.SessionQuery{OrgID: org}))
		},
		"DeleteDoc": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			return tx.DeleteDoc(ctx, w.kind, org, "doc")
		},
		"SealAudit": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			head := w.heads[org]
			return tx.SealAudit(ctx, org, head, chained(head, w.eventOf(org, "e2"))...)
		},
		"EraseAudit": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			return none(tx.EraseAudit(ctx, org, []string{"e1", "e2"}))
		},
		"PruneAudit": func(ctx context.Context, w *world, tx store.Tx, org string) error {
			return none(tx.PruneAudit(ctx, org, 9))
		},
	}
}
