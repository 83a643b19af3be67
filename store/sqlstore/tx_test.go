package sqlstore_test

import (
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
