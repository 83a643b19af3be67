package storetest

import (
	"context"

	"github.com/accesssec/accesssec-go/store"
)

func orgRecord() record[store.Org] {
	return record[store.Org]{
		make: func(subject, string) store.Org { return anOrg() },
		create: func(ctx context.Context, tx store.Tx, o store.Org) error {
			return tx.CreateOrg(ctx, o)
		},
		update: func(ctx context.Context, tx store.Tx, o store.Org) error {
			return tx.UpdateOrg(ctx, o)
		},
		read: func(ctx context.Context, r store.Reader, o store.Org) (store.Org, error) {
			return r.Org(ctx, o.ID)
		},
		remove: func(ctx context.Context, tx store.Tx, o store.Org) error {
			return tx.DeleteOrg(ctx, o.ID)
		},
		version: func(o *store.Org) *int64 { return &o.Version },
		change: func(o *store.Org) {
			o.Name, o.SSOFrom, o.Access, o.CreatedAt = "Other", "", nil, day(1)
		},
		scribble: func(o *store.Org) { o.Access[0] = 'X' },
		blank:    func(o *store.Org) { o.ID = "" },
	}
}

func testOrgs(s subject) {
	orgRecord().test(s)
	s.run("GovernedBy", func(s subject) {
		admin, a, b := anOrg(), anOrg(), anOrg()
		a.SSOFrom = admin.ID
		s.must(func(tx store.Tx) error {
			for _, o := range []store.Org{admin, a, b} {
				if err := tx.CreateOrg(s.Context(), o); err != nil {
					return err
				}
			}
			return nil
		})
		page, err := s.Orgs(s.Context(), store.OrgQuery{SSOFrom: admin.ID})
		s.want("Orgs", err, nil)
		a.Version = 1
		s.same("governed", page.Items, []store.Org{a})
	})
	s.run("All", func(s subject) {
		id := s.withOrg()
		for q := (store.OrgQuery{Paging: store.Paging{Limit: 1000}}); ; {
			page, err := s.Orgs(s.Context(), q)
			if err != nil {
				s.Fatal(err)
			}
			for _, o := range page.Items {
				if o.ID == id {
					return
				}
			}
			if page.Next == "" {
				s.Fatal("the org is not in the list of all")
			}
			q.After = page.Next
		}
	})
	s.run("Delete", testDeleteOrg)
}

// testDeleteOrg fills two orgs alike, with the same ids where that is possible, and
// deletes one.
func testDeleteOrg(s subject) {
	w := newWorld(s)
	before := w.dump(w.b)
	s.must(func(tx store.Tx) error { return tx.DeleteOrg(s.Context(), w.a) })

	_, err := s.Org(s.Context(), w.a)
	s.want("the org", err, store.ErrNotFound)
	s.same("what is left of it", w.dump(w.a), w.dump(w.nobody))
	s.same("the other org", w.dump(w.b), before)
	if _, err := s.User(s.Context(), w.user); err != nil {
		s.Errorf("a member's account: %v, want it to stay", err)
	}
	for name, err := range map[string]error{
		"session": second(s.SessionByHash(s.Context(), w.sessionOf(w.a).Hash)),
		"doc key": second(s.DocByKey(s.Context(), w.kind, w.docOf(w.a).Key)),
	} {
		s.want(name, err, store.ErrNotFound)
	}
	jobs, err := s.LeaseJobs(s.Context(), store.LeaseQuery{
		Kinds: []string{string(w.kind)}, Worker: "w", Now: day(5), Until: day(6),
	})
	s.want("LeaseJobs", err, nil)
	if len(jobs) != 1 || jobs[0].OrgID != w.b {
		s.Errorf("due jobs %v, want the one of the other org", jobs)
	}
	orgs, err := s.OrgsOf(s.Context(), w.user)
	s.want("OrgsOf", err, nil)
	if len(orgs) != 1 || orgs[0].OrgID != w.b {
		s.Errorf("the member is in %v, want the other org", orgs)
	}
}

func second[T any](_ T, err error) error { return err }
