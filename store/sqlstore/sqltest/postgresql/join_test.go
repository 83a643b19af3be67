package postgresql_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore"
	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func TestJoin(t *testing.T) { sqltest.Joins(sqlstore.PostgreSQL).Run(t, each) }
