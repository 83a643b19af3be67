package storetest

import (
	"context"

	"github.com/accesssec/accesssec-go/store"
)

func listings() map[string]listing {
	kind := newKind()
	return map[string]listing{
		"Orgs": {
			byID: true,
			add: func(ctx context.Context, tx store.Tx, org, id string, _ int) error {
				return tx.CreateOrg(ctx, store.Org{ID: id, SSOFrom: org, CreatedAt: day(0)})
			},
			list: func(ctx context.Context, r store.Reader, org string, p store.Paging) (listed, error) {
				page, err := r.Orgs(ctx, store.OrgQuery{SSOFrom: org, Paging: p})
				return ids(page, err, func(o store.Org) string { return o.ID })
			},
			remove: func(ctx context.Context, tx store.Tx, _, id string) error { return tx.DeleteOrg(ctx, id) },
		},
		"Domains": {
			add: func(ctx context.Context, tx store.Tx, org, id string, rank int) error {
				return tx.CreateDomain(ctx, store.Domain{
					OrgID: org, ID: id, Name: string(rune('a'+rank)) + id + ".example.com", Status: store.DomainPending,
				})
			},
			list: func(ctx context.Context, r store.Reader, org string, p store.Paging) (listed, error) {
				page, err := r.Domains(ctx, org, p)
				return ids(page, err, func(m store.Domain) string { return m.ID })
			},
			remove: func(ctx context.Context, tx store.Tx, org, id string) error { return tx.DeleteDomain(ctx, org, id) },
		},
		"Memberships": {
			add: func(ctx context.Context, tx store.Tx, org, id string, rank int) error {
				if err := tx.CreateUser(ctx, store.User{ID: id, CreatedAt: day(0)}); err != nil {
					return err
				}
				return tx.PutMembership(ctx, store.Membership{OrgID: org, UserID: id, Role: "member", JoinedAt: day(rank)})
			},
			list: func(ctx context.Context, r store.Reader, org string, p store.Paging) (listed, error) {
				page, err := r.Memberships(ctx, org, store.MembershipQuery{Paging: p})
				return ids(page, err, func(m store.Member) string { return m.UserID })
			},
			remove: func(ctx context.Context, tx store.Tx, org, id string) error { return tx.DeleteMembership(ctx, org, id) },
		},
		"Entries": {
			add: func(ctx context.Context, tx store.Tx, org, id string, rank int) error {
				return tx.PutEntry(ctx, store.Entry{
					OrgID: org, ID: id, Type: store.EntryUser, NameKey: id, CreatedAt: day(rank), ModifiedAt: day(0),
				})
			},
			list: func(ctx context.Context, r store.Reader, org string, p store.Paging) (listed, error) {
				page, err := r.Entries(ctx, org, store.EntryQuery{Paging: p})
				return ids(page, err, func(e store.Entry) string { return e.ID })
			},
			remove: func(ctx context.Context, tx store.Tx, org, id string) error { return tx.DeleteEntry(ctx, org, id) },
		},
		"EntryMembers": entryMembersListing(),
		"Grants": {
			add: func(ctx context.Context, tx store.Tx, org, id string, rank int) error {
				return tx.PutGrant(ctx, store.Grant{OrgID: org, ID: id, CreatedAt: day(rank)})
			},
			list: func(ctx context.Context, r store.Reader, org string, p store.Paging) (listed, error) {
				page, err := r.Grants(ctx, org, store.GrantQuery{Paging: p})
				return ids(page, err, func(g store.Grant) string { return g.ID })
			},
			remove: func(ctx context.Context, tx store.Tx, org, id string) error { return tx.DeleteGrant(ctx, org, id) },
		},
		"Sessions": sessionListing(),
		"Docs": {
			add: func(ctx context.Context, tx store.Tx, org, id string, rank int) error {
				return tx.PutDocs(ctx, store.Doc{Kind: kind, OrgID: org, ID: id, At: day(rank)})
			},
			list: func(ctx context.Context, r store.Reader, org string, p store.Paging) (listed, error) {
				page, err := r.Docs(ctx, kind, org, store.DocQuery{Paging: p})
				return ids(page, err, func(m store.Doc) string { return m.ID })
			},
			remove: func(ctx context.Context, tx store.Tx, org, id string) error { return tx.DeleteDoc(ctx, kind, org, id) },
		},
		"AuditEvents": unsealedListing(),
	}
}

// entryMembersListing lists the members of the one group of an org.
func entryMembersListing() listing {
	return listing{
		byID: true,
		add: func(ctx context.Context, tx store.Tx, org, id string, _ int) error {
			if _, err := tx.Entry(ctx, org, "group"); err != nil {
				group := store.Entry{OrgID: org, ID: "group", Type: store.EntryGroup, NameKey: "group", CreatedAt: day(0), ModifiedAt: day(0)}
				if err := tx.PutEntry(ctx, group); err != nil {
					return err
				}
			}
			e := store.Entry{OrgID: org, ID: id, Type: store.EntryUser, NameKey: id, CreatedAt: day(0), ModifiedAt: day(0)}
			if err := tx.PutEntry(ctx, e); err != nil {
				return err
			}
			return tx.ChangeEntryMembers(ctx, org, "group", store.MemberDelta{Add: []string{id}})
		},
		list: func(ctx context.Context, r store.Reader, org string, p store.Paging) (listed, error) {
			return r.EntryMembers(ctx, org, "group", store.MemberQuery{Paging: p})
		},
		remove: func(ctx context.Context, tx store.Tx, org, id string) error {
			return tx.ChangeEntryMembers(ctx, org, "group", store.MemberDelta{Remove: []string{id}})
		},
	}
}

// unsealedListing lists the events before they have a place. They leave the list by
// getting one.
func unsealedListing() listing {
	return listing{
		add: func(ctx context.Context, tx store.Tx, org, id string, rank int) error {
			return tx.AddAudit(ctx, store.AuditEvent{OrgID: org, ID: id, At: day(rank), Body: []byte("{}")})
		},
		list: func(ctx context.Context, r store.Reader, org string, p store.Paging) (listed, error) {
			page, err := r.AuditEvents(ctx, org, store.AuditQuery{Unsealed: true, Paging: p})
			return ids(page, err, func(e store.AuditEvent) string { return e.ID })
		},
		remove: func(ctx context.Context, tx store.Tx, org, id string) error {
			head, err := tx.AuditHead(ctx, org)
			if err != nil {
				return err
			}
			return tx.SealAudit(ctx, org, head, chained(head, store.AuditEvent{OrgID: org, ID: id})...)
		},
	}
}

func sessionListing() listing {
	return listing{
		add: func(ctx context.Context, tx store.Tx, org, id string, rank int) error {
			x := aSession(org)
			x.ID, x.CreatedAt = id, day(rank)
			return tx.CreateSession(ctx, x)
		},
		list: func(ctx context.Context, r store.Reader, org string, p store.Paging) (listed, error) {
			page, err := r.Sessions(ctx, store.SessionQuery{OrgID: org, Paging: p})
			return ids(page, err, func(x store.Session) string { return x.ID })
		},
		remove: func(ctx context.Context, tx store.Tx, org, id string) error {
			return none(tx.DeleteSessions(ctx, store.SessionQuery{OrgID: org, ID: id}))
		},
	}
}
