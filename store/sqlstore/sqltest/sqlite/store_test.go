package sqlite_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
	"github.com/accesssec/accesssec-go/store/storetest"
)

// each runs test on every driver.
func each(t *testing.T, test func(*testing.T, sqltest.Database)) {
	for name, query := range drivers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, sqltest.SQLite(t, name, query))
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

// first is a database on the driver that needs no cgo.
func first(t testing.TB) sqltest.Database { return sqltest.SQLite(t, "sqlite", drivers()["sqlite"]) }
