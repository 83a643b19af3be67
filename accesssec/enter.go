package accesssec

import (
	"context"
	"errors"
)

// Enter goes on in another org of the person's ("": their own account), in a new session that
// takes this one's place. What was shown at sign-in counts as far as that org takes it; where it
// asks for more, Step.Next says what comes first, and this session goes on.
func (m *Me) Enter(ctx context.Context, v Visit, orgID string) (Step, error) {
	return Step{}, errors.ErrUnsupported
}
