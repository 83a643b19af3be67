package postgresql_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func TestEnds(t *testing.T) { sqltest.Ends().Run(t, each) }
