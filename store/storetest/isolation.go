package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/store"
)

// orgless are the methods that are not held to one org, with the reason.
func orgless() map[string]string {
	const door, engine, account = "a door", "the engine's own", "an account is in no org"
	return map[string]string{
		"RunInTx": "it touches nothing itself",
		"Orgs":    engine, "UnsealedOrgs": engine, "TouchSession": engine,
		"LeaseJobs": engine, "FinishJobs": engine, "DeleteExpired": engine,
		"DomainsByName": door, "User": door, "UserByAddress": door, "OrgsOf": door,
		"SessionByHash": door, "DocByKey": door, "TakeDoc": door,
		"CreateUser": account, "UpdateUser": account, "DeleteUser": account,
	}
}

func testIsolation(s subject) {
	cases, exempt := map[string]tenantCase{}, orgless()
	maps.Copy(cases, readCases())
	maps.Copy(cases, writeCases())
	s.run("EveryMethodHasACase", func(s subject) {
		methods := slices.Concat(methodsOf[store.Store](), methodsOf[store.Tx]())
		for _, m := range methods {
			_, tested := cases[m]
			if _, ok := exempt[m]; tested == ok {
				s.Errorf("%s: has a case: %t, is exempt: %t; want one of both", m, tested, ok)
			}
		}
		for _, m := range slices.Concat(slices.Collect(maps.Keys(cases)), slices.Collect(maps.Keys(exempt))) {
			if !slices.Contains(methods, m) {
				s.Errorf("%s is no method", m)
			}
		}
	})
	for name, c := range cases {
		s.run(name, func(s subject) {
			w := newWorld(s)
			if c.read != nil {
				w.readsOnly(c)
				return
			}
			w.writesOnly(c, w.nobody)
			w.writesOnly(c, w.b)
		})
	}
	s.run("JobsOfEachOrg", func(s subject) {
		w := newWorld(s)
		moved := w.jobOf(w.b)
		moved.At = day(9)
		s.put(moved)
		jobs := s.lease(string(w.kind), "w", 0)
		if len(jobs) != 1 || jobs[0].OrgID != w.a || jobs[0].Seq != 2 {
			s.Errorf("due %v, want the job of the org that was left alone", jobs)
		}
	})
}

// readsOnly checks what a method finds, on the Store and on a Tx.
func (w *world) readsOnly(c tenantCase) {
	w.Helper()
	check := func(r store.Reader) {
		for _, org := range []string{w.a, w.b} {
			found, err := c.read(w.Context(), w, r, org)
			w.want("read", err, nil)
			if len(found) == 0 || slices.ContainsFunc(found, func(of string) bool { return of != org }) {
				w.Errorf("asked for %s, found what is of %v", org, found)
			}
		}
		found, err := c.read(w.Context(), w, r, w.nobody)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			w.Errorf("asked for nobody: %v", err)
		}
		if len(found) != 0 {
			w.Errorf("asked for nobody, found what is of %v", found)
		}
	}
	check(w.Store)
	w.must(func(tx store.Tx) error {
		check(tx)
		return nil
	})
}

// writesOnly writes to one org and looks at the others.
func (w *world) writesOnly(c tenantCase, org string) {
	w.Helper()
	a, b := w.dump(w.a), w.dump(w.b)
	write := func(tx store.Tx) error { return c.write(w.Context(), w, tx, org) }
	var err error
	if c.alone {
		err = write(nil)
	} else {
		err = w.do(write)
	}
	switch {
	case org == w.nobody && !c.makes:
		w.want("write to nobody", err, store.ErrNotFound)
	default:
		w.want("write", err, nil)
	}
	w.same("the org that was left alone", w.dump(w.a), a)
	if left := cmp.Equal(w.dump(w.b), b); left != (org != w.b) {
		w.Errorf("wrote to %s: the org %s is as before: %t", org, w.b, left)
	}
}

// orgsOf names the org of each row.
func orgsOf[T any](page store.Page[T], err error, org func(T) string) ([]string, error) {
	var out []string
	for _, row := range page.Items {
		out = append(out, org(row))
	}
	return out, err
}

