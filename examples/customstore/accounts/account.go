package accounts

import (
	"context"
	"fmt"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// Account is one row, as the host's own pages show it.
type Account struct {
	ID          string // access_id
	Mail        string
	DisplayName string
	Position    string // in the workspace that was asked for
	Active      bool
}

// SignUp makes an account by the host's own form, and is the one place that does. hash
// is from [Passwords.Hash]. The address is not confirmed: that takes a link sent there.
// An address that has an account is store.ErrExists.
func SignUp(ctx context.Context, q sqlstore.Querier, mail, displayName, hash string) (id string, err error) {
	address, err := domainclaim.ParseAddress(mail)
	if err != nil {
		return "", wrap("sign up", err)
	}
	first, last := split(displayName)
	n, err := People{q}.exec(ctx, `INSERT INTO accounts (mail, address_key, display_name, first_name, last_name, pw)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING`, address.String(), address.Key(), displayName, first, last, hash)
	if err == nil && n == 0 {
		err = store.ErrExists
	}
	if err != nil {
		return "", wrap("sign up", err)
	}
	u, err := People{q}.UserByAddress(ctx, address.Key())
	return u.ID, err
}

// SetActive is what "disable account" does. By itself it ends no session: the caller
// tells accesssec in the same transaction, by PersonChanged.
func SetActive(ctx context.Context, q sqlstore.Querier, id string, active bool) error {
	return People{q}.one(ctx, "set active", `UPDATE accounts SET active = ?2 WHERE access_id = ?1`, id, active)
}

// SetPosition gives somebody in the team another position. As SetActive.
func SetPosition(ctx context.Context, q sqlstore.Querier, orgID, id, position string) error {
	return People{q}.one(ctx, "set position", `UPDATE team_members SET position = ?3
		WHERE workspace_id = (SELECT id FROM workspaces WHERE org_id = ?1)
			AND account_id = (SELECT id FROM accounts WHERE access_id = ?2)`, orgID, id, position)
}

// Team lists who is in a workspace, by name.
func Team(ctx context.Context, q sqlstore.Querier, orgID string) ([]Account, error) {
	rows, err := q.QueryContext(ctx, `SELECT a.access_id, a.mail, a.display_name, m.position, a.active`+memberTables+`
		WHERE w.org_id = ?1 ORDER BY a.display_name, a.id`, orgID)
	if err != nil {
		return nil, wrap("team", err)
	}
	defer rows.Close()
	var out []Account
	for rows.Next() {
		var a Account
		if err := rows.Scan(&a.ID, &a.Mail, &a.DisplayName, &a.Position, &a.Active); err != nil {
			return nil, wrap("team", err)
		}
		out = append(out, a)
	}
	return out, wrap("team", rows.Err())
}

// String is how it stands in a list.
func (a Account) String() string {
	return fmt.Sprintf("%s <%s>, %s", a.DisplayName, a.Mail, a.Position)
}
