package flowtest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/internal/policytable"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// who has which address in the table's world.
func addressOf(w policytable.Who) string {
	return map[policytable.Who]string{
		policytable.Member: "member@example.com", policytable.Owner: "owner@example.com", policytable.Admin: "admin@example.com",
		policytable.External: "external@example.net", policytable.Account: "account@example.com",
		policytable.Nobody: "nobody@example.com", policytable.Off: "off@example.net",
	}[w]
}

// tableFlows is docs/policy.md over HTTP, cell by cell, a column in one world: through the
// pages, with what the log says of it.
func tableFlows(t *testing.T, open func(*testing.T) store.Store) {
	tables := map[string]struct {
		rows   []policytable.Row
		block  bool
		change func(*world, *customer)
	}{
		"verified":       {rows: policytable.Rows()},
		"block external": {rows: policytable.Blocking(), block: true},
		"lapsed":         {rows: policytable.LapsedRows(), change: lapse},
	}
	for name, table := range tables {
		for i, col := range policytable.Columns() {
			t.Run(name+"/"+col.Name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, open(t))
				o := tableOrg(w, col, table.block)
				if table.change != nil {
					table.change(w, o)
				}
				for _, row := range table.rows {
					w.advance(time.Second) // so that the newest event is this row's
					cell(w, o, row, row.In(i))
				}
			})
		}
	}
}

// tableOrg is org O with its people, and one other org.
func tableOrg(w *world, col policytable.Column, block bool) *customer {
	w.t.Helper()
	var people []samltest.Person
	for _, who := range []policytable.Who{policytable.Member, policytable.Owner, policytable.Admin, policytable.Account, policytable.Nobody, policytable.Off} {
		people = append(people, samltest.Person{Email: addressOf(who), FirstName: "Given"})
	}
	o := w.newCustomer("O", "example.com", people...)
	o.add(policy.Member, addressOf(policytable.Member), addressOf(policytable.External))
	o.add(policy.Admin, addressOf(policytable.Admin))
	elsewhere := w.newOrg("Elsewhere", "owner@example.org")
	elsewhere.add(policy.Member, addressOf(policytable.Account), addressOf(policytable.Off))
	// An account on D that is in no org at all is what the row is about.
	a, _ := w.user(addressOf(policytable.Account))
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, elsewhere.owner.OrgID, a.ID) })
	o.apply(func(s *accesssec.Settings) {
		s.RequireSSO, s.IdPManaged, s.BlockExternal = col.RequireSSO, col.IdPManaged, block
	})
	return o
}

// lapse lets the claims of the org lapse, as weeks without the record will.
func lapse(w *world, o *customer) {
	w.t.Helper()
	w.change(func(tx store.Tx) error {
		page, err := tx.Domains(w.ctx, o.owner.OrgID, store.Paging{})
		if err != nil {
			return err
		}
		for _, d := range page.Items {
			d.Status = store.DomainUnverified
			if err := tx.UpdateDomains(w.ctx, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// cell tries one cell and compares.
func cell(w *world, o *customer, row policytable.Row, want policytable.Outcome) {
	w.t.Helper()
	users, bypasses := countUsers(w), len(o.events(audit.LoginBypassed))
	b := w.browser()
	var a answer
	if row.How == policytable.Password {
		// Before the right password, a wrong one: it looks the same for everybody.
		wrong := b.submit("password", "address", addressOf(row.Who), "password", "not the password")
		if wrong.status != http.StatusUnauthorized || !strings.Contains(wrong.body, "address or the password is wrong") {
			w.t.Errorf("%s: a wrong password: status %d", row.Who, wrong.status)
		}
		w.advance(time.Second)
		a = b.submit("password", "address", addressOf(row.Who), "password", right)
	} else {
		a = b.sso(o, addressOf(row.Who))
	}
	bypassed := len(o.events(audit.LoginBypassed)) - bypasses
	got := outcome(w, o, b, a, bypassed)
	if got != want {
		w.t.Errorf("%s, %s: %s, want %s (status %d)\n%s", row.Who, row.How, got, want, a.status, text(a.body))
	}
	if wantBypass := want == policytable.Bypass; (bypassed == 1) != wantBypass {
		w.t.Errorf("%s, %s: %d bypasses in the log", row.Who, row.How, bypassed)
	}
	made := want == policytable.Made && row.Who == policytable.Nobody
	if n := countUsers(w) - users; (n == 1) != made {
		w.t.Errorf("%s, %s: %d accounts were made", row.Who, row.How, n)
	}
	u, there := w.user(addressOf(row.Who))
	if !there {
		return
	}
	if n := w.sessions(store.SessionQuery{UserID: u.ID}); (n == 0) != refused(want) {
		w.t.Errorf("%s, %s: %d sessions", row.Who, row.How, n)
	}
	// The next row begins without what this one left.
	w.change(func(tx store.Tx) error {
		_, err := tx.DeleteSessions(w.ctx, store.SessionQuery{UserID: u.ID})
		return err
	})
}

func refused(o policytable.Outcome) bool {
	switch o {
	case policytable.In, policytable.Bypass, policytable.Own, policytable.Made:
		return false
	}
	return true
}

// outcome translates what the browser sees, and why the log says it, into the words
// of the table.
func outcome(w *world, o *customer, b *browser, a answer, bypassed int) policytable.Outcome {
	w.t.Helper()
	user, org, role := b.whoami()
	switch {
	case user != "" && org == "":
		return policytable.Own
	case user != "" && org != o.owner.OrgID:
		return policytable.Outcome("in another org")
	case user != "":
		switch m, err := w.store.Membership(w.ctx, org, user); {
		case err != nil || m.Role != role:
			return policytable.Outcome("in without a membership")
		case m.Source == "jit":
			return policytable.Made
		case bypassed > 0:
			return policytable.Bypass
		}
		return policytable.In
	}
	got := policytable.Refused(o.last(audit.LoginRefused).Reason)
	if got == policytable.SentSSO && !strings.Contains(a.body, "Your organization requires single sign-on") {
		return policytable.Outcome("refused for SSO, and not told so")
	}
	return got
}

// countUsers is how many of the table's people have an account.
func countUsers(w *world) int {
	w.t.Helper()
	n := 0
	for _, who := range []policytable.Who{policytable.Member, policytable.Owner, policytable.Admin, policytable.External, policytable.Account, policytable.Nobody, policytable.Off} {
		if _, there := w.user(addressOf(who)); there {
			n++
		}
	}
	return n
}

// text is a page without its head and tags.
func text(page string) string {
	if _, body, ok := strings.Cut(page, "<body>"); ok {
		page = body
	}
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, " ")), " ")
}
