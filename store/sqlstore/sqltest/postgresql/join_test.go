package postgresql_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func TestJoin(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, sqltest.Database){
		"how the host ends it":    sqltest.JoinEnds,
		"what fails inside":       sqltest.JoinFails,
		"what can't be inside":    sqltest.JoinRefuses,
		"a service":               sqltest.JoinService,
		"a serialization failure": sqltest.SerializationComesOut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, test)
		})
	}
}
