package sqlstore

import (
	"context"
	"strings"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

// people are our own tables.
type people struct{ c conn }

const userColumns = "id, address, address_key, address_verified, first_name, last_name, names_from, " +
	"password, password_set_by_user, disabled, created_at, version"

func userFields(u *store.User) []any {
	return []any{
		&u.ID, &u.Address, &u.AddressKey, &u.AddressVerified, &u.FirstName, &u.LastName, &u.NamesFrom,
		&u.Password, &u.PasswordSetByUser, &u.Disabled, instant{&u.CreatedAt}, &u.Version,
	}
}

func scanUser(r row) (u store.User, err error) {
	err = r.Scan(userFields(&u)...)
	return u, err
}

func (p people) userRecord(u store.User) record {
	return record{
		version: u.Version,
		values: []any{
			u.ID, u.Address, u.AddressKey, u.AddressVerified, u.FirstName, u.LastName, u.NamesFrom,
			u.Password, u.PasswordSetByUser, u.Disabled, p.c.dialect().at(u.CreatedAt),
		},
		insert: `INSERT INTO {users} (` + userColumns + `)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1) ON CONFLICT DO NOTHING`,
		update: `UPDATE {users} SET address = $2, address_key = $3, address_verified = $4, first_name = $5, last_name = $6,
			names_from = $7, password = $8, password_set_by_user = $9, disabled = $10, created_at = $11, version = version + 1
			WHERE id = $1 AND version = $12`,
		same: `address_key = $3`,
		find: `SELECT version FROM {users} WHERE id = $1`, key: []any{u.ID},
		taken: `SELECT count(*) FROM {users} WHERE address_key = $2 AND address_key <> '' AND id <> $1`,
		keys:  []any{u.ID, u.AddressKey},
	}
}

const membershipColumns = "org_id, user_id, role, source, disabled, joined_at, version"

func membershipFields(m *store.Membership) []any {
	return []any{&m.OrgID, &m.UserID, &m.Role, &m.Source, &m.Disabled, instant{&m.JoinedAt}, &m.Version}
}

func scanMembership(r row) (m store.Membership, err error) {
	err = r.Scan(membershipFields(&m)...)
	return m, err
}

// A member is a membership beside its user.
const (
	memberColumns = "m.org_id, m.user_id, m.role, m.source, m.disabled, m.joined_at, m.version, " +
		"u.id, u.address, u.address_key, u.address_verified, u.first_name, u.last_name, u.names_from, " +
		"u.password, u.password_set_by_user, u.disabled, u.created_at, u.version"
	memberTables = " FROM {memberships} AS m JOIN {users} AS u ON u.id = m.user_id"
)

func scanMember(r row) (m store.Member, err error) {
	err = r.Scan(append(membershipFields(&m.Membership), userFields(&m.User)...)...)
	return m, err
}

func (p people) User(ctx context.Context, id string) (store.User, error) {
	return found(ctx, p.c, scanUser, `SELECT `+userColumns+` FROM {users} WHERE id = $1`, id)
}

func (p people) UserByAddress(ctx context.Context, addressKey string) (store.User, error) {
	return found(ctx, p.c, scanUser, `SELECT `+userColumns+` FROM {users} WHERE address_key = $1 AND address_key <> ''`, addressKey)
}

func (p people) Membership(ctx context.Context, orgID, userID string) (store.Member, error) {
	return found(ctx, p.c, scanMember, `SELECT `+memberColumns+memberTables+` WHERE m.org_id = $1 AND m.user_id = $2`, orgID, userID)
}

func (p people) Memberships(ctx context.Context, orgID string, q store.MembershipQuery) (store.Page[store.Member], error) {
	return do(ctx, p.c, func() (store.Page[store.Member], error) {
		w := p.c.where()
		w.is("m.org_id", orgID)
		w.in("m.role", q.Roles)
		if q.Search != "" {
			part := w.arg(lowerASCII(q.Search))
			var any []string
			for _, column := range []string{"u.address_key", "u.first_name", "u.last_name"} {
				any = append(any, w.d.position("lower("+column+")", part)+" > 0")
			}
			w.and("(" + strings.Join(any, " OR ") + ")")
		}
		l := list[store.Member]{
			from:  `SELECT ` + memberColumns + memberTables,
			scan:  scanMember,
			order: order{by: "m.joined_at", kind: byInstant, id: "m.user_id"},
			place: func(m store.Member) keyset.Place { return keyset.At(m.JoinedAt, m.UserID) },
		}
		if q.Count {
			l.count = `SELECT count(*)` + memberTables
		}
		return l.page(ctx, p.c, w, q.Paging, 0)
	})
}

// lowerASCII is what lower makes of a column: SQLite's knows no more letters, and
// PostgreSQL's none in a column that is COLLATE "C".
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

func (p people) OrgsOf(ctx context.Context, userID string) ([]store.Membership, error) {
	return do(ctx, p.c, func() ([]store.Membership, error) {
		return all(ctx, p.c, scanMembership, `SELECT `+membershipColumns+` FROM {memberships} WHERE user_id = $1 ORDER BY joined_at, org_id`, userID)
	})
}

func (p people) CreateUser(ctx context.Context, u store.User) error {
	return step(ctx, p.c, func() error {
		if err := need("user", u.ID); err != nil {
			return err
		}
		return p.c.create(ctx, p.userRecord(u))
	})
}

func (p people) UpdateUser(ctx context.Context, u store.User) error {
	return step(ctx, p.c, func() error { return p.c.replace(ctx, p.userRecord(u)) })
}

func (p people) DeleteUser(ctx context.Context, id string) error {
	return step(ctx, p.c, func() error {
		n, err := p.c.exec(ctx, `DELETE FROM {users} WHERE id = $1`, id)
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		if err == nil {
			_, err = p.c.exec(ctx, `DELETE FROM {memberships} WHERE user_id = $1`, id)
		}
		return err
	})
}

func (p people) PutMembership(ctx context.Context, m store.Membership) error {
	return step(ctx, p.c, func() error {
		if err := need("membership", m.OrgID, m.UserID); err != nil {
			return err
		}
		if _, err := one(ctx, p.c, scanInt, `SELECT version FROM {users} WHERE id = $1`, m.UserID); err != nil {
			return err
		}
		return p.c.put(ctx, record{
			version: m.Version,
			values:  []any{m.OrgID, m.UserID, m.Role, m.Source, m.Disabled, p.c.dialect().at(m.JoinedAt)},
			insert:  `INSERT INTO {memberships} (` + membershipColumns + `) VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT DO NOTHING`,
			update: `UPDATE {memberships} SET role = $3, source = $4, disabled = $5, joined_at = $6, version = version + 1
				WHERE org_id = $1 AND user_id = $2 AND version = $7`,
			find: `SELECT version FROM {memberships} WHERE org_id = $1 AND user_id = $2`, key: []any{m.OrgID, m.UserID},
		})
	})
}

func (p people) DeleteMembership(ctx context.Context, orgID, userID string) error {
	return p.c.remove(ctx, `DELETE FROM {memberships} WHERE org_id = $1 AND user_id = $2`, orgID, userID)
}
