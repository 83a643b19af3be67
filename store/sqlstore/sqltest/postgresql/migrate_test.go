package postgresql_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore"
	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func TestMigrate(t *testing.T) { sqltest.Migrations(sqlstore.PostgreSQL).Run(t, each) }
