package accesssec

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

var errSettled = errors.New("accesssec: nothing is owed any more")

// PersonChanged is for a host that keeps its own users and memberships, and has
// disabled, removed, re-roled, renamed or added somebody: what the person is signed in
// to is decided again, all in one transaction. Call it after the change is committed,
// or on [Service.On] within the change. It returns an error when the store fails, and
// then has done nothing: call it again.
//
// All sessions end when the account is gone or disabled, and the browsers the person
// was known by are strangers' again; with an account that is gone its second factor, its
// logins and what is kept of its passwords of before go. Else a session ends when the person is no member of its org any more, or could not sign
// in there by that method today, and it gets the role that the person has by now. What the
// role is shows at the next request.
//
// The directory of each org that the person is a member of gets an entry for them if
// there is none, and one that no identity provider keeps takes over a new address, and
// whether the account is disabled. An entry that another member has under the address
// stays, and Options.Log is told.
//
// Of somebody whom the host's own code has removed, grants and teams stay, and reach nobody.
// They reach the person again if the host's own code makes them a member again:
// [Admin.RemoveMember] takes them away for good, and whoever comes in by this package begins
// anew.
//
// The NameID that the person is tied to stays, also when they are disabled: it is what
// keeps whoever gets the address next out of the account. So do directory entries of an
// org that they have left. Both make room by themselves when they are in the way.
//
// An event user.changed goes into the log of each org where something was ended,
// rewritten or made, with the counts of that org alone; for sessions in the person's own
// account into that of the org that owns their domain. Nothing to do is no event, so it
// may be called for whatever may have changed, and as often as one likes. It is safe for
// concurrent use; of a login at the same moment, either this sees the session or the
// login sees the change.
func (s *Service) PersonChanged(ctx context.Context, userID string) error {
	if userID == "" {
		return errors.New("accesssec: PersonChanged needs the id of a user")
	}
	var err error
	for range 5 {
		var v review
		// Mostly nothing is owed. That has to be committed all the same: a login that
		// is under way must not pass by what was looked at and found in order.
		err = s.upkeep(ctx, func(tx store.Tx) error {
			if err := markChanged(ctx, tx, userID, s.now()); err != nil {
				return err
			}
			var err error
			v, err = s.review(ctx, tx, userID)
			return err
		})
		if err == nil && v.settled() {
			s.tellTaken(ctx, v)
			return nil
		}
		if err == nil {
			err = s.change(ctx, func(c *change) (err error) {
				if err := markChanged(ctx, c, userID, c.now); err != nil {
					return err
				}
				if v, err = s.review(ctx, c, userID); err != nil {
					return err
				}
				if v.settled() {
					return errSettled
				}
				return c.carryOut(ctx, v)
			})
			if err == nil {
				s.tellTaken(ctx, v)
				return nil
			}
		}
		if s.joined || !errors.Is(err, errSettled) && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrExists) {
			return err
		}
	}
	return err
}

// tellTaken says what PersonChanged could not do about a directory.
func (s *Service) tellTaken(ctx context.Context, v review) {
	for _, orgID := range v.taken {
		s.opts.Log.WarnContext(ctx, "accesssec: the directory has another entry under the person's address", "org", orgID, "user", v.userID)
	}
}

// markFor outlives any transaction.
const markFor = time.Hour

// changedPeople are those whom the host has changed lately. The gate reads a person's
// mark in the transaction that makes a session, and PersonChanged writes it in the one
// that looks for sessions: of two such at once a store of serializable transactions lets
// only one pass, also where the users are in tables of the host's, which other
// transactions write in their own ways.
var changedPeople = collection[changedPerson]{"person_changed"}

// changedPerson says besides since when no sign-in counts that began before: see signOut.
type changedPerson struct {
	Out  map[string]time.Time `json:"out,omitempty"`  // by org; "" everywhere
	Left *scimLeft            `json:"left,omitempty"` // that they may come back by provisioning
}

func markChanged(ctx context.Context, tx store.Tx, userID string, now time.Time) error {
	return markOut(ctx, tx, userID, now, nil)
}

// markOut is markChanged, and says since when the person is signed out of those orgs.
func markOut(ctx context.Context, tx store.Tx, userID string, now time.Time, orgs []string) error {
	m, err := markOf(ctx, tx, userID, now)
	if err != nil {
		return err
	}
	m.Value.Left = nil
	maps.DeleteFunc(m.Value.Out, func(orgID string, at time.Time) bool { return now.Sub(at) > outFor(orgID) })
	if m.Value.Out == nil {
		m.Value.Out = map[string]time.Time{}
	}
	for _, orgID := range orgs {
		m.Value.Out[orgID] = now
	}
	m.ExpiresAt = now.Add(markFor)
	for orgID, at := range m.Value.Out {
		m.ExpiresAt = latest(m.ExpiresAt, at.Add(outFor(orgID)))
	}
	return changedPeople.put(ctx, tx, m)
}

// markOf is a person's mark, a fresh one where there is none.
func markOf(ctx context.Context, tx store.Tx, userID string, now time.Time) (kept[changedPerson], error) {
	m, err := changedPeople.get(ctx, tx, "", userID)
	if errors.Is(err, store.ErrNotFound) {
		m = changedPeople.fresh("", userID, "", now, time.Time{}, changedPerson{})
		m.Owner = userID
		return m, nil
	}
	return m, err
}

