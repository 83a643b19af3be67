package postgresql_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, sqltest.Database){
		"ten processes at once": sqltest.MigrateAtOnce,
		"a table in the way":    sqltest.MigrateFails,
		"options are kept to":   sqltest.MigrateKeepsTo,
		"by hand":               sqltest.MigrateByHand,
		"no schema said":        sqltest.MigrateSearchPath,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, test)
		})
	}
}
