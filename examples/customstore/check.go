package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
)

// walk goes through all of it by HTTP, on a free port, and prints a line for each step.
// It ends at the first that fails. rounds is as for serve.
func walk(ctx context.Context, out io.Writer, rounds int) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	steps := 0
	done := func(format string, args ...any) {
		steps++
		fmt.Fprintf(out, "ok   "+format+"\n", args...)
	}
	a, err := start(ctx, "localhost:0", rounds, done)
	if err != nil {
		return err
	}
	for _, part := range []func(context.Context, func(string, ...any)) error{
		a.walkPassword, a.walkCookie, a.walkSSO, a.walkRequired, a.walkTeam, a.walkEverywhere, a.walkTogether, a.walkFactor,
	} {
		if err := part(ctx, done); err != nil {
			fmt.Fprintln(out, "FAIL", err)
			return errors.Join(err, a.close())
		}
	}
	if err := a.close(); err != nil {
		return err
	}
	fmt.Fprintf(out, "customstore: all %d steps passed\n", steps)
	return nil
}

// walkPassword has people of the years before come in with the passwords of then.
func (a *app) walkPassword(ctx context.Context, done func(string, ...any)) error {
	olive, err := a.comeIn(ctx, "olive")
	if err != nil {
		return err
	}
	if err := olive.mustSay(ctx, "Hello Olive Oakes, owner of Acme."); err != nil {
		return err
	}
	done("sign in as %s with the password of 2019: the boss is the Owner", a.known["olive"].Mail)
	v, page, err := a.byPassword(ctx, a.known["bert"].Mail, "a guess of somebody's")
	for range 4 {
		if err != nil || page.status != http.StatusUnauthorized {
			return fmt.Errorf("a wrong password: status %d, %v", page.status, err)
		}
		page, err = v.post(ctx, "/login/password", url.Values{"address": {a.known["bert"].Mail}, "password": {"another"}})
	}
	if err != nil {
		return err
	}
	nobody, unknown, err := a.byPassword(ctx, "nobody@example.net", "a guess of somebody's")
	if err != nil || unknown.status != http.StatusUnauthorized {
		return fmt.Errorf("an unknown address: status %d, %v", unknown.status, err)
	}
	done("refuse wrong passwords, of an account and of none alike")
	page, err = v.post(ctx, "/login/password", url.Values{"address": {a.known["bert"].Mail}, "password": {a.known["bert"].Password}})
	if err != nil || page.status != http.StatusTooManyRequests {
		return fmt.Errorf("the sixth attempt: status %d, %v", page.status, err)
	}
	if err := errors.Join(v.mustBeOut(ctx), nobody.mustBeOut(ctx)); err != nil {
		return err
	}
	done("refuse even the right one after five wrong ones")
	return nil
}

// walkCookie looks at the one cookie that the browser has of the session.
func (a *app) walkCookie(ctx context.Context, done func(string, ...any)) error {
	v, err := a.comeIn(ctx, "tess")
	if err != nil {
		return err
	}
	cookies, err := v.cookies()
	if err != nil {
		return err
	}
	sealed := cookies[cookieName]
	if sealed == "" || cookies["__Host-accesssec"] != "" || strings.Contains(sealed, "s1.") {
		return fmt.Errorf("the cookies are %v", cookies)
	}
	done("the session is in the host's own cookie, sealed with the host's key")
	flipped := "A" + sealed[1:]
	if sealed[0] == 'A' {
		flipped = "B" + sealed[1:]
	}
	for _, forged := range []string{flipped, sealed[:len(sealed)-2], "", "s1.AAAA"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.origin+"/", nil)
		if err != nil {
			return err
		}
		req.AddCookie(&http.Cookie{Name: cookieName, Value: forged})
		page, err := read(http.DefaultClient.Do(req))
		if err != nil || page.in() {
			return fmt.Errorf("a forged cookie was taken: status %d, %v", page.status, err)
		}
	}
	done("refuse cookies that the host has not sealed")
	return nil
}

