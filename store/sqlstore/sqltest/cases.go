package sqltest

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// Cases are the tests of one thing, by name. Each is run on every driver.
type Cases map[string]func(*testing.T, Database)

// Run runs them side by side; each makes the databases.
func (c Cases) Run(t *testing.T, each func(*testing.T, func(*testing.T, Database))) {
	t.Parallel()
	for name, test := range c {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, test)
		})
	}
}

// Ends are the ways in which a transaction, or what it rests on, comes to an end.
func Ends() Cases {
	return Cases{
		"a context":       EndedContexts,
		"a transaction":   EndedByItself,
		"people must fit": PeopleMustFit,
	}
}

// Filters are the questions to a directory.
func Filters() Cases {
	return Cases{
		"as in memory":  FiltersAgree,
		"on every text": FiltersOnEveryText,
		"at the bounds": FiltersAtTheirBounds,
		"by an index":   FiltersUseIndexes,
		"as SCIM asks":  SCIMFiltersAgree,
		"the longest":   SCIMLongestValues,
	}
}

// Grants are the questions for what reaches a person.
func Grants() Cases {
	return Cases{"by indexes": ReachUsesIndexes}
}

// Joins are the uses of a host's own transaction.
func Joins(d sqlstore.Dialect) Cases {
	c := Cases{
		"how the host ends it": JoinEnds,
		"what fails inside":    JoinFails,
		"what can't be inside": JoinRefuses,
		"a service":            JoinService,
	}
	if d == sqlstore.PostgreSQL { // SQLite has one writer, who never has to begin anew
		c["a serialization failure"] = SerializationComesOut
	}
	return c
}

// Migrations are the ways to come by the tables.
func Migrations(d sqlstore.Dialect) Cases {
	c := Cases{
		"ten processes at once": MigrateAtOnce,
		"a table in the way":    MigrateFails,
		"options are kept to":   MigrateKeepsTo,
		"by hand":               MigrateByHand,
		"an earlier release":    MigrateUpgrades,
	}
	if d == sqlstore.PostgreSQL { // SQLite has no schemas
		c["no schema said"] = MigrateSearchPath
	}
	return c
}
