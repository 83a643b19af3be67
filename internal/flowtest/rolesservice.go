package flowtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

func (c *customer) robots() []accesssec.ServiceAccount {
	c.w.t.Helper()
	page, err := c.admin().ServiceAccounts(c.w.ctx, store.Paging{})
	c.w.must(err)
	return page.Items
}

func serviceAccountLife(t *testing.T, w *world) {
	acme := withRoles(w)
	put := func(sa accesssec.ServiceAccount) (accesssec.ServiceAccount, accesssec.Code) {
		t.Helper()
		out, err := acme.as("admin@example.com").PutServiceAccount(w.ctx, sa)
		return out, w.code(err)
	}
	sa, code := put(accesssec.ServiceAccount{Name: " nightly\texport ", Purpose: "copies the\nnumbers to the warehouse"})
	if want := (accesssec.ServiceAccount{ID: sa.ID, Name: "nightly export", Purpose: "copies the numbers to the warehouse", CreatedAt: w.clock(), Version: 1}); code != "" || !cmp.Equal(sa, want) || !strings.HasPrefix(sa.ID, "sa-") {
		t.Fatalf("made %+v, %q", sa, code)
	}
	if e := acme.last(audit.ServiceAccountCreated); e.Targets[0].ID != sa.ID || !slices.Equal(changesOf(e), []string{"name >nightly export", "purpose >copies the numbers to the warehouse"}) {
		t.Errorf("the log says %+v", e)
	}
	for _, tt := range []struct {
		sa   accesssec.ServiceAccount
		want accesssec.Code
	}{
		{accesssec.ServiceAccount{Purpose: "x"}, accesssec.CodeName},
		{accesssec.ServiceAccount{Name: strings.Repeat("n", 101), Purpose: "x"}, accesssec.CodeName},
		{accesssec.ServiceAccount{Name: "x"}, accesssec.CodePurpose},
		{accesssec.ServiceAccount{Name: "x", Purpose: " \n "}, accesssec.CodePurpose},
		{accesssec.ServiceAccount{Name: "x", Purpose: strings.Repeat("p", 501)}, accesssec.CodePurpose},
		{accesssec.ServiceAccount{ID: sa.ID, Name: "x", Version: 1}, accesssec.CodePurpose},
		{accesssec.ServiceAccount{ID: sa.ID, Name: "x", Purpose: "x"}, accesssec.CodeConflict},
		{accesssec.ServiceAccount{ID: "sa-nobodys", Name: "x", Purpose: "x", Version: 1}, accesssec.CodeNotFound},
	} {
		if out, got := put(tt.sa); got != tt.want || out.ID != "" {
			t.Errorf("%+v: %q, want %q", tt.sa, got, tt.want)
		}
	}
	me := accesssec.Subject{Kind: accesssec.ToServiceAccount, ID: sa.ID}
	acme.may(me, "p1")
	acme.grant(accesssec.Subject{Kind: accesssec.ToEveryone}, "", string(policy.Analyst))
	acme.may(me, "p1") // it is no member
	role := acme.role("Reader", policy.ViewProject)
	acme.grant(me, "p1", role.ID)
	acme.grant(me, "p2", string(policy.Analyst))
	acme.may(me, "p1", policy.ViewProject)
	acme.may(me, "p2", "host.export", policy.EditProject, policy.ViewProject)
	acme.may(accesssec.Subject{Kind: accesssec.ToServiceAccount}, "p1")
	acme.may(accesssec.Subject{Kind: accesssec.ToPerson, ID: sa.ID}, "p1") // of that kind it is nobody

	next, code := put(accesssec.ServiceAccount{ID: sa.ID, Name: "nightly", Purpose: sa.Purpose, Version: 1})
	if code != "" || next.Version != 2 || !next.CreatedAt.Equal(sa.CreatedAt) || !cmp.Equal(acme.robots(), []accesssec.ServiceAccount{next}) {
		t.Errorf("changed to %+v, %q", next, code)
	}
	if e := acme.last(audit.ServiceAccountChanged); !slices.Equal(changesOf(e), []string{"name nightly export>nightly"}) {
		t.Errorf("the log says %+v", e)
	}
	if same, code := put(next); code != "" || !cmp.Equal(same, next) || len(acme.events(audit.ServiceAccountChanged)) != 1 {
		t.Errorf("the same again: %+v, %q", same, code)
	}

	evil := w.newOrg("Evil", "owner@example.org")
	evil.refuses(evil.admin().DeleteServiceAccount(w.ctx, sa.ID), accesssec.CodeNotFound)
	_, err := evil.admin().PutServiceAccount(w.ctx, next)
	evil.refuses(err, accesssec.CodeNotFound)
	if len(evil.robots()) != 0 {
		t.Error("another org sees it")
	}
	w.must(acme.as("admin@example.com").DeleteServiceAccount(w.ctx, sa.ID))
	acme.may(me, "p1")
	acme.may(me, "p2")
	if e := acme.last(audit.ServiceAccountDeleted); e.Targets[0].Name != "nightly" || factsOf(e)["grants_revoked"] != "2" || len(acme.robots()) != 0 || len(acme.grants()) != 1 {
		t.Errorf("the log says %+v, left is %q", e, acme.grants())
	}
	acme.refuses(acme.admin().DeleteServiceAccount(w.ctx, sa.ID), accesssec.CodeNotFound)
	_, err = acme.admin().Grant(w.ctx, accesssec.Grant{To: me, Project: "p1", Role: "consumer"})
	acme.refuses(err, accesssec.CodeNotFound)
}

