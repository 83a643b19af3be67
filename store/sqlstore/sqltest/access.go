package sqltest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/seal"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// AccessCheck is what a host asks at each request, "what may this person do on this
// project": in an org of ten thousand grants beside one of ten, and beside the reads that it
// is made of, through the store and by hand.
func AccessCheck(b *testing.B, d Database) {
	var asked [2]inquiry
	for i, others := range []int{10, 10_000} {
		d.Options.Prefix = fmt.Sprintf("accesssec_%d_", i)
		asked[i] = newInquiry(b, d, others)
		d.count(b, asked[i].db)
	}
	many := asked[1]
	hand := many.byHand(b)
	b.Run("access", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			many.access(b)
		}
	})
	for ratio, both := range map[string][2]func(){
		"10000/10":     {func() { asked[0].access(b) }, func() { many.access(b) }},
		"access/reads": {func() { many.reads(b) }, func() { many.access(b) }},
		"access/hand":  {hand, func() { many.access(b) }},
	} {
		b.Run(ratio, func(b *testing.B) { takeTurns(b, ratio, func() {}, both) })
	}
}

// inquiry is about Ann, a member of whom one project is asked: she has a grant of her own, one by a
// team, and one that everybody has.
type inquiry struct {
	d   Database
	db  *sql.DB
	st  store.Store
	svc *accesssec.Service
	ann accesssec.Principal
}

func newInquiry(b *testing.B, d Database, others int) inquiry {
	b.Helper()
	a := inquiry{d: d, db: d.Pool(b)}
	a.st = d.StoreOn(b, a.db)
	var secret [32]byte
	rand.Read(secret[:])
	keys, err := seal.NewRing(seal.Key{ID: "test", Secret: secret})
	must(b, err)
	a.svc, err = accesssec.New(a.st, "https://app.example.com", keys, &accesssec.Options{Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true})})
	must(b, err)
	owner, err := a.svc.CreateOrg(b.Context(), "Acme", accesssec.Person{Address: "boss@example.com", Verified: true})
	must(b, err)
	must(b, a.svc.ImportPeople(b.Context(), owner.OrgID, accesssec.Person{Address: "ann@example.com", Verified: true, Role: policy.Member}))
	u, err := a.st.UserByAddress(b.Context(), "ann@example.com")
	must(b, err)
	a.ann, err = a.svc.Vouch(b.Context(), owner.OrgID, u.ID)
	must(b, err)
	admin := a.svc.Admin(owner)
	team, err := admin.CreateTeam(b.Context(), "Team")
	must(b, err)
	must(b, admin.ChangeTeam(b.Context(), team.ID, accesssec.TeamChange{Add: []string{u.ID}}))
	for _, to := range []accesssec.Subject{{Kind: accesssec.ToPerson, ID: u.ID}, {Kind: accesssec.ToTeam, ID: team.ID}, {Kind: accesssec.ToEveryone}} {
		_, err := admin.Grant(b.Context(), accesssec.Grant{To: to, Project: "p1", Role: string(policy.Analyst)})
		must(b, err)
	}
	must(b, a.st.RunInTx(b.Context(), func(tx store.Tx) error {
		for i := range others {
			g := store.Grant{OrgID: owner.OrgID, ID: fmt.Sprintf("grant-%d", i), Project: "p1", Subject: fmt.Sprintf("usr-%d", i), SubjectKind: store.SubjectUser, Role: "analyst"}
			if err := tx.PutGrant(b.Context(), g); err != nil {
				return err
			}
		}
		return nil
	}))
	return a
}

func (a inquiry) access(b *testing.B) {
	got, err := a.svc.Access(b.Context(), a.ann, "p1")
	must(b, err)
	if got.Role != policy.Analyst || len(got.Sources) != 3 {
		b.Fatalf("%+v", got)
	}
}

// reads are those of Access, and nothing made of them.
func (a inquiry) reads(b *testing.B) {
	_, err := a.st.Membership(b.Context(), a.ann.OrgID, a.ann.UserID)
	must(b, err)
	page, err := a.st.Grants(b.Context(), a.ann.OrgID, store.GrantQuery{Person: a.ann.UserID, Projects: []string{"", "p1"}, Paging: store.Paging{Limit: 1000}})
	must(b, err)
	if len(page.Items) != 3 {
		b.Fatal(len(page.Items))
	}
}

// byHand is the same two reads in database/sql, prepared, by a mind that knows the tables.
func (a inquiry) byHand(b *testing.B) func() {
	b.Helper()
	named := func(text string) string {
		for _, table := range []string{"memberships", "users", "grants", "members", "entries"} {
			text = strings.ReplaceAll(text, "{"+table+"}", a.d.qualified(a.d.Options.Prefix+table))
		}
		if a.d.Dialect == sqlstore.SQLite {
			text = strings.ReplaceAll(text, "$", "?")
		}
		return text
	}
	member := a.prepare(b, named(`SELECT m.role, u.disabled FROM {memberships} m JOIN {users} u ON u.id = m.user_id WHERE m.org_id = $1 AND m.user_id = $2`))
	grants := a.prepare(b, named(`SELECT id, role FROM {grants} WHERE org_id = $1 AND project IN ('', $3) AND subject = $2 AND subject_kind = 'user'
		UNION ALL SELECT id, role FROM {grants} WHERE org_id = $1 AND project IN ('', $3) AND subject = '' AND subject_kind = 'everyone'
		UNION ALL SELECT g.id, g.role FROM {entries} e JOIN {members} m ON m.org_id = e.org_id AND m.entry_id = e.id
			JOIN {grants} g ON g.org_id = m.org_id AND g.subject = m.group_id AND g.subject_kind = 'group'
			WHERE e.org_id = $1 AND e.user_id = $2 AND g.project IN ('', $3)`))
	return func() {
		var role, id string
		var disabled bool
		must(b, member.QueryRowContext(b.Context(), a.ann.OrgID, a.ann.UserID).Scan(&role, &disabled))
		n := 0
		rows, err := grants.QueryContext(b.Context(), a.ann.OrgID, a.ann.UserID, "p1")
		must(b, err)
		for ; rows.Next(); n++ {
			must(b, rows.Scan(&id, &role))
		}
		must(b, rows.Close())
		if n != 3 {
			b.Fatal(n)
		}
	}
}

func (a inquiry) prepare(b *testing.B, text string) *sql.Stmt {
	b.Helper()
	s, err := a.db.PrepareContext(context.Background(), text)
	must(b, err)
	b.Cleanup(func() { s.Close() })
	return s
}
