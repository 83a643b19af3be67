package sqltest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// FiltersUseIndexes asks the database how it answers the filters that provisioning asks
// most: by the index that is meant for them, and never by reading a whole table.
func FiltersUseIndexes(t *testing.T, d Database) {
	Crowd(t, d, 3000)
	seen := &recorder{}
	db := seen.pool(t, d)
	s, err := sqlstore.Open(db, d.Dialect, &d.Options)
	must(t, err)
	for _, l := range lookups(777) {
		page, err := s.Entries(t.Context(), crowd, store.EntryQuery{Filter: &l.filter})
		must(t, err)
		if len(page.Items) == 0 {
			t.Errorf("%s: nobody found", l.name)
		}
		plan := explain(t, db, d.Dialect, seen.query, seen.args)
		if !slices.ContainsFunc(l.index, func(index string) bool { return strings.Contains(plan, index) }) {
			t.Errorf("%s: want one of %v in\n%s", l.name, l.index, plan)
		}
		for _, whole := range []string{"Seq Scan", "SCAN", "entries_created"} {
			if strings.Contains(plan, whole) {
				t.Errorf("%s: %s in\n%s", l.name, whole, plan)
			}
		}
	}
}

func explain(t *testing.T, db *sql.DB, d sqlstore.Dialect, query string, args []any) string {
	t.Helper()
	how := "EXPLAIN "
	if d == sqlstore.SQLite {
		how = "EXPLAIN QUERY PLAN "
	}
	return planText(t, db, how+query, args...)
}

// planText is what the database says of its plan.
func planText(t *testing.T, db interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}, statement string, args ...any) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), statement, args...)
	must(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	must(t, err)
	var plan strings.Builder
	for rows.Next() {
		line := make([]any, len(columns))
		for i := range line {
			line[i] = new(any)
		}
		must(t, rows.Scan(line...))
		fmt.Fprintln(&plan, *line[len(line)-1].(*any)) // the text comes last in both
	}
	must(t, rows.Err())
	return plan.String()
}

// plansOf are the ways in which a database may answer a query: with what it knows of the
// parameters and, on PostgreSQL, without, as for a statement that was prepared long ago.
func plansOf(t *testing.T, db *sql.DB, d sqlstore.Dialect, query string, args []any) []string {
	t.Helper()
	plans := []string{explain(t, db, d, query, args)}
	if d != sqlstore.PostgreSQL {
		return plans
	}
	conn, err := db.Conn(t.Context())
	must(t, err)
	defer conn.Close()
	literals := make([]string, len(args))
	for i, a := range args {
		literals[i] = literal(a)
	}
	execute := func(statement string) {
		_, err := conn.ExecContext(t.Context(), statement)
		must(t, err)
	}
	execute("SET plan_cache_mode = force_generic_plan")
	execute("PREPARE asked AS " + query)
	defer conn.ExecContext(context.WithoutCancel(t.Context()), "RESET plan_cache_mode")
	defer conn.ExecContext(context.WithoutCancel(t.Context()), "DEALLOCATE asked")
	return append(plans, planText(t, conn, "EXPLAIN EXECUTE asked("+strings.Join(literals, ", ")+")"))
}

// literal is an argument in the text of a statement.
func literal(a any) string {
	switch a := a.(type) {
	case string:
		return "'" + strings.ReplaceAll(a, "'", "''") + "'"
	case time.Time:
		return "'" + a.Format(time.RFC3339Nano) + "'"
	}
	return fmt.Sprint(a)
}

// recorder keeps the last statement that went to a pool. It is for one goroutine.
type recorder struct {
	query string
	args  []any
}

// pool is a pool on d that tells r.
func (r *recorder) pool(t *testing.T, d Database) *sql.DB {
	t.Helper()
	db := sql.OpenDB(recording{r, d.Pool(t).Driver(), d.DSN})
	t.Cleanup(func() { db.Close() })
	return db
}

type recording struct {
	r    *recorder
	from driver.Driver
	dsn  string
}

func (c recording) Driver() driver.Driver { return c.from }

func (c recording) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.from.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	asked, ok := conn.(asked)
	if !ok {
		return nil, fmt.Errorf("sqltest: %T lacks what database/sql asks for first", conn)
	}
	return recorded{asked, c.r}, nil
}

// asked is what database/sql makes use of where a driver has it.
type asked interface {
	driver.Conn
	driver.QueryerContext
	driver.ExecerContext
	driver.ConnBeginTx
}

type recorded struct {
	asked
	r *recorder
}

func (c recorded) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.r.keep(query, args)
	return c.asked.QueryContext(ctx, query, args)
}

func (c recorded) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.r.keep(query, args)
	return c.asked.ExecContext(ctx, query, args)
}

func (r *recorder) keep(query string, args []driver.NamedValue) {
	if !strings.Contains(query, "accesssec_") || strings.Contains(query, "SAVEPOINT") {
		return // it asks nothing of a table
	}
	r.query, r.args = query, nil
	for _, a := range args {
		r.args = append(r.args, a.Value)
	}
}
