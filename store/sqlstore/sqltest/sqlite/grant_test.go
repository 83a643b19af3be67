package sqlite_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func TestGrants(t *testing.T) { sqltest.Grants().Run(t, each) }

// BenchmarkGrantsOfPerson asks for what reaches one person, of ten grants and of ten
// thousand.
func BenchmarkGrantsOfPerson(b *testing.B) { measure(b, sqltest.GrantsOfPerson) }
