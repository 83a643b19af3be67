package storetest

import (
	"strings"

	"github.com/accesssec/accesssec-go/store"
)

// circle is an org with Ann and Bob, and the groups "in", which Ann is in, and "out",
// which she is not.
type circle struct {
	subject
	org, ann, bob   string // users
	annEntry        string
	in, out         string // groups
	service, nobody string
	granted         int // how many grants were made: each is a day later
}

func newCircle(s subject) *circle {
	s.Helper()
	c := &circle{
		subject: s, org: s.withOrg(), ann: newID("usr"), bob: newID("usr"), annEntry: newID("ent"),
		in: newID("grp"), out: newID("grp"), service: newID("svc"), nobody: newID("usr"),
	}
	s.must(func(tx store.Tx) error {
		for _, e := range []store.Entry{
			c.entry(c.annEntry, store.EntryUser, c.ann), c.entry(newID("ent"), store.EntryUser, c.bob),
			c.entry(c.in, store.EntryGroup, ""), c.entry(c.out, store.EntryGroup, ""),
		} {
			if err := tx.PutEntry(s.Context(), e); err != nil {
				return err
			}
		}
		return c.join(tx, c.in, c.annEntry)
	})
	return c
}

func (c *circle) entry(id, typ, user string) store.Entry {
	e := anEntry(c.org, typ)
	e.ID, e.NameKey, e.UserID = id, id, user
	return e
}

func (c *circle) join(tx store.Tx, group string, entries ...string) error {
	return tx.ChangeEntryMembers(c.Context(), c.org, group, store.MemberDelta{Add: entries})
}

func (c *circle) leave(tx store.Tx, group string, entries ...string) error {
	return tx.ChangeEntryMembers(c.Context(), c.org, group, store.MemberDelta{Remove: entries})
}

// grant keeps a grant, which is called name in what reaches finds.
func (c *circle) grant(tx store.Tx, name, kind, subject string, change ...func(*store.Grant)) error {
	g := aGrant(c.org)
	g.ID, g.SubjectKind, g.Subject, g.CreatedAt = name, kind, subject, day(c.granted)
	c.granted++
	for _, fn := range change {
		fn(&g)
	}
	return tx.PutGrant(c.Context(), g)
}

// each keeps a grant of each of these: name, kind, subject.
func (c *circle) each(list ...[3]string) {
	c.Helper()
	c.must(func(tx store.Tx) error {
		for _, g := range list {
			if err := c.grant(tx, g[0], g[1], g[2]); err != nil {
				return err
			}
		}
		return nil
	})
}

// reaches checks which grants q finds, by their names with a space between.
func (c *circle) reaches(what string, r store.Reader, q store.GrantQuery, want string) {
	c.Helper()
	page, err := r.Grants(c.Context(), c.org, q)
	c.want(what, err, nil)
	var got []string
	for _, g := range page.Items {
		if g.OrgID != c.org {
			c.Errorf("%s: a grant of %s, want those of %s", what, g.OrgID, c.org)
		}
		got = append(got, g.ID)
	}
	if strings.Join(got, " ") != want {
		c.Errorf("%s: grants %q, want %q", what, got, want)
	}
}

func of(person string) store.GrantQuery { return store.GrantQuery{Person: person} }
