package sqltest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/filter"
	"github.com/accesssec/accesssec-go/store"
)

// hostSchema is a schema of a host's own, with an attribute of each type.
const hostSchema = "urn:example:scim:2.0:User"

func provisioned(t *testing.T) *scim.Schemas {
	t.Helper()
	text := func(name string) scim.Attribute { return scim.Attribute{Name: name, Type: filter.String} }
	exact := text("code")
	exact.CaseExact = true
	tags := text("tags")
	tags.MultiValued = true
	s, err := scim.NewSchemas(scim.Extension{ResourceType: "User", Schema: scim.Schema{ID: hostSchema, Name: "Host", Attributes: []scim.Attribute{
		exact, tags,
		{Name: "level", Type: filter.Integer},
		{Name: "score", Type: filter.Decimal},
		{Name: "since", Type: filter.DateTime},
		{Name: "key", Type: filter.Binary},
		{Name: "page", Type: filter.Reference},
		{Name: "contractor", Type: filter.Boolean},
		{Name: "notes", Type: filter.Complex, MultiValued: true, SubAttributes: []scim.Attribute{
			text("text"), {Name: "at", Type: filter.DateTime}, {Name: "weight", Type: filter.Decimal}, {Name: "open", Type: filter.Boolean},
		}},
	}}})
	must(t, err)
	return s
}

// aUser has anything, in any number, or nothing but a name.
func aUser(d *dice, i int) scim.User {
	u := scim.User{UserName: pick(d, texts()) + suffix(i), Active: d.once(2), Extra: map[string]any{}}
	if d.once(2) {
		u.ExternalID = pick(d, texts()) + suffix(i)
	}
	maybe := func() string {
		if d.once(3) {
			return ""
		}
		return pick(d, texts())
	}
	if d.once(2) {
		u.Name = scim.Name{Family: maybe(), Given: maybe(), Formatted: maybe()}
	}
	primary := d.roll(4)
	for e := range d.roll(4) {
		u.Emails = append(u.Emails, scim.Email{Value: maybe(), Type: pick(d, []string{"work", "Work", "home", ""}), Display: maybe(), Primary: e == primary})
	}
	for _, name := range []string{"title", "displayName", "nickName"} {
		if s := maybe(); s != "" {
			u.Extra[name] = s
		}
	}
	if d.once(2) {
		u.Extra["phoneNumbers"] = []any{map[string]any{"value": "tel:" + maybe(), "type": "work"}, map[string]any{"value": "tel:1", "primary": true}}
	}
	if d.once(2) {
		u.Extra[scim.EnterpriseSchema] = map[string]any{"department": pick(d, texts()[1:]), "manager": map[string]any{"value": pick(d, texts()[1:])}}
	}
	if d.once(2) {
		u.Extra[hostSchema] = hostValues(d)
	}
	return u
}

func hostValues(d *dice) map[string]any {
	all := map[string]any{
		"code": pick(d, texts()[1:]), "tags": []any{pick(d, texts()[1:]), pick(d, texts()[1:])},
		"level": json.Number(fmt.Sprint(d.roll(7) - 3)), "score": json.Number(pick(d, numbers())), "since": pick(d, dates()),
		"key": pick(d, []string{"QQ==", "qq=="}), "page": pick(d, []string{"https://a.example/", "https://A.example/"}), "contractor": d.once(2),
		"notes": []any{
			map[string]any{"text": pick(d, texts()[1:]), "at": pick(d, dates()), "open": d.once(2)},
			map[string]any{"weight": json.Number(pick(d, numbers()))},
		},
	}
	for name := range all {
		if d.once(3) {
			delete(all, name)
		}
	}
	return all
}

func numbers() []string {
	return []string{"0", "-0", "1", "1.0", "10e-1", "1.5", "-1.5", "-1.25", "2", "10", "1e3", "0.001", "-1e3", "12345678901234567890.5"}
}

func dates() []string {
	return []string{"2040-01-02T12:00:00Z", "2040-01-02T13:00:00+01:00", "2040-01-02T12:00:00.5Z", "2040-01-02T12:00:00.1234567Z", "0001-01-03T00:00:00.0000000Z", "9999-12-31T23:59:59Z"}
}

// aDirectoryOf provisions people and groups, and gives their entries back, as a directory
// keeps them, and who is in which group.
func aDirectoryOf(t *testing.T, d *dice, m *scim.Memory, schemas *scim.Schemas, people, groups int) ([]store.Entry, map[string][]string) {
	t.Helper()
	var entries []store.Entry
	for i := range people {
		u, err := m.CreateUser(t.Context(), aUser(d, i))
		must(t, err)
		e := entryOf(u.ID, store.EntryUser, u.ExternalID, u.Meta, schemas.IndexUser(u))
		e.NameKey, e.Active = strings.ToUpper(u.UserName), u.Active
		entries = append(entries, e)
	}
	in := map[string][]string{}
	for i := range groups {
		var change scim.MemberChange
		for range d.roll(5) {
			change.Add = append(change.Add, entries[d.roll(people)].ID)
		}
		g, _, err := m.CreateGroup(t.Context(), scim.Group{DisplayName: pick(d, texts()) + suffix(i)}, change)
		must(t, err)
		e := entryOf(g.ID, store.EntryGroup, g.ExternalID, g.Meta, schemas.IndexGroup(g))
		e.NameKey = strings.ToUpper(g.DisplayName)
		entries, in[g.ID] = append(entries, e), change.Add
	}
	return entries, in
}

func entryOf(id, typ, externalID string, meta scim.Meta, index []scim.Indexed) store.Entry {
	e := store.Entry{OrgID: crowd, ID: id, ConnectionID: "scim", Type: typ, Name: "name", ExternalID: externalID,
		CreatedAt: meta.Created, ModifiedAt: meta.LastModified}
	for _, x := range index {
		e.Index = append(e.Index, store.Index{Path: x.Path, Row: x.Row, Text: x.Key})
	}
	return e
}

// keepDirectory writes entries and members down.
func keepDirectory(ctx context.Context, s store.Store, entries []store.Entry, in map[string][]string) error {
	return s.RunInTx(ctx, func(tx store.Tx) error {
		for _, e := range entries {
			if err := tx.PutEntry(ctx, e); err != nil {
				return err
			}
		}
		for group, members := range in {
			if err := tx.ChangeEntryMembers(ctx, crowd, group, store.MemberDelta{Add: members}); err != nil {
				return err
			}
		}
		return nil
	})
}

// attributesOf are those of a user or a group, by their ids, as a filter looks at them.
func attributesOf(t *testing.T, m *scim.Memory, entries []store.Entry, in map[string][]string) map[string]map[string]any {
	t.Helper()
	all := map[string]map[string]any{}
	for _, e := range entries {
		var a map[string]any
		if e.Type == store.EntryUser {
			u, err := m.User(t.Context(), e.ID)
			must(t, err)
			a = u.Attributes()
		} else {
			g, err := m.Group(t.Context(), e.ID)
			must(t, err)
			a = g.Attributes()
			var members []any
			for _, id := range in[e.ID] {
				members = append(members, map[string]any{"value": id})
			}
			a["members"] = members
		}
		a["id"], a["externalId"] = e.ID, e.ExternalID
		a["meta"] = map[string]any{"created": e.CreatedAt, "lastModified": e.ModifiedAt.Format(time.RFC3339Nano)}
		all[e.ID] = a
	}
	return all
}
