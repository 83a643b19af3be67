package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// A membership is a row of team_members whose workspace is an org of accesssec's. The
// others are none of its business.
const (
	memberColumns = `w.org_id, a.access_id, ` + roleOf + `, m.source, m.disabled, m.joined, m.version`
	memberTables  = ` FROM team_members AS m
		JOIN workspaces AS w ON w.id = m.workspace_id
		JOIN accounts AS a ON a.id = m.account_id`
)

// microseconds scans joined.
type microseconds struct{ t *time.Time }

func (m microseconds) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("accounts: joined is a %T", src)
	}
	*m.t = time.UnixMicro(n).UTC()
	return nil
}

func membershipFields(m *store.Membership) []any {
	return []any{&m.OrgID, &m.UserID, &m.Role, &m.Source, &m.Disabled, microseconds{&m.JoinedAt}, &m.Version}
}

// Membership implements [store.People].
func (p People) Membership(ctx context.Context, orgID, userID string) (store.Member, error) {
	found, err := p.members(ctx, ` WHERE w.org_id = ?1 AND a.access_id = ?2`, orgID, userID)
	if err != nil {
		return store.Member{}, err
	}
	if len(found) == 0 {
		return store.Member{}, store.ErrNotFound
	}
	return found[0], nil
}

// members reads memberships with their accounts.
func (p People) members(ctx context.Context, rest string, args ...any) ([]store.Member, error) {
	rows, err := p.q.QueryContext(ctx, `SELECT `+memberColumns+`, `+userColumns+memberTables+rest, args...)
	if err != nil {
		return nil, wrap("members", err)
	}
	defer rows.Close()
	out := []store.Member{}
	for rows.Next() {
		var m store.Member
		fields, done := userFields(&m.User)
		if err := rows.Scan(append(membershipFields(&m.Membership), fields...)...); err != nil {
			return nil, wrap("members", err)
		}
		if err := done(); err != nil {
			return nil, wrap("members", err)
		}
		out = append(out, m)
	}
	return out, wrap("members", rows.Err())
}

// OrgsOf implements [store.People].
func (p People) OrgsOf(ctx context.Context, userID string) ([]store.Membership, error) {
	rows, err := p.q.QueryContext(ctx, `SELECT `+memberColumns+memberTables+`
		WHERE a.access_id = ?1 AND w.org_id IS NOT NULL ORDER BY m.joined, w.org_id`, userID)
	if err != nil {
		return nil, wrap("orgs", err)
	}
	defer rows.Close()
	out := []store.Membership{}
	for rows.Next() {
		var m store.Membership
		if err := rows.Scan(membershipFields(&m)...); err != nil {
			return nil, wrap("orgs", err)
		}
		out = append(out, m)
	}
	return out, wrap("orgs", rows.Err())
}

// Memberships implements [store.People].
func (p People) Memberships(ctx context.Context, orgID string, q store.MembershipQuery) (store.Page[store.Member], error) {
	out := store.Page[store.Member]{Items: []store.Member{}, Total: -1}
	limit, err := limitOf(q.Limit)
	if err != nil {
		return out, err
	}
	// Every value is a parameter; what is put together is only how many there are.
	where, args := ` WHERE w.org_id = ?`, []any{orgID}
	if len(q.Roles) > 0 {
		where += ` AND ` + roleOf + ` IN (?` + strings.Repeat(`, ?`, len(q.Roles)-1) + `)`
		for _, r := range q.Roles {
			args = append(args, r)
		}
	}
	if q.Search != "" {
		// instr and not LIKE: a % in a name is no joke. Both lowers know ASCII alone.
		where += ` AND (instr(lower(a.address_key), ?) > 0 OR instr(lower(a.first_name), ?) > 0 OR instr(lower(a.last_name), ?) > 0)`
		part := lowerASCII(q.Search)
		args = append(args, part, part, part)
	}
	if q.Count {
		err := p.q.QueryRowContext(ctx, `SELECT count(*)`+memberTables+where, args...).Scan(&out.Total)
		if err != nil {
			return out, wrap("members", err)
		}
	}
	if q.After != "" {
		at, err := placeIn(q.After)
		if err != nil {
			return out, err
		}
		where += ` AND (m.joined, a.access_id) > (?, ?)`
		args = append(args, at.joined, at.id)
	}
	// One more than asked for tells whether there is a next page.
	out.Items, err = p.members(ctx, where+` ORDER BY m.joined, a.access_id LIMIT ?`, append(args, limit+1)...)
	if err != nil {
		return out, err
	}
	if len(out.Items) > limit {
		out.Items = out.Items[:limit]
		last := out.Items[limit-1]
		out.Next = place{last.JoinedAt.UnixMicro(), last.UserID}.String()
	}
	return out, nil
}

// PutMembership implements [store.PeopleWriter]. A position that means the role already
// is kept: a "trainee" who stays a member stays a trainee.
func (p People) PutMembership(ctx context.Context, m store.Membership) error {
	if m.OrgID == "" || m.UserID == "" {
		return errors.New("accounts: membership without an id")
	}
	position, err := positionOf(m.Role)
	if err != nil {
		return err
	}
	if _, err := p.User(ctx, m.UserID); err != nil {
		return err // store.ErrNotFound: nobody can be a member
	}
	if m.Version == 0 {
		return p.join(ctx, m, position)
	}
	n, err := p.exec(ctx, `UPDATE team_members AS m SET position = CASE WHEN `+roleOf+` = ?3 THEN position ELSE ?4 END,
			source = ?5, joined = ?6, disabled = ?7, version = version + 1
		WHERE workspace_id = (SELECT id FROM workspaces WHERE org_id = ?1)
			AND account_id = (SELECT id FROM accounts WHERE access_id = ?2) AND version = ?8`,
		m.OrgID, m.UserID, m.Role, position, m.Source, m.JoinedAt.UnixMicro(), m.Disabled, m.Version)
	if err != nil || n == 1 {
		return wrap("membership", err)
	}
	if _, err := p.Membership(ctx, m.OrgID, m.UserID); err != nil {
		return err
	}
	return store.ErrConflict
}

// join makes a new membership, and the workspace where the org has none yet: the first
// one of a new org comes before its own row (see Name and Adopt).
func (p People) join(ctx context.Context, m store.Membership, position string) error {
	if _, err := p.exec(ctx, `INSERT INTO workspaces (name, org_id) VALUES ('', ?1) ON CONFLICT DO NOTHING`, m.OrgID); err != nil {
		return wrap("membership", err)
	}
	n, err := p.exec(ctx, `INSERT INTO team_members (workspace_id, account_id, position, since, joined, source, disabled, version)
		SELECT w.id, a.id, ?3, ?4, ?5, ?6, ?7, 1 FROM workspaces AS w, accounts AS a WHERE w.org_id = ?1 AND a.access_id = ?2
		ON CONFLICT DO NOTHING`,
		m.OrgID, m.UserID, position, m.JoinedAt.UTC().Format(time.DateOnly), m.JoinedAt.UnixMicro(), m.Source, m.Disabled)
	if err == nil && n == 0 {
		return store.ErrExists
	}
	return wrap("membership", err)
}

// DeleteMembership implements [store.PeopleWriter].
func (p People) DeleteMembership(ctx context.Context, orgID, userID string) error {
	return p.one(ctx, "delete membership", `DELETE FROM team_members
		WHERE workspace_id = (SELECT id FROM workspaces WHERE org_id = ?1)
			AND account_id = (SELECT id FROM accounts WHERE access_id = ?2)`, orgID, userID)
}
