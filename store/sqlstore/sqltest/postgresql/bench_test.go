package postgresql_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func BenchmarkLogin(b *testing.B) { measure(b, sqltest.LoginChanges) }

func BenchmarkEventCost(b *testing.B) { measure(b, sqltest.EventCost) }

func BenchmarkAccessCheck(b *testing.B) { measure(b, sqltest.AccessCheck) }

func BenchmarkPasswordLogin(b *testing.B) { measure(b, sqltest.PasswordLogin) }

func BenchmarkOverhead(b *testing.B) { measure(b, sqltest.Overhead) }

func BenchmarkSweep(b *testing.B) { measure(b, sqltest.Sweep) }

// measure runs a benchmark on every driver.
func measure(b *testing.B, bench func(*testing.B, sqltest.Database)) {
	for _, name := range []string{"pgx", "postgres"} {
		b.Run(name, func(b *testing.B) { bench(b, sqltest.Schema(b, name)) })
	}
}
