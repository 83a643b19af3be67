package accesssec

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// tidy brings the ways in and the times of second factors to the one form in which they are kept.
func (s Settings) tidy() Settings {
	if len(s.Methods) == 0 {
		s.Methods = nil
	} else {
		s.Methods = slices.Compact(slices.Sorted(slices.Values(s.Methods)))
	}
	s.FactorFrom = s.FactorFrom.UTC().Truncate(time.Microsecond)
	if !s.RequireFactor || s.FactorFrom.IsZero() {
		s.FactorFrom = time.Time{}
	}
	return s
}

// waysFindings is what stands in the way of next, of what an org decides for itself. What is on
// already may stay on.
func (a *Admin) waysFindings(ctx context.Context, r store.Reader, org store.Org, was, next Settings) ([]Finding, error) {
	var out []Finding
	unknown := slices.ContainsFunc(next.Methods, func(m policy.Method) bool { return !m.Own() })
	left := len(next.Methods) == 0 || slices.ContainsFunc(next.Methods, func(m policy.Method) bool { return slices.Contains(a.s.ways(), m) })
	if unknown || !left && !slices.Equal(was.Methods, next.Methods) {
		out = append(out, Finding{"methods", "No way to sign in would be left that the application offers.", fmt.Sprintf("Choose some of %s.", listed(a.s.ways()))})
	}
	if next.RequireFactor && !was.RequireFactor {
		p, _, err := policyOrg(ctx, r, org)
		if err != nil {
			return nil, err
		}
		if p.SSO == policy.SSOActive {
			out = append(out, Finding{"sso_active", "Single sign-on is active, and asking for a second factor is the identity provider's.", "Ask for it there, or switch single sign-on off first."})
		}
	}
	if !next.FactorFrom.Equal(was.FactorFrom) && next.FactorFrom.After(a.s.now().Add(longestGrace)) {
		out = append(out, Finding{"factor_from", "The day from which a second factor is required is too far ahead.", "Choose one within 90 days."})
	}
	if next.RememberDevices < 0 || next.RememberDevices > longestDevice {
		out = append(out, Finding{"remember_devices", "The time for which a browser is remembered is out of bounds.", "At most 30 days; 0 is never."})
	}
	return out, nil
}

// date notes when what counts from its being switched on was.
func (c *considered) date(now time.Time) error {
	switch {
	case !c.next.RequireFactor:
		c.wanted.FactorOn = time.Time{}
	case !c.old.RequireFactor:
		c.wanted.FactorOn = now
	}
	switch {
	case c.next.RememberDevices == 0:
		c.wanted.DevicesOn = time.Time{}
	case c.old.RememberDevices == 0:
		c.wanted.DevicesOn = now
	}
	return c.wanted.write(&c.org)
}

// endOff ends the sessions in an org that came by a way that its members may not use any more.
func (c *change) endOff(ctx context.Context, orgID string, allowed []policy.Method) (int, error) {
	if len(allowed) == 0 {
		return 0, nil
	}
	off := func(ses store.Session) bool {
		first, _ := parted(ses.Methods)
		return slices.ContainsFunc(first, func(name string) bool {
			m := policy.Method(name)
			kept := slices.Contains(allowed, m) || m == policy.Password && policy.Role(ses.Role).Administers()
			return m.Own() && !kept
		})
	}
	var gone []string
	q := store.SessionQuery{OrgID: orgID, Paging: store.Paging{Limit: 1000}}
	for {
		page, err := c.Sessions(ctx, q)
		if err != nil {
			return 0, err
		}
		for _, ses := range page.Items {
			if off(ses) {
				gone = append(gone, ses.ID)
			}
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	ended := 0
	for _, id := range gone {
		n, err := c.DeleteSessions(ctx, store.SessionQuery{OrgID: orgID, ID: id})
		if err != nil {
			return ended, err
		}
		ended += n
	}
	return ended, nil
}

// countFactorless looks for members who would have to set up a second factor: two questions for
// each thousand of them.
func (c *considered) countFactorless(ctx context.Context, r store.Reader) error {
	return eachThousand(ctx, r, c.org.ID, func(members []store.Member) error {
		members = slices.DeleteFunc(slices.Clone(members), func(m store.Member) bool { return m.Disabled || m.User.Disabled })
		have, err := factored(ctx, r, members)
		if err != nil {
			return err
		}
		for _, m := range members {
			if !have[m.UserID] {
				c.FactorlessCount++
				c.Factorless = firstHundred(c.Factorless, m)
			}
		}
		return nil
	})
}

// factored are those of members who have a second factor, in whatever state: one that can't be
// read is none.
func factored(ctx context.Context, r store.Reader, members []store.Member) (map[string]bool, error) {
	have := map[string]bool{}
	q := store.DocQuery{Paging: store.Paging{Limit: 1000}}
	for _, m := range members {
		q.Owners = append(q.Owners, m.UserID)
	}
	for len(q.Owners) > 0 { // of nobody it would be everybody's
		page, err := r.Docs(ctx, factors.kind, "", q)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Items {
			if k, bad := factors.read(d, nil); bad == nil && k.Value.state() != policy.FactorNone {
				have[d.ID] = true
			}
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	return have, nil
}
