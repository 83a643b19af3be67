package sqlstore_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// Only a transaction can write, so that no change is made without its event.
func TestStoreDoesNotWrite(t *testing.T) {
	t.Parallel()
	if _, ok := any(&sqlstore.Store{}).(store.PeopleWriter); ok {
		t.Error("a Store makes accounts outside of a transaction")
	}
}

// coded is an error as the drivers make them.
type coded string

func (c coded) Error() string    { return "driver: " + string(c) }
func (c coded) SQLState() string { return string(c) }

func TestRunsAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want bool
	}{
		{coded("40001"), true}, // serialization_failure
		{coded("40P01"), true}, // deadlock_detected
		{fmt.Errorf("sqlstore: %w", coded("40001")), true},
		{coded("23505"), false}, // unique_violation
		{coded("53200"), false}, // out_of_memory
		{errors.New("40001"), false},
		{nil, false},
	} {
		if got := sqlstore.Serialization(c.err); got != c.want {
			t.Errorf("%v: run again: %v, want %v", c.err, got, c.want)
		}
	}
}
