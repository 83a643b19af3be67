package accesssec

import (
	"context"
	"slices"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// ending is which sessions of somebody end where a way in is closed.
type ending struct {
	store.SessionQuery
	notPassword bool // leaves out those of a password
}

// closing are the sessions of a member that end where what was asked before becomes what is asked
// after.
func closing(m store.Member, before, after policy.Input) []ending {
	was, other := policy.Decide(unswitched(before)), policy.Decide(byOther(before))
	will := unswitched(after)
	if was.Allow {
		if d := policy.Decide(will); !d.Allow {
			return []ending{endingOf(m, d)}
		}
	}
	if d := policy.Decide(byOther(after)); other.Allow && !d.Allow {
		e := endingOf(m, d)
		e.notPassword = policy.Decide(will).Allow
		return []ending{e}
	}
	return nil
}

// closed are those that end whatever was before, where the policy has refused for a reason of
// that kind.
func closed(m store.Member, in policy.Input, kind func(policy.Decision) bool) []ending {
	if d := policy.Decide(unswitched(in)); !d.Allow {
		if !kind(d) {
			return nil
		}
		return []ending{endingOf(m, d)}
	}
	if d := policy.Decide(byOther(in)); !d.Allow && kind(d) {
		e := endingOf(m, d)
		e.notPassword = true
		return []ending{e}
	}
	return nil
}

// unswitched leaves out what an org has switched off for its members: that is about its own
// sessions, and endOff looks for them. What closes the rest closes it elsewhere too.
func unswitched(in policy.Input) policy.Input {
	if in.Target != nil && len(in.Target.Methods) > 0 {
		t := *in.Target
		t.Methods = nil
		in.Target = &t
	}
	return in
}

// byOther is the same question for who comes by a way of their own that is no password: of a link
// and of Google the policy says the same.
func byOther(in policy.Input) policy.Input {
	in = unswitched(in)
	in.Ways, in.Attempt = []policy.Method{policy.Link}, policy.Attempt{Method: policy.Link}
	return in
}

// endingOf are all in the org when it keeps the person out, else those of their own ways, anywhere.
func endingOf(m store.Member, d policy.Decision) ending {
	if d.Reason == policy.ExternalBlocked {
		return ending{SessionQuery: store.SessionQuery{OrgID: m.OrgID, UserID: m.UserID}}
	}
	return ending{SessionQuery: store.SessionQuery{UserID: m.UserID, NotMethod: string(policy.SSO)}}
}

// sessions are their ids.
func (e ending) sessions(ctx context.Context, r store.Reader) ([]string, error) {
	var out []string
	err := eachSession(ctx, r, e.SessionQuery, func(ses store.Session) {
		if !e.notPassword || !slices.Contains(ses.Methods, string(policy.Password)) {
			out = append(out, ses.ID)
		}
	})
	return out, err
}

// endAll ends them, and counts them.
func (c *change) endAll(ctx context.Context, ends []ending, err error) (int, error) {
	total := 0
	for _, e := range ends {
		if err != nil {
			break
		}
		var n int
		n, err = c.end(ctx, e)
		total += n
	}
	return total, err
}

func (c *change) end(ctx context.Context, e ending) (int, error) {
	if !e.notPassword {
		return c.DeleteSessions(ctx, e.SessionQuery)
	}
	ids, err := e.sessions(ctx, c)
	total := 0
	for _, id := range ids {
		if err != nil {
			break
		}
		q, n := e.SessionQuery, 0
		q.ID = id
		n, err = c.DeleteSessions(ctx, q)
		total += n
	}
	return total, err
}