// walkSSO has one come whom the host knows, and one whom it does not.
func (a *app) walkSSO(ctx context.Context, done func(string, ...any)) error {
	v, page, err := a.bySSO(ctx, "bert@example.com")
	if err != nil || !page.in() {
		return fmt.Errorf("single sign-on of Bert: status %d, %v", page.status, err)
	}
	if err := v.mustSay(ctx, "Hello Bert Baker, member of Acme."); err != nil {
		return err
	}
	if n, err := a.count(ctx, `SELECT count(*) FROM accounts WHERE id = 2 AND display_name = 'Bert Baker'`); err != nil || n != 1 {
		return fmt.Errorf("the row of 2019 was not Bert's: %d, %v", n, err)
	}
	done("sign in as bert@example.com by single sign-on: it is his account of 2019, with a last name now")
	v, page, err = a.bySSO(ctx, "ann@example.com")
	if err != nil || !page.in() {
		return fmt.Errorf("single sign-on of Ann: status %d, %v", page.status, err)
	}
	if err := v.mustSay(ctx, "Hello Ann Archer, member of Acme."); err != nil {
		return err
	}
	n, err := a.count(ctx, `SELECT count(*) FROM accounts AS a JOIN team_members AS m ON m.account_id = a.id
		WHERE a.mail = 'ann@example.com' AND a.display_name = 'Ann Archer' AND m.workspace_id = 1 AND m.position = 'staff' AND m.source = 'jit'`)
	if err != nil || n != 1 {
		return fmt.Errorf("%d rows of the host's are Ann's, %v", n, err)
	}
	done("sign in as ann@example.com by single sign-on: she was nobody, and is a row of accounts now")
	return nil
}

// walkRequired has Acme require single sign-on.
func (a *app) walkRequired(ctx context.Context, done func(string, ...any)) error {
	if err := a.apply(ctx, func(s *accesssec.Settings) { s.RequireSSO = true }); err != nil {
		return err
	}
	// From another browser, in which nobody has guessed.
	v, _, err := a.bySSO(ctx, "bert@example.com")
	if err != nil {
		return err
	}
	if _, err := v.post(ctx, "/logout", nil); err != nil {
		return err
	}
	page, err := v.post(ctx, "/login/password", url.Values{"address": {a.known["bert"].Mail}, "password": {a.known["bert"].Password}})
	if err != nil || page.status != http.StatusForbidden || !strings.Contains(page.text, "Continue with Acme") {
		return fmt.Errorf("the right password where single sign-on is required: status %d, %v", page.status, err)
	}
	if err := v.mustBeOut(ctx); err != nil {
		return err
	}
	done("Acme requires single sign-on: Bert's right password of 2019 is not enough any more")
	if _, err := a.comeIn(ctx, "olive"); err != nil {
		return err
	}
	done("the Owner may still use hers")
	return nil
}

// walkTeam has the boss use the host's own pages for the team.
func (a *app) walkTeam(ctx context.Context, done func(string, ...any)) error {
	olive, err := a.comeIn(ctx, "olive")
	if err != nil {
		return err
	}
	tess, err := a.comeIn(ctx, "tess")
	if err != nil {
		return err
	}
	if err := tess.mustSay(ctx, "Hello Tess Tyler, member of Acme."); err != nil {
		return err
	}
	var page answer
	for _, id := range []string{"acct-1", "acct-2", "acct-3"} { // the boss, a colleague, herself
		page, err = tess.post(ctx, "/team/position", url.Values{"id": {id}, "position": {"boss"}})
		if err != nil || page.status != http.StatusForbidden {
			return fmt.Errorf("somebody who is no boss has changed %s: status %d, %v", id, page.status, err)
		}
	}
	done("the host's own rule holds: who is no boss changes nobody")
	if page, err = olive.post(ctx, "/team/position", url.Values{"id": {"acct-3"}, "position": {"manager"}}); err != nil || !page.in() {
		return fmt.Errorf("a new position: status %d, %v", page.status, err)
	}
	if err := tess.mustSay(ctx, "Hello Tess Tyler, admin of Acme."); err != nil {
		return err
	}
	done("the host makes Tess a manager: her next request knows")
	if page, err = olive.post(ctx, "/team/active", url.Values{"id": {"acct-3"}, "active": {"no"}}); err != nil || !page.in() {
		return fmt.Errorf("disabling: status %d, %v", page.status, err)
	}
	if err := tess.mustBeOut(ctx); err != nil {
		return err
	}
	done("the host disables Tess: her next request is signed out")
	_, page, err = a.byPassword(ctx, a.known["tess"].Mail, a.known["tess"].Password)
	if err != nil || page.status != http.StatusForbidden || page.in() {
		return fmt.Errorf("a disabled account: status %d, %v", page.status, err)
	}
	done("and her right password lets her in no more")
	return nil
}

