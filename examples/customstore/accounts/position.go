package accounts

import (
	"fmt"

	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// positionOf is what a role of accesssec's is called here.
func positionOf(role string) (string, error) {
	switch policy.Role(role) {
	case policy.Owner:
		return "boss", nil
	case policy.Admin:
		return "manager", nil
	case policy.Billing:
		return "accountant", nil
	case policy.Member:
		return "staff", nil
	case "":
		return "", nil // in the team, and nothing to say there
	}
	return "", fmt.Errorf("accounts: no position for the role %q", role)
}

// roleOf is the way back, in SQL. A position that it does not know is the least of all
// roles: the host may invent "trainee" tomorrow and must not make an Owner by it.
const roleOf = `CASE m.position WHEN 'boss' THEN 'owner' WHEN 'manager' THEN 'admin' WHEN 'accountant' THEN 'billing' WHEN '' THEN '' ELSE 'member' END`
