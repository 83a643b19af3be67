package postgresql_test

import (
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/lib/pq"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
	"github.com/accesssec/accesssec-go/store/storetest"
)

// each runs test on every driver.
func each(t *testing.T, test func(*testing.T, sqltest.Database)) {
	for _, name := range []string{"pgx", "postgres"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, sqltest.Schema(t, name))
		})
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d sqltest.Database) { storetest.Run(t, d.Shared(t)) })
}

func TestSweepUsesKeys(t *testing.T) {
	t.Parallel()
	each(t, sqltest.SweepUsesKeys)
}

// first is a schema on the driver of most hosts.
func first(t testing.TB) sqltest.Database { return sqltest.Schema(t, "pgx") }
