package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// Name gives the workspace of an org that was made a moment ago what the host keeps of
// it: in the transaction that made the org.
func Name(ctx context.Context, q sqlstore.Querier, orgID, name, plan string) error {
	return People{q}.one(ctx, "name workspace", `UPDATE workspaces SET name = ?2, plan = ?3 WHERE org_id = ?1`, orgID, name, plan)
}

// Workspace is one that is no org yet.
type Workspace struct {
	ID   int64
	Name string
	Boss store.User // who has been in it longest, of its bosses
}

// ErrAdopted is a workspace that is an org already, or is none at all.
var ErrAdopted = errors.New("accounts: not a workspace without an org")

// Unadopted reads a workspace of the years before, by its number.
func Unadopted(ctx context.Context, q sqlstore.Querier, id int64) (Workspace, error) {
	w := Workspace{ID: id}
	var boss string
	err := q.QueryRowContext(ctx, `SELECT w.name, a.access_id`+memberTables+`
		WHERE w.id = ?1 AND w.org_id IS NULL AND m.position = 'boss' AND a.active
		ORDER BY m.joined, a.id LIMIT 1`, id).Scan(&w.Name, &boss)
	if errors.Is(err, sql.ErrNoRows) {
		return w, fmt.Errorf("%w, or one without a boss: %d", ErrAdopted, id)
	} else if err != nil {
		return w, wrap("workspace", err)
	}
	w.Boss, err = People{q}.User(ctx, boss)
	return w, err
}

// Adopt makes a workspace of the years before the one of an org that accesssec has just
// made, with everybody who is in it; it returns who that is. What join made for the new
// org goes: the boss was in the workspace before.
//
// The caller tells accesssec of each of them, in the same transaction: then they are in
// the org's directory.
func Adopt(ctx context.Context, q sqlstore.Querier, w Workspace, orgID string) (ids []string, err error) {
	p := People{q}
	for _, statement := range []string{
		`DELETE FROM team_members WHERE workspace_id = (SELECT id FROM workspaces WHERE org_id = ?1)`,
		`DELETE FROM workspaces WHERE org_id = ?1`,
	} {
		if _, err := p.exec(ctx, statement, orgID); err != nil {
			return nil, wrap("adopt", err)
		}
	}
	n, err := p.exec(ctx, `UPDATE workspaces SET org_id = ?1 WHERE id = ?2 AND org_id IS NULL`, orgID, w.ID)
	if err == nil && n == 0 {
		err = ErrAdopted // somebody else was faster
	}
	if err != nil {
		return nil, wrap("adopt", err)
	}
	team, err := Team(ctx, q, orgID)
	for _, a := range team {
		ids = append(ids, a.ID)
	}
	return ids, err
}
