package postgresql_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func TestEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, sqltest.Database){
		"a context":       sqltest.EndedContexts,
		"a transaction":   sqltest.EndedByItself,
		"people must fit": sqltest.PeopleMustFit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, test)
		})
	}
}
