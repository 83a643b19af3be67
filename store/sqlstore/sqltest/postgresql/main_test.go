package postgresql_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func TestMain(m *testing.M) {
	if settings := os.Getenv(dnsVariable); settings != "" {
		if err := answerDNS(settings); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	sqltest.Main(m, sqltest.PostgreSQL)
}
