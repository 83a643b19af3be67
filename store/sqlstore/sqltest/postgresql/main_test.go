package postgresql_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

// TestMain runs no test without a database, so that the summary says so:
// "[no tests to run]".
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(sqltest.PostgreSQL) == "" {
		fmt.Printf("left out: PostgreSQL (%s names no database; .ci/postgresql.sh makes one)\n", sqltest.PostgreSQL)
		if err := flag.Set("test.run", "^$"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
