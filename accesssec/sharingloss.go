package accesssec

import (
	"context"
	"fmt"
	"hash"
	"slices"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// Loss is what a change of who holds a sign-on takes from people. A person who is in several
// of the orgs is one.
type Loss struct {
	// Lose are those who can sign in to their org now, and could not in any way: the first
	// hundred, of the org that asks and of those it governs. LoseCount has them all, those of
	// other orgs as well.
	Lose      []Member
	LoseCount int
	// LoseSSO and LosePassword count who would lose one way, whether or not they have the other.
	LoseSSO, LosePassword int
	// OpenPasswords counts those whose password is closed, and would be open.
	OpenPasswords int
	// Sessions is how many would end now: those that came of a way that is lost.
	Sessions int
}

// losses works out what lies between two scenes. The same lines run for the preview and, in
// the transaction, for the change.
type losses struct {
	Loss
	before, after *scene
	sum           hash.Hash
	shows         func(orgID string) bool // whose members may be named to who asks
	has           func(store.User) bool   // a password that could be right
	ends          []ending
	counted       map[string]bool // by person and what they lose
}

// weigh goes through everybody whom the change could concern.
func (l *losses) weigh(ctx context.Context, r store.Reader) error {
	l.counted = map[string]bool{}
	err := l.before.each(ctx, r, func(m store.Member) error {
		was, err := l.before.input(ctx, r, m)
		if err != nil {
			return err
		}
		will, err := l.after.input(ctx, r, m)
		if err == nil {
			l.member(m, was, will)
		}
		return err
	})
	for _, q := range l.ends {
		if err != nil {
			break
		}
		var all []string
		all, err = q.sessions(ctx, r)
		l.Sessions += len(all)
	}
	return err
}

func (l *losses) member(m store.Member, was, will policy.Input) {
	l.ends = append(l.ends, closing(m, was, will)...)
	passwordWas, passwordWill := policy.Decide(was), policy.Decide(will)
	ssoWas, ssoWill := policy.Decide(vouchedIn(was)), policy.Decide(vouchedIn(will))
	if passwordWas.Allow && !passwordWill.Allow {
		l.once(&l.LosePassword, "password", m)
	}
	if ssoWas.Allow && !ssoWill.Allow {
		l.ends = append(l.ends, ending{SessionQuery: store.SessionQuery{OrgID: m.OrgID, UserID: m.UserID, ConnectionID: was.Owner.Connection}})
		l.once(&l.LoseSSO, "sso", m)
	}
	if !passwordWas.Allow && passwordWill.Allow {
		l.once(&l.OpenPasswords, "open", m)
	}
	// A password that nobody has set opens nothing.
	has := l.has(m.User)
	could := ssoWas.Allow || has && passwordWas.Allow && !passwordWas.OwnAccount
	can := ssoWill.Allow || has && passwordWill.Allow && !passwordWill.OwnAccount
	if could && !can && l.once(&l.LoseCount, "all", m) && l.shows(m.OrgID) {
		l.Lose = firstHundred(l.Lose, m)
	}
}

func (l *losses) once(n *int, what string, m store.Member) bool {
	fmt.Fprintf(l.sum, "%s %s %s\n", what, m.OrgID, m.UserID)
	if l.counted[what+m.UserID] {
		return false
	}
	l.counted[what+m.UserID] = true
	*n++
	return true
}

// domainsOf are the org's claims that hold their names, and the others that are not over.
func domainsOf(ctx context.Context, r store.Reader, orgID string) (holding, rest []store.Domain, err error) {
	err = eachDomain(ctx, r, orgID, func(rec store.Domain) error {
		switch {
		case holds(rec):
			holding = append(holding, rec)
		case rec.Status != string(domainclaim.Released):
			rest = append(rest, rec)
		}
		return nil
	})
	return holding, rest, err
}

// shownDomains are the claims as people see them, and in the sum what they are.
func shownDomains(sum hash.Hash, what string, recs []store.Domain) ([]Domain, error) {
	var out []Domain
	for _, rec := range recs {
		d, err := domainOf(rec)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(sum, "%s %s %s %s %s %d\n", what, rec.OrgID, rec.ID, rec.Name, rec.Status, d.Generation)
		out = append(out, d)
	}
	return out, nil
}

// oneOf is a set of orgs, as losses.shows.
func oneOf(ids ...string) func(string) bool {
	return func(id string) bool { return slices.Contains(ids, id) }
}
