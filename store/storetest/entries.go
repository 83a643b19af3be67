package storetest

import (
	"context"

	"github.com/accesssec/accesssec-go/store"
)

func entryRecord() record[store.Entry] {
	return record[store.Entry]{
		make: func(_ subject, org string) store.Entry { return anEntry(org, store.EntryUser) },
		create: func(ctx context.Context, tx store.Tx, e store.Entry) error {
			return tx.PutEntry(ctx, e)
		},
		update: func(ctx context.Context, tx store.Tx, e store.Entry) error {
			return tx.PutEntry(ctx, e)
		},
		read: func(ctx context.Context, r store.Reader, e store.Entry) (store.Entry, error) {
			return r.Entry(ctx, e.OrgID, e.ID)
		},
		remove: func(ctx context.Context, tx store.Tx, e store.Entry) error {
			return tx.DeleteEntry(ctx, e.OrgID, e.ID)
		},
		version: func(e *store.Entry) *int64 { return &e.Version },
		change: func(e *store.Entry) {
			e.Name, e.Active, e.Attributes, e.ModifiedAt = "Other", false, nil, day(7)
			e.Index = []store.Index{{Path: "title", Text: "dr"}}
		},
		scribble: func(e *store.Entry) {
			e.Attributes[0] = 'X'
			e.Index[0].Text = "X"
		},
		blank: func(e *store.Entry) { e.ID = "" },
		put:   true,
		unique: map[string]func(a, b *store.Entry){
			"NameKey": func(a, b *store.Entry) { b.NameKey = a.NameKey },
			"UserID":  func(a, b *store.Entry) { b.UserID = a.UserID },
			"ExternalID": func(a, b *store.Entry) {
				b.ExternalID, b.ConnectionID = a.ExternalID, a.ConnectionID
			},
		},
		free: map[string]func(a, b *store.Entry){
			"NameKeyOfAnotherType":   func(a, b *store.Entry) { b.NameKey, b.Type, b.UserID = a.NameKey, store.EntryGroup, "" },
			"ExternalIDElsewhere":    func(a, b *store.Entry) { b.ExternalID = a.ExternalID },
			"NoExternalID":           func(a, b *store.Entry) { a.ExternalID, b.ExternalID, b.ConnectionID = "", "", a.ConnectionID },
			"NoUser":                 func(a, b *store.Entry) { a.UserID, b.UserID = "", "" },
			"Name":                   func(a, b *store.Entry) { b.Name = a.Name },
			"EverythingInAnotherOrg": func(a, b *store.Entry) { *b = *a; b.OrgID = newID("org") },
			"ExternalIDOfAnotherType": func(a, b *store.Entry) {
				b.ExternalID, b.ConnectionID, b.Type = a.ExternalID, a.ConnectionID, store.EntryGroup
			},
		},
	}
}

func testEntries(s subject) {
	entryRecord().test(s)
	s.run("Type", func(s subject) {
		org := s.withOrg()
		users, groups := s.withEntries(org, store.EntryUser, 2), s.withEntries(org, store.EntryGroup, 1)
		for typ, want := range map[string]int{"": 3, store.EntryUser: len(users), store.EntryGroup: len(groups), "Other": 0} {
			page, err := s.Entries(s.Context(), org, store.EntryQuery{Type: typ, Count: true})
			s.want("Entries", err, nil)
			if len(page.Items) != want || page.Total != want {
				s.Errorf("type %q: %d entries of %d, want %d", typ, len(page.Items), page.Total, want)
			}
		}
	})
	s.run("IndexIsReplaced", func(s subject) {
		org := s.withOrg()
		e := anEntry(org, store.EntryUser)
		s.must(func(tx store.Tx) error { return tx.PutEntry(s.Context(), e) })
		e.Version, e.Index = 1, []store.Index{{Path: "emails.value", Text: "c@example.com"}}
		s.must(func(tx store.Tx) error { return tx.PutEntry(s.Context(), e) })
		for value, want := range map[string]int{"a@example.com": 0, "b@example.com": 0, "c@example.com": 1} {
			f := &store.Filter{Path: "emails.value", Op: store.OpEq, Value: value}
			page, err := s.Entries(s.Context(), org, store.EntryQuery{Filter: f})
			s.want("Entries", err, nil)
			if len(page.Items) != want {
				s.Errorf("%s finds %d entries, want %d", value, len(page.Items), want)
			}
		}
	})
	s.run("Sort", testEntrySort)
	s.run("Offset", testEntryOffset)
}

