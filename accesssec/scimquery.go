package accesssec

import (
	"github.com/accesssec/accesssec-go/internal/scimquery"
	"github.com/accesssec/accesssec-go/scim/filter"
	"github.com/accesssec/accesssec-go/store"
)

// pushdown is the filter of a SCIM request, resolved, as a condition on the entries of that
// type: nil for nil. What a store can't answer is a *scim.Error.
func pushdown(x filter.Expr, typ string) (*store.Filter, error) { return scimquery.Filter(x, typ) }

// pushdownSort is the order of a SCIM request as one of the directory. nil is the order in
// which its entries were made.
func pushdownSort(by *filter.Attribute, desc bool) (store.Sort, error) {
	return scimquery.Sort(by, desc)
}
