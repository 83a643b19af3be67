package sqlite_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func TestMain(m *testing.M) { sqltest.Main(m, "") }