// walkEverywhere ends the sessions behind cookies that are still good.
func (a *app) walkEverywhere(ctx context.Context, done func(string, ...any)) error {
	laptop, err := a.comeIn(ctx, "olive")
	if err != nil {
		return err
	}
	phone, err := a.comeIn(ctx, "olive")
	if err != nil {
		return err
	}
	if _, err := laptop.post(ctx, "/logout", url.Values{"scope": {"everywhere"}}); err != nil {
		return err
	}
	cookies, err := phone.cookies()
	if err != nil || cookies[cookieName] == "" {
		return fmt.Errorf("the other browser has no cookie to be refused: %v, %v", cookies, err)
	}
	if err := errors.Join(laptop.mustBeOut(ctx), phone.mustBeOut(ctx)); err != nil {
		return err
	}
	done("sign out on all devices: the other browser's cookie is whole, and is good for nothing")
	return nil
}

// walkTogether makes a workspace and its org, and then neither.
func (a *app) walkTogether(ctx context.Context, done func(string, ...any)) error {
	olive, err := a.comeIn(ctx, "olive")
	if err != nil {
		return err
	}
	const both = `SELECT count(*) FROM workspaces AS w JOIN accesssec_orgs AS o ON o.id = w.org_id WHERE w.name = 'Beta' AND o.name = 'Beta'`
	const either = `SELECT (SELECT count(*) FROM workspaces) + (SELECT count(*) FROM accesssec_orgs) + (SELECT count(*) FROM team_members)`
	if page, err := olive.post(ctx, "/workspaces", url.Values{"name": {"Beta"}}); err != nil || !page.in() {
		return fmt.Errorf("another workspace: status %d, %v", page.status, err)
	}
	if n, err := a.count(ctx, both); err != nil || n != 1 {
		return fmt.Errorf("%d rows of Beta, %v", n, err)
	}
	done("Olive opens another workspace: the host's row and the org are there")
	before, err := a.count(ctx, either)
	if err != nil {
		return err
	}
	errPlan := errors.New("no such plan")
	err = a.together(ctx, func(_ *sql.Tx, svc *accesssec.Service) error {
		if _, err := svc.CreateOrg(ctx, "Gamma", accesssec.Person{Address: a.known["olive"].Mail}); err != nil {
			return err
		}
		return errPlan
	})
	after, counted := a.count(ctx, either)
	if !errors.Is(err, errPlan) || counted != nil || before != after {
		return fmt.Errorf("%d rows, then %d: %w", before, after, errors.Join(err, counted))
	}
	done("the host's own part fails: the org is gone with it")
	if n, err := a.count(ctx, `SELECT count(*) FROM sqlite_master WHERE name IN ('accesssec_users', 'accesssec_memberships')`); err != nil || n != 0 {
		return fmt.Errorf("people are kept in a second place: %d, %v", n, err)
	}
	done("nobody is kept anywhere but in the host's own tables")
	return nil
}

func (a *app) count(ctx context.Context, query string) (n int, err error) {
	err = a.db.QueryRowContext(ctx, query).Scan(&n)
	return n, err
}
