package accesssec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// SCIMToken is what an identity provider shows to provision one org's people. The token itself
// is in nothing that is kept: the store has its SHA-256.
type SCIMToken struct {
	ID        string
	Name      string // what it is for, as an Admin has called it
	Begins    string // how it begins, to tell one from another: "acme_scim_4f2k"
	OrgID     string // the linked org that it provisions; "" the one that it is of
	CreatedAt time.Time
	CreatedBy string    // the user's id
	EndsAt    time.Time // from then on it is refused; zero: never
	Ended     bool      // it is refused by now
	SCIMUse
}

// SCIMUse is what has come with one token. It is written about once a minute, so the latest of
// it may be missing where requests went to another instance.
type SCIMUse struct {
	LastUsedAt time.Time              `json:"last,omitzero"` // to about a minute; zero: never
	Requests   int64                  `json:"requests"`
	Failures   int64                  `json:"failures,omitempty"`  // of them: those that ended with a status of 400 or more
	Limited    int64                  `json:"limited,omitempty"`   // of them: those that came too fast, a 429
	Tolerated  map[scim.Tolerance]int `json:"tolerated,omitempty"` // requests that each rule was needed for
	Unlogged   int64                  `json:"unlogged,omitempty"`  // that belong in the log of requests, and are missing there
}

// IssuedSCIMToken is a token just made, with the only copy of its value.
type IssuedSCIMToken struct {
	SCIMToken
	secret func() string // fmt does not look into one, in whatever struct it stands
}

// Secret is the bearer value, to be shown this once.
func (t IssuedSCIMToken) Secret() string {
	if t.secret == nil {
		return ""
	}
	return t.secret()
}

// String leaves out the secret, as does every other way to print an IssuedSCIMToken.
func (t IssuedSCIMToken) String() string { return "SCIM token " + t.ID }

// Format is String for every verb.
func (t IssuedSCIMToken) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// SCIMTokenOptions are what a token may have beyond being one.
type SCIMTokenOptions struct {
	Name      string        // one line of at most 100 characters: "Okta"
	ExpiresAt time.Time     // zero: never
	Overlap   time.Duration // how long the tokens of before, for the same org, go on, at most 30 days; 0: they end now
	OrgID     string        // of an org that has its sign-on from this one: the token provisions that; "" this one
}

const (
	mostSCIMTokens      = 10  // that are good at a time, for one org
	mostSCIMTokensInAll = 500 // for all that have their sign-on from one, and itself
	mostEndedSCIMTokens = 20  // that are still listed
	endedSCIMTokenFor   = 30 * 24 * time.Hour
	longestSCIMOverlap  = 30 * 24 * time.Hour
)

// scimToken is one as it is kept: keyed by the SHA-256 of the bearer value, owned by who made
// it. One that has ended is kept for a month, so that whoever still shows it hears why.
type scimToken struct {
	Name   string    `json:"name,omitempty"`
	Begins string    `json:"begins"`
	Org    string    `json:"org,omitempty"` // that it provisions; "" the one that it is of
	Ends   time.Time `json:"ends,omitzero"`
	Told   int       `json:"told,omitempty"` // the days before its end that notice was given of last; 0: none
}

var (
	scimTokens = collection[scimToken]{"scim_token"}
	scimUses   = collection[SCIMUse]{"scim_use"} // by the token's id
)

func scimKey(token string) string {
	sum := hashOf(token)
	return hexOf(sum[:])
}

// over reports whether the token is refused at now.
func (t scimToken) over(now time.Time) bool { return !t.Ends.IsZero() && !now.Before(t.Ends) }

func scimTokenOf(k kept[scimToken], now time.Time) SCIMToken {
	return SCIMToken{
		ID: k.ID, Name: k.Value.Name, Begins: k.Value.Begins, OrgID: k.Value.Org, CreatedAt: k.At, CreatedBy: k.Owner,
		EndsAt: k.Value.Ends, Ended: k.Value.over(now),
	}
}

