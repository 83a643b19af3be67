package storetest

import (
	"context"
	"errors"

	"github.com/accesssec/accesssec-go/store"
)

// world is two orgs that hold the same things under the same ids, as far as these
// are an org's own, and an org that does not exist. What is told apart by an id
// carries the org in it.
type world struct {
	subject
	a, b, nobody string
	user         string // a member of both
	kind         store.Kind
	sessions     map[string]store.Session
	heads        map[string]store.AuditHead
}

func newWorld(s subject) *world {
	s.Helper()
	w := &world{
		subject: s, nobody: newID("org"), kind: newKind(), user: s.withUser(),
		sessions: map[string]store.Session{}, heads: map[string]store.AuditHead{},
	}
	w.a, w.b = w.fill(), w.fill()
	return w
}

// fill makes an org with one of everything.
func (w *world) fill() string {
	w.Helper()
	org := w.withOrg()
	w.sessions[org] = aSession(org)
	sealed := chained(store.AuditHead{}, w.eventOf(org, "e1"))
	w.heads[org] = store.AuditHead{Seq: 1, Hash: sealed[0].Hash}
	w.must(func(tx store.Tx) error {
		ctx := w.Context()
		return errors.Join(
			tx.CreateDomain(ctx, w.domainOf(org)),
			tx.PutMembership(ctx, aMembership(org, w.user)),
			tx.PutEntry(ctx, w.entryOf(org, "user", store.EntryUser)),
			tx.PutEntry(ctx, w.entryOf(org, "user-"+org, store.EntryUser)),
			tx.PutEntry(ctx, w.entryOf(org, "group", store.EntryGroup)),
			tx.PutEntry(ctx, w.entryOf(org, "group-"+org, store.EntryGroup)),
			tx.ChangeEntryMembers(ctx, org, "group", store.MemberDelta{Add: []string{"user-" + org}}),
			tx.ChangeEntryMembers(ctx, org, "group-"+org, store.MemberDelta{Add: []string{"user"}}),
			tx.PutGrant(ctx, w.grantOf(org)),
			tx.CreateSession(ctx, w.sessions[org]),
			tx.PutDocs(ctx, w.docOf(org)),
			tx.PutJobs(ctx, w.jobOf(org)),
			tx.AddAudit(ctx, w.eventOf(org, "e1"), w.eventOf(org, "e2")),
			tx.SealAudit(ctx, org, store.AuditHead{}, sealed...),
		)
	})
	return org
}

func (w *world) domainOf(org string) store.Domain {
	m := aDomain(org)
	m.ID, m.Name = "domain", org+".example.com"
	return m
}

func (w *world) entryOf(org, id, typ string) store.Entry {
	e := anEntry(org, typ)
	e.ID, e.NameKey, e.ConnectionID, e.ExternalID, e.UserID = id, id, "connection", id, id
	return e
}

func (w *world) grantOf(org string) store.Grant {
	g := aGrant(org)
	g.ID, g.Subject = "grant", "user"
	return g
}

func (w *world) docOf(org string) store.Doc {
	m := aDoc(w.kind, org)
	m.ID, m.Key, m.Owner = "doc", "key of "+org, "user"
	return m
}

func (w *world) jobOf(org string) store.Job {
	j := aJob(string(w.kind), org)
	j.Key = "job"
	return j
}

func (w *world) eventOf(org, id string) store.AuditEvent {
	e := anEvent(org)
	e.ID = id
	return e
}

func (w *world) sessionOf(org string) store.Session { return w.sessions[org] }

// dump is all that can be read of an org, but for the org itself.
func (w *world) dump(org string) map[string]any {
	w.Helper()
	ctx, out := w.Context(), map[string]any{}
	keep := func(what string) func(v any, err error) {
		return func(v any, err error) {
			w.Helper()
			w.want(what, err, nil)
			out[what] = v
		}
	}
	keep("domains")(w.Domains(ctx, org, store.Paging{}))
	keep("members")(w.Memberships(ctx, org, store.MembershipQuery{}))
	keep("entries")(w.Entries(ctx, org, store.EntryQuery{}))
	keep("in the group")(w.EntryMembers(ctx, org, "group", store.MemberQuery{}))
	keep("in its own group")(w.EntryMembers(ctx, org, "group-"+org, store.MemberQuery{}))
	keep("groups")(w.EntryGroups(ctx, org, []string{"user", "user-" + org}))
	keep("grants")(w.Grants(ctx, org, store.GrantQuery{}))
	keep("sessions")(w.Sessions(ctx, store.SessionQuery{OrgID: org}))
	keep("docs")(w.Docs(ctx, w.kind, org, store.DocQuery{}))
	keep("head")(w.AuditHead(ctx, org))
	keep("chain")(w.AuditEvents(ctx, org, store.AuditQuery{}))
	keep("unsealed")(w.AuditEvents(ctx, org, store.AuditQuery{Unsealed: true}))
	return out
}

// tenantCase shows that one method keeps to its org. read returns the orgs of what
// it finds; write changes what the org has; of both, one is set.
type tenantCase struct {
	read  func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error)
	write func(ctx context.Context, w *world, tx store.Tx, org string) error
	// makes says that write does not fail where there is nothing.
	makes bool
	// alone says that write uses the Store, and gets no Tx.
	alone bool
}
