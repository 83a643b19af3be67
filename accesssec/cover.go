package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// covering are the claims that cover the first of names, which are a domain and its
// parents, and that count for somebody: the most specific first. One on a parent covers
// it only when it is for subdomains too.
func covering(ctx context.Context, r store.Reader, names []string) ([]store.Domain, error) {
	if len(names) == 0 {
		return nil, errors.New("accesssec: a claim on no name was asked for")
	}
	claims, err := r.DomainsByName(ctx, names)
	if err != nil {
		return nil, err
	}
	var out []store.Domain
	for i, name := range names {
		for _, rec := range claims {
			if rec.Name != name {
				continue
			}
			if i > 0 {
				d, err := domainOf(rec)
				if err != nil {
					return nil, err
				}
				if !d.Subdomains {
					continue
				}
			}
			out = append(out, rec)
		}
	}
	return out, nil
}

// claimOver is the claim that counts for an address.
func claimOver(ctx context.Context, r store.Reader, a domainclaim.Address) (store.Domain, error) {
	claims, err := covering(ctx, r, a.Candidates())
	return whose(claims), err
}

// whose is the one of covering claims that counts: the most specific that holds its name,
// else the most specific that has lapsed, and of those on one name the one that was proven
// last.
func whose(claims []store.Domain) store.Domain {
	var lapsed store.Domain
	var proven time.Time
	for _, d := range claims {
		switch {
		case holds(d):
			return d
		case d.Status == store.DomainUnverified && (lapsed.ID == "" || lapsed.Name == d.Name):
			// What can't be read was proven at the beginning of time.
			c, _ := domainOf(d)
			if lapsed.ID == "" || c.VerifiedAt.After(proven) || c.VerifiedAt.Equal(proven) && d.ID < lapsed.ID {
				lapsed, proven = d, c.VerifiedAt
			}
		}
	}
	return lapsed
}

// holds reports whether the claim keeps its name from others.
func holds(d store.Domain) bool {
	return d.Status == store.DomainVerified || d.Status == store.DomainMissing
}

func domainState(status string) policy.DomainState {
	switch status {
	case store.DomainVerified:
		return policy.DomainVerified
	case store.DomainMissing:
		return policy.DomainMissing
	case store.DomainUnverified:
		return policy.DomainLapsed
	}
	return policy.DomainUnclaimed
}

// holder is the org that holds the domain of a person's address; "" nobody does.
func holder(ctx context.Context, r store.Reader, address string) (string, error) {
	a, err := domainclaim.ParseAddress(address)
	if err != nil {
		return "", nil
	}
	claim, err := claimOver(ctx, r, a)
	if !holds(claim) {
		return "", err
	}
	return claim.OrgID, err
}

// formers are the names that an org has lost to another: who holds them now is not who
// vouches for its members.
var formers = collection[struct{}]{"former_domain"} // by the name

// formerly reports whether the org that is wanted, or who governs it, has lost the domain to
// the org that owns it now.
func (f *facts) formerly(ctx context.Context, r store.Reader) (bool, error) {
	t := f.in.Target
	if f.owner.ID == "" || f.owner.ID == t.ID || f.owner.ID == t.GovernedBy {
		return false, nil
	}
	for _, orgID := range []string{t.ID, t.GovernedBy} {
		if orgID == "" {
			continue
		}
		for _, name := range f.asked.address.Candidates() {
			_, err := formers.get(ctx, r, orgID, name)
			if err == nil || !errors.Is(err, store.ErrNotFound) {
				return err == nil, err
			}
		}
	}
	return false, nil
}