// names lists the Name of each entry.
func names(page store.Page[store.Entry]) []string {
	var out []string
	for _, e := range page.Items {
		out = append(out, e.Name)
	}
	return out
}

func testEntrySort(s subject) {
	org := s.withOrg()
	s.must(func(tx store.Tx) error {
		for i, e := range []store.Entry{
			{ID: "4", Name: "d", NameKey: "D", ExternalID: "2", Active: true, Index: []store.Index{
				{Path: "tags.value", Row: 1, Text: "a"}, {Path: "tags.value", Row: 0, Text: "z"}}},
			{ID: "3", Name: "c", NameKey: "a", ExternalID: "10", Index: []store.Index{{Path: "tags.value", Row: 2, Text: "m"}}},
			{ID: "2", Name: "b", NameKey: "Z", Active: true},
			{ID: "1", Name: "a", NameKey: "é", Index: []store.Index{{Path: "tags.other", Text: "0"}}},
		} {
			e.OrgID, e.Type = org, store.EntryUser
			e.CreatedAt, e.ModifiedAt = day(i/2), day(-i)
			if err := tx.PutEntry(s.Context(), e); err != nil {
				return err
			}
		}
		return nil
	})
	cases := []struct {
		sort store.Sort
		want []string
	}{
		{store.Sort{}, []string{"c", "d", "a", "b"}},
		{store.Sort{Desc: true}, []string{"a", "b", "c", "d"}},
		{store.Sort{Path: "created"}, []string{"c", "d", "a", "b"}},
		{store.Sort{Path: "modified"}, []string{"a", "b", "c", "d"}},
		{store.Sort{Path: "modified", Desc: true}, []string{"d", "c", "b", "a"}},
		{store.Sort{Path: "id"}, []string{"a", "b", "c", "d"}},
		{store.Sort{Path: "name"}, []string{"d", "b", "c", "a"}}, // byte order of NameKey
		{store.Sort{Path: "externalId"}, []string{"c", "d", "a", "b"}},
		{store.Sort{Path: "externalId", Desc: true}, []string{"d", "c", "a", "b"}},
		{store.Sort{Path: "tags.value"}, []string{"c", "d", "a", "b"}}, // the first row counts
		{store.Sort{Path: "tags.value", Desc: true}, []string{"d", "c", "a", "b"}},
		{store.Sort{Path: "nowhere"}, []string{"a", "b", "c", "d"}},
		{store.Sort{Path: "active"}, []string{"a", "c", "b", "d"}},
	}
	for _, c := range cases {
		page, err := s.Entries(s.Context(), org, store.EntryQuery{Sort: c.sort})
		s.want("Entries", err, nil)
		s.same("sorted by "+c.sort.Path, names(page), c.want)

		var walked []string
		q := store.EntryQuery{Sort: c.sort, Paging: store.Paging{Limit: 1}}
		for range 10 {
			page, err := s.Entries(s.Context(), org, q)
			s.want("Entries", err, nil)
			walked = append(walked, names(page)...)
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		s.same("paged by "+c.sort.Path, walked, c.want)
	}
}

func testEntryOffset(s subject) {
	org := s.withOrg()
	s.must(func(tx store.Tx) error {
		for i := range 5 {
			e := anEntry(org, store.EntryUser)
			e.Name, e.CreatedAt = string(rune('a'+i)), day(i)
			if err := tx.PutEntry(s.Context(), e); err != nil {
				return err
			}
		}
		return nil
	})
	for offset, want := range map[int][]string{0: {"a", "b"}, 1: {"b", "c"}, 4: {"e"}, 5: nil, 5000: nil} {
		page, err := s.Entries(s.Context(), org, store.EntryQuery{
			Offset: offset, Count: true, Paging: store.Paging{Limit: 2},
		})
		s.want("Entries", err, nil)
		s.same("offset", names(page), want)
		if page.Total != 5 {
			s.Errorf("offset %d: total %d, want 5", offset, page.Total)
		}
	}
	first, err := s.Entries(s.Context(), org, store.EntryQuery{Paging: store.Paging{Limit: 2}})
	s.want("Entries", err, nil)
	_, err = s.Entries(s.Context(), org, store.EntryQuery{Offset: 1, Paging: store.Paging{After: first.Next}})
	s.misuse("Offset beside After", err)
	_, err = s.Entries(s.Context(), org, store.EntryQuery{Offset: -1})
	s.misuse("negative Offset", err)
}