func owner(org string, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	return []string{org}, nil
}

// none turns a count of nothing into ErrNotFound, as other methods say it.
func none(n int, err error) error {
	if err == nil && n == 0 {
		return store.ErrNotFound
	}
	return err
}

type reading = func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error)

func readCases() map[string]tenantCase {
	reads := map[string]reading{
		"Org": func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
			o, err := r.Org(ctx, org)
			return owner(o.ID, err)
		},
		"Domain": func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
			m, err := r.Domain(ctx, org, "domain")
			return owner(m.OrgID, err)
		},
		"Domains": func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
			page, err := r.Domains(ctx, org, store.Paging{})
			return orgsOf(page, err, func(m store.Domain) string { return m.OrgID })
		},
		"Membership": func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
			m, err := r.Membership(ctx, org, w.user)
			return owner(m.OrgID, err)
		},
		"Memberships": func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
			page, err := r.Memberships(ctx, org, store.MembershipQuery{Search: "ann"})
			return orgsOf(page, err, func(m store.Member) string { return m.OrgID })
		},
		"Entry": func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
			e, err := r.Entry(ctx, org, "user")
			return owner(e.OrgID, err)
		},
		"Entries": readEntries,
		"EntryMembers": func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
			q := store.MemberQuery{Among: []string{"user-" + w.a, "user-" + w.b}}
			page, err := r.EntryMembers(ctx, org, "group", q)
			return orgsOf(page, err, func(id string) string { return id[len("user-"):] })
		},
		"EntryGroups": func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
			groups, err := r.EntryGroups(ctx, org, []string{"user"})
			return orgsOf(store.Page[string]{Items: groups["user"]}, err, func(id string) string { return id[len("group-"):] })
		},
		"Grants": readGrants,
		"Sessions": func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
			page, err := r.Sessions(ctx, store.SessionQuery{OrgID: org})
			return orgsOf(page, err, func(x store.Session) string { return x.OrgID })
		},
		"Doc": func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
			m, err := r.Doc(ctx, w.kind, org, "doc")
			return owner(m.OrgID, err)
		},
		"Docs": func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
			page, err := r.Docs(ctx, w.kind, org, store.DocQuery{Owners: []string{"user"}})
			return orgsOf(page, err, func(m store.Doc) string { return m.OrgID })
		},
		"AuditHead": func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
			head, err := r.AuditHead(ctx, org)
			var found []string
			for of, h := range w.heads {
				if h == head {
					found = append(found, of)
				}
			}
			return found, err
		},
		"AuditEvents": func(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
			page, err := r.AuditEvents(ctx, org, store.AuditQuery{IDs: []string{"e1"}})
			if err != nil {
				return nil, err
			}
			more, err := r.AuditEvents(ctx, org, store.AuditQuery{Unsealed: true})
			page.Items = append(page.Items, more.Items...)
			return orgsOf(page, err, func(e store.AuditEvent) string { return e.OrgID })
		},
	}
	out := map[string]tenantCase{}
	for name, fn := range reads {
		out[name] = tenantCase{read: fn}
	}
	return out
}

// readEntries asks by each way a store may have an index for.
func readEntries(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
	var found []string
	for _, f := range []store.Filter{
		op("id", store.OpEq, "user"), op("name", store.OpEq, "user"), op("userId", store.OpEq, "user"),
		op("externalId", store.OpEq, "user"), op("connectionId", store.OpEq, "connection"),
		op("members", store.OpEq, "user"), op("emails.value", store.OpEq, "a@example.com"),
		within("emails", op("emails.type", store.OpEq, "work")),
		all(op("active", store.OpEq, "true"), op("members", store.OpEq, "user")),
		either(op("id", store.OpEq, "user"), op("name", store.OpPresent, "")),
	} {
		page, err := r.Entries(ctx, org, store.EntryQuery{Filter: &f})
		rows, err := orgsOf(page, err, func(e store.Entry) string { return e.OrgID })
		if err != nil || (len(rows) == 0 && org != w.nobody) {
			return nil, err
		}
		found = append(found, rows...)
	}
	return found, nil
}
