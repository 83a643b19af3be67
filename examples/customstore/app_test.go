package main

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/examples/customstore/accounts"
)

func started(t *testing.T) *app {
	t.Helper()
	a, err := start(t.Context(), "localhost:0", cheap, func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.close() })
	return a
}

// Both or neither, also where it is accesssec's part that fails.
func TestTogether(t *testing.T) {
	t.Parallel()
	ctx, a := t.Context(), started(t)
	tess, err := a.comeIn(ctx, "tess")
	if err != nil {
		t.Fatal(err)
	}
	dead, cancel := context.WithCancel(ctx)
	err = a.together(ctx, func(tx *sql.Tx, svc *accesssec.Service) error {
		if err := accounts.SetActive(ctx, tx, "acct-3", false); err != nil {
			return err
		}
		cancel()
		return svc.PersonChanged(dead, "acct-3")
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if err := tess.mustSay(ctx, "Hello Tess Tyler"); err != nil {
		t.Errorf("half of it was done: %v", err)
	}
	if u, err := a.st.User(ctx, "acct-3"); err != nil || u.Disabled {
		t.Errorf("disabled by a change that failed: %+v, %v", u, err)
	}
}

// A database that is away lets nobody in and signs nobody out.
func TestAway(t *testing.T) {
	t.Parallel()
	ctx, a := t.Context(), started(t)
	olive, err := a.comeIn(ctx, "olive")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.db.Close(); err != nil {
		t.Fatal(err)
	}
	page, err := olive.home(ctx)
	if err != nil || page.status != http.StatusServiceUnavailable {
		t.Errorf("the protected page: status %d, %v", page.status, err)
	}
	cookies, err := olive.cookies()
	if err != nil || cookies[cookieName] == "" {
		t.Errorf("the cookie is gone: %v, %v", cookies, err)
	}
	_, page, err = a.byPassword(ctx, a.known["bert"].Mail, a.known["bert"].Password)
	if err != nil || page.status != http.StatusServiceUnavailable {
		t.Errorf("a right password: status %d, %v", page.status, err)
	}
}

// A workspace becomes an org once, and only by a boss whose address is proven: else
// whoever signed up with somebody's address would own an org in their name.
func TestAdopt(t *testing.T) {
	t.Parallel()
	ctx, a := t.Context(), started(t)
	if _, _, err := a.adopt(ctx, 1); !errors.Is(err, accounts.ErrAdopted) {
		t.Errorf("a second time: %v", err)
	}
	_, err := a.db.ExecContext(ctx, `
		INSERT INTO workspaces (id, name) VALUES (2, 'Of a stranger'), (3, 'Of nobody');
		INSERT INTO accounts (id, mail, address_key, display_name) VALUES (4, 'eve@example.net', 'eve@example.net', 'Eve');
		INSERT INTO team_members (workspace_id, account_id, position) VALUES (2, 4, 'boss'), (3, 4, 'staff')`)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.adopt(ctx, 2); !accesssec.IsRefusal(err, accesssec.CodeUnproven) {
		t.Errorf("of an unproven boss: %v", err)
	}
	if _, _, err := a.adopt(ctx, 3); !errors.Is(err, accounts.ErrAdopted) {
		t.Errorf("without a boss: %v", err)
	}
	for query, want := range map[string]int{
		`SELECT count(*) FROM accesssec_orgs`:                                          1,
		`SELECT count(*) FROM workspaces`:                                              3,
		`SELECT count(*) FROM workspaces WHERE org_id IS NOT NULL`:                     1,
		`SELECT count(*) FROM team_members`:                                            5,
		`SELECT count(*) FROM accesssec_entries WHERE type = 'User' AND user_id <> ''`: 3,
		`SELECT count(*) FROM team_members WHERE workspace_id = 1 AND source = 'import' AND position IN ('boss', 'staff', 'trainee')`: 3,
	} {
		if n, err := a.count(ctx, query); err != nil || n != want {
			t.Errorf("%s: %d, want %d; %v", query, n, want, err)
		}
	}
	if _, err := a.db.ExecContext(ctx, `UPDATE accounts SET mail_confirmed = 1 WHERE id = 4`); err != nil {
		t.Fatal(err)
	}
	if _, people, err := a.adopt(ctx, 2); err != nil || people != 1 {
		t.Errorf("once it is proven: %d people, %v", people, err)
	}
}
