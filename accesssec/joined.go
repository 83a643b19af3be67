package accesssec

import (
	"github.com/accesssec/accesssec-go/store"
)

// On is the same service on a store that lives inside a transaction of the host's own,
// for example sqlstore's Join(*sql.Tx): what it writes and what the host writes are
// committed together, or not at all. It is for CreateOrg, DeleteOrg, ImportPeople, PersonChanged,
// Vouch, and changes by [Admin]. Everything else that writes alone is refused with
// store.ErrJoined, before anything is read or written, because it has to be committed by
// itself, waits for a network, or can't be taken back; who meets it has a defect to mend.
// That is every way to a session and every look at one's token, [Me.Prove], all of Me
// that makes or asks a code, [SignIn.ConfirmReset], [SignIn.AcceptInvitation],
// [SignIn.RequestAccess], [Me.SignOutSSO], [SignIn.Logout], [Admin.VerifyDomain],
// [Admin.FollowMetadata], [Admin.RefreshMetadata], [Admin.Invite], [Admin.ResendInvitation],
// [Admin.PreviewLink], [Admin.LinkTo], reading the log (which is sealed first), Run and Tick.
//
// The Service that comes back is as good as the transaction: it is for one goroutine
// at a time and not to be kept. What it returned (a Principal, an id) is true only once
// the host has committed.
//
// A lost race (store.ErrConflict, store.ErrExists) is returned at once, since only the
// host can run its transaction again; after one it should roll back. A refusal is
// undone to where the call began and its event is written into the host's transaction:
// it is in the log only if the host commits.
//
// The host's transaction is open meanwhile. Passwords of people it brings are hashed in
// it, and Options.Entitled is asked in it; give people passwords elsewhere if that is
// too long. With PostgreSQL it should be serializable (sql.LevelSerializable): ours are,
// and it takes two to see each other. If it is not, a login of that moment may pass by
// PersonChanged unseen; then call it again after the commit.
func (s *Service) On(joined store.Store) *Service {
	on := *s
	on.store, on.joined = joined, true
	return &on
}

// alone refuses what can't be part of the host's transaction.
func (s *Service) alone() error {
	if s.joined {
		return store.ErrJoined
	}
	return nil
}
