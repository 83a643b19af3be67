package accesssec

import "github.com/accesssec/accesssec-go/scim"

// SCIMAction is what becomes of a person whom an identity provider sends.
type SCIMAction string

// The actions.
const (
	SCIMCreate     SCIMAction = "create"     // gets an account, or back the one that provisioning had made and deleted, and becomes a member
	SCIMLink       SCIMAction = "link"       // is a member already, and kept by the identity provider from then on
	SCIMReactivate SCIMAction = "reactivate" // was deactivated, and comes back
	SCIMUpdate     SCIMAction = "update"     // is kept by it already, and something of theirs changes
	SCIMSkip       SCIMAction = "skip"       // is kept by it already, and nothing changes
	SCIMRefuse     SCIMAction = "refuse"
)

// SCIMVerdict is what a sync would do to one person.
type SCIMVerdict struct {
	UserName, ExternalID string // as they were given
	Action               SCIMAction
	EntryID              string         // the resource that is there already; "" none
	UserID               string         // the account that is there already; "" none
	Status               int            // that the client would get, of what is refused; 0 others
	Type                 scim.ErrorType // of what is refused
	Reason               string         // why it is refused, as the client would get it
}