// CreateSCIMToken makes a token by which an identity provider provisions the org's people
// ([Service.SCIM]). The tokens of before end with it, at once or after opts.Overlap. nil
// options are a token without a name that never ends. A token outlives the rights of who has
// made it: provisioning is the org's.
//
// With opts.OrgID it is for an org that has its sign-on from this one: whom it makes lands there,
// as a member of that org and not of this one. People on this org's domains are within its reach,
// as ever, and of that org's people it sees no others. It ends with the link. That org's Owners and
// Admins are told too.
//
// It is for Owners and Admins, asks for the password again ([Me.Prove]), and tells all Owners
// and Admins; so does the background of a token whose end is near, while provisioning depends on it
// (see [Service.Tick]). A name that is too long is CodeName; an end or an overlap that can't be is
// CodeTime. At most ten for one org are good at a time, and five hundred in all: CodeRoleLimit. An
// org that has its sign-on from another is provisioned there: CodeShared; CodeNotShared for an org
// that has not its sign-on from this one. The first token needs [FeatureSCIM].
func (a *Admin) CreateSCIMToken(ctx context.Context, opts *SCIMTokenOptions) (IssuedSCIMToken, error) {
	var o SCIMTokenOptions
	if opts != nil {
		o = *opts
	}
	if err := a.needsForSCIM(ctx); err != nil {
		return IssuedSCIMToken{}, err
	}
	secret, begins := newSCIMToken(a.s.opts.Product)
	var out SCIMToken
	err := a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, proven)
		if err != nil {
			return err
		}
		k := scimTokens.fresh(a.p.OrgID, newID("tok"), scimKey(secret), c.now, time.Time{}, scimToken{Name: oneLine(o.Name, 101), Begins: begins, Org: o.into(a.p.OrgID)})
		k.Owner = by.user.ID
		e := by.by(audit.SCIMTokenCreated, thing(audit.KindSCIMToken, k.ID, k.Value.Name))
		if _, err := a.governing(ctx, c, &by, e.Targets...); err != nil {
			return err
		}
		if err = o.sound(c.now); err == nil && k.Value.Org != "" {
			err = links(ctx, c, a.p.OrgID, k.Value.Org)
		}
		if err != nil {
			return refusedAs(err, a.p.OrgID, e)
		}
		if !o.ExpiresAt.IsZero() {
			endSCIMToken(&k, o.ExpiresAt)
		}
		ended, err := c.endSCIMTokens(ctx, a.p.OrgID, k.Value.Org, c.now.Add(o.Overlap))
		if err != nil {
			return refusedAs(err, a.p.OrgID, e)
		}
		if err := scimTokens.put(ctx, c, k); err != nil {
			return err
		}
		e.Facts = []audit.Fact{fact("ends", endOfSCIM(k.Value)), count("replaced", ended), fact("overlap", o.Overlap.String())}
		out = scimTokenOf(k, c.now)
		return a.tellSCIMToken(ctx, c, by, k.Value, e, TemplateSCIMTokenCreated, map[string]string{"token": k.Value.called(), "until": endOfSCIM(k.Value)})
	})
	if err != nil {
		return IssuedSCIMToken{}, err
	}
	return IssuedSCIMToken{out, func() string { return secret }}, nil
}

// into is the org that is provisioned where it is another one.
func (o SCIMTokenOptions) into(orgID string) string {
	if o.OrgID == orgID {
		return ""
	}
	return o.OrgID
}

// links refuses unless the org has its sign-on from that one.
func links(ctx context.Context, r store.Reader, from, orgID string) error {
	org, err := r.Org(ctx, orgID)
	if errors.Is(err, store.ErrNotFound) || err == nil && org.SSOFrom != from {
		return refuse(CodeNotShared, "")
	}
	return err
}

// needsForSCIM asks the host for the feature when the org has no token that is good: a new one
// in its place keeps going what is on.
func (a *Admin) needsForSCIM(ctx context.Context) error {
	if a.s.opts.Entitled == nil {
		return nil
	}
	tokens, err := scimTokensOf(ctx, a.s.store, a.p.OrgID)
	if err != nil {
		return err
	}
	if now := a.s.now(); slices.ContainsFunc(tokens, func(k kept[scimToken]) bool { return !k.Value.over(now) }) {
		return nil
	}
	return a.needs(ctx, FeatureSCIM, proven)
}

// sound refuses what no token can have.
func (o SCIMTokenOptions) sound(now time.Time) error {
	switch {
	case len([]rune(oneLine(o.Name, 101))) > 100:
		return refuse(CodeName, "")
	case !o.ExpiresAt.IsZero() && (!o.ExpiresAt.After(now) || o.ExpiresAt.Year() > 9000):
		return refuse(CodeTime, "a token that would have ended already, or as good as never")
	case o.Overlap < 0 || o.Overlap > longestSCIMOverlap:
		return refuse(CodeTime, "tokens of before go on for at most 30 days")
	}
	return nil
}
