package postgresql_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func TestManyAreImported(t *testing.T) {
	t.Parallel()
	each(t, sqltest.ManyAreImported)
}

func TestHarness(t *testing.T) {
	t.Parallel()
	each(t, sqltest.Harness)
}