func serviceAccountLimit(t *testing.T, w *world) {
	acme := withRoles(w)
	w.change(func(tx store.Tx) error {
		docs := make([]store.Doc, 999)
		for i := range docs {
			docs[i] = store.Doc{Kind: "service_account", OrgID: acme.owner.OrgID, ID: fmt.Sprint("sa-", i), At: w.clock(), Body: []byte(`{"name":"n","purpose":"p"}`)}
		}
		return tx.PutDocs(w.ctx, docs...)
	})
	admin := acme.admin()
	won, codes := w.race(3, func(int) error {
		_, err := admin.PutServiceAccount(w.ctx, accesssec.ServiceAccount{Name: "n", Purpose: "p"})
		return err
	})
	if won != 1 || codes[accesssec.CodeRoleLimit] != 2 {
		t.Errorf("%d are made, and %v", won, codes)
	}
	if _, err := admin.PutServiceAccount(w.ctx, accesssec.ServiceAccount{ID: "sa-1", Name: "changed still", Purpose: "p", Version: 1}); err != nil {
		t.Error(err)
	}
}

// serviceAccountAbove: an Admin takes nothing away that they could not revoke.
func serviceAccountAbove(t *testing.T, w *world) {
	acme := withRoles(w)
	sa, err := acme.admin().PutServiceAccount(w.ctx, accesssec.ServiceAccount{Name: "n", Purpose: "p"})
	w.must(err)
	me := accesssec.Subject{Kind: accesssec.ToServiceAccount, ID: sa.ID}
	acme.grant(me, "p1", string(policy.ProjectAdmin))
	high := acme.grant(me, "p2", string(policy.ProjectOwner))
	admin := acme.as("admin@example.com")
	acme.refuses(admin.DeleteServiceAccount(w.ctx, sa.ID), accesssec.CodeAbove)
	if e := acme.last(audit.ChangeRefused); e.Targets[0].ID != sa.ID || len(acme.grants()) != 2 {
		t.Errorf("the log says %+v, left is %q", e, acme.grants())
	}
	acme.refuses(acme.as("ann@example.com").DeleteServiceAccount(w.ctx, sa.ID), accesssec.CodeNotAllowed)
	w.must(acme.admin().Revoke(w.ctx, high.ID))
	w.must(admin.DeleteServiceAccount(w.ctx, sa.ID))
	if len(acme.grants()) != 0 {
		t.Errorf("left is %q", acme.grants())
	}
}