// outFor is how long it counts that a person was signed out: of everything they are, so that only
// a sign-in under way could pass by; of one org, as long as a session elsewhere may go on, from
// which they could go back (Me.Enter).
func outFor(orgID string) time.Duration {
	if orgID == "" {
		return markFor
	}
	return longestSession
}

// The reasons for which all sessions of a person end.
const (
	reasonGone     = "account_gone"
	reasonDisabled = string(policy.PersonDisabled)
)

// review is what has become of a person, and what that calls for.
type review struct {
	userID   string
	user     store.User      // zero: the account is gone
	reason   string          // why all sessions end; "" each was looked at
	home     string          // the org that owns the domain; "" none
	ends     []store.Session // not allowed any more
	rewrites []store.Session // with the role that holds now
	was      map[string]string
	browsers bool          // they are to be forgotten
	factor   bool          // it is of an account that is gone
	logins   bool          // so are they
	past     bool          // and the passwords of before
	entries  []store.Entry // to be put into directories; without an id: to be made
	taken    []string      // orgs whose directory has the address for another member
}

func (v review) settled() bool {
	return len(v.ends) == 0 && len(v.rewrites) == 0 && len(v.entries) == 0 && !v.browsers && !v.factor && !v.logins && !v.past
}

// review looks at everything and changes nothing.
func (s *Service) review(ctx context.Context, r store.Reader, userID string) (review, error) {
	v := review{userID: userID, was: map[string]string{}}
	sessions, err := sessionsOf(ctx, r, userID)
	if err != nil {
		return v, err
	}
	v.user, err = r.User(ctx, userID)
	if errors.Is(err, store.ErrNotFound) {
		v.user, v.reason = store.User{}, reasonGone
	} else if err != nil {
		return v, err
	} else if v.user.Disabled {
		v.reason = reasonDisabled
	}
	address, noAddress := domainclaim.ParseAddress(v.user.Address)
	if noAddress == nil {
		claim, err := claimOver(ctx, r, address)
		if err != nil {
			return v, err
		}
		v.home = claim.OrgID
	}
	switch {
	case v.reason != "":
		v.ends = sessions
		var known store.Page[kept[struct{}]]
		known, err = browsers.list(ctx, r, "", store.DocQuery{Owners: []string{userID}, Paging: store.Paging{Limit: 1}})
		v.browsers = len(known.Items) > 0
		if err == nil && v.reason == reasonGone {
			v.factor, err = hasFactor(ctx, r, userID)
		}
		if err == nil && v.reason == reasonGone {
			var linked []kept[linkedLogin]
			linked, err = loginsOf(ctx, r, userID)
			v.logins = len(linked) > 0
		}
		if err == nil && v.reason == reasonGone {
			_, err = r.Doc(ctx, pastPasswords.kind, "", userID)
			v.past, err = err == nil, unless(err, store.ErrNotFound)
		}
	case noAddress != nil:
		v.ends = sessions // nobody can sign in like that, so nobody stays
	default:
		err = s.reviewSessions(ctx, r, &v, address, sessions)
	}
	if err != nil || v.reason == reasonGone {
		return v, err
	}
	return v, v.reviewDirectories(ctx, r)
}

func sessionsOf(ctx context.Context, r store.Reader, userID string) ([]store.Session, error) {
	var out []store.Session
	q := store.SessionQuery{UserID: userID, Paging: store.Paging{Limit: 1000}}
	for {
		page, err := r.Sessions(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Items...)
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// verdict is what holds for all sessions of a person in one org by one method.
type verdict struct {
	stays bool
	role  string
}

func (s *Service) reviewSessions(ctx context.Context, r store.Reader, v *review, a domainclaim.Address, sessions []store.Session) error {
	type kind struct{ org, connection, methods string }
	verdicts := map[kind]verdict{}
	for _, ses := range sessions {
		k := kind{ses.OrgID, ses.ConnectionID, strings.Join(ses.Methods, " ")}
		now, asked := verdicts[k]
		if !asked {
			var err error
			if now, err = s.decideAgain(ctx, r, v.userID, a, ses); err != nil {
				return err
			}
			verdicts[k] = now
		}
		switch {
		case !now.stays:
			v.ends = append(v.ends, ses)
		case now.role != ses.Role:
			v.was[ses.ID], ses.Role = ses.Role, now.role
			v.rewrites = append(v.rewrites, ses)
		}
	}
	return nil
}

// decideAgain asks the policy what it was asked when the session was made, with the
// facts of now. A session by several methods needs each of them, and has the second
// factors beside each first one; one by none, or by one that the policy does not know,
// ends.
func (s *Service) decideAgain(ctx context.Context, r store.Reader, userID string, a domainclaim.Address, ses store.Session) (verdict, error) {
	out := verdict{}
	first, second := parted(ses.Methods)
	for _, m := range first {
		attempt := policy.Attempt{Method: policy.Method(m), Connection: ses.ConnectionID, Second: second}
		f, err := s.facts(ctx, r, asking{address: a, orgID: ses.OrgID, attempt: attempt})
		if errors.Is(err, store.ErrNotFound) {
			return verdict{}, nil // the org is no more
		} else if err != nil {
			return verdict{}, err
		}
		member := ses.OrgID == "" || f.in.Person.Role != "" && !f.in.Person.Suspended
		if f.user.ID != userID || !member || !policy.Decide(f.in).Allow {
			return verdict{}, nil
		}
		out = verdict{true, string(f.in.Person.Role)}
	}
	return out, nil
}
