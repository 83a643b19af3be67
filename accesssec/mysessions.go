package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// SessionInfo is one session, as its owner or an Owner or Admin sees it.
type SessionInfo struct {
	ID             string
	OrgID, OrgName string // "" the person's own account
	Methods        []policy.Method
	IP, Agent      string
	Since, Seen    time.Time
	Ends           time.Time // at the latest
	Here           bool      // the one that asks
}

// Sessions are the person's, in every org, the newest first.
func (m *Me) Sessions(ctx context.Context) ([]SessionInfo, error) { return nil, errors.ErrUnsupported }

// EndSession ends one of the person's: CodeNotFound for any other.
func (m *Me) EndSession(ctx context.Context, id string) error { return errors.ErrUnsupported }

// Orgs are those that the person is a member of, by name.
func (m *Me) Orgs(ctx context.Context) ([]OrgChoice, error) { return nil, errors.ErrUnsupported }

// Enter goes on in another org of the person's ("": their own account), in a new session that
// takes this one's place. What was shown at sign-in counts as far as that org takes it; where it
// asks for more, Step.Next says what comes first, and this session goes on.
func (m *Me) Enter(ctx context.Context, v Visit, orgID string) (Step, error) {
	return Step{}, errors.ErrUnsupported
}

// Sessions are those of a member in this org.
func (a *Admin) Sessions(ctx context.Context, userID string) ([]SessionInfo, error) {
	return nil, errors.ErrUnsupported
}

// EndSessions ends the sessions of members in this org, and with no userID those of everybody
// but who asks. It returns how many.
func (a *Admin) EndSessions(ctx context.Context, userIDs ...string) (int, error) {
	return 0, errors.ErrUnsupported
}
