package policy_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// wayInputs is every way in beside all that an org may decide for itself, with one value of each
// kind of the rest.
func wayInputs(fn func(policy.Input)) int {
	u := universe{
		sso:         []policy.SSOState{policy.SSOOff, policy.SSOActive},
		connections: []string{"con-1"},
		states:      []policy.DomainState{policy.DomainVerified, policy.DomainLapsed},
		roles:       []policy.Role{"", policy.Member, policy.Owner},
		ownerRoles:  []policy.Role{"", policy.Admin},
		methods:     []policy.Method{policy.Password, policy.Link, policy.Google, policy.SSO},
		factors:     []policy.FactorState{policy.FactorNone, policy.FactorLive, policy.FactorDue},
		seconds:     []policy.Method{"", policy.TOTP, policy.Device},
		disabled:    []bool{false},
		blocks:      []bool{true},
		relations:   4,
	}.complete()
	n := 0
	u.each(func(in policy.Input) {
		if !in.Person.Known {
			return
		}
		in.Ways = everyWay()
		for _, methods := range [][]policy.Method{nil, {policy.Password}, {policy.Link}} {
			for set := range 8 {
				in := deciding(in, func(o *policy.Org) {
					o.Methods, o.RequireFactor, o.Devices = methods, set&1 != 0, set&2 != 0
				})
				in.Person.Grace = set&4 != 0
				n++
				fn(in)
			}
		}
	})
	return n
}

// deciding is in with what the org that is wanted decides for itself changed, and no other's.
func deciding(in policy.Input, change func(*policy.Org)) policy.Input {
	if in.Target == nil {
		return in
	}
	o := *in.Target
	change(&o)
	in.Target = &o
	return in
}

func TestEveryWay(t *testing.T) {
	t.Parallel()
	t.Logf("%d inputs", wayInputs(func(in policy.Input) { invariants(t, in) }))
}

// What an org decides for itself only ever asks for more, but that a remembered browser stands in
// for a code; it says nothing of single sign-on, and nothing of who does not come in as a member.
func TestOwnDecisionsOnlyClose(t *testing.T) {
	t.Parallel()
	wayInputs(func(in policy.Input) {
		bare := deciding(in, func(o *policy.Org) { o.Methods, o.RequireFactor, o.Devices = nil, false, false })
		d, without := policy.Decide(in), policy.Decide(bare)
		fail := func(why string) {
			t.Helper()
			t.Fatalf("%s\n%+v\nowner %+v\ntarget %+v\n%+v\nand without %+v", why, in, in.Owner, in.Target, d, without)
		}
		enters := in.Target != nil && in.Person.Role != ""
		switch {
		case in.Attempt.Method == policy.SSO || !enters:
			if !reflect.DeepEqual(d, without) {
				fail("it holds where it has nothing to say")
			}
		case d.Allow && !without.Allow:
			if in.Attempt.Second != policy.Device || in.Person.Factor != policy.FactorLive || !in.Target.Devices {
				fail("opened by what can only close")
			}
		case d.Allow && (d.Bypass != without.Bypass || d.Create != without.Create || d.OwnAccount != without.OwnAccount):
			fail("let in as somebody else")
		case !d.Allow && without.Allow && d.Reason != policy.MethodOff:
			fail("refused for another reason than a way that is switched off")
		}
		if d.Grace && (d.SetUp || in.Person.Factor != policy.FactorNone || !in.Target.RequireFactor || !in.Person.Grace) {
			fail("a grace without a reason")
		}
		if enters && d.Allow && !d.SetUp && in.Attempt.Method.Own() && in.Target.RequireFactor && in.Target.SSO != policy.SSOActive &&
			in.Person.Factor == policy.FactorNone && !in.Person.Grace {
			fail("a member without the second factor that the org requires")
		}
	})
}

// Who has a second factor is asked no less than who has none: they never come in by the first
// one alone, and what refuses others refuses them.
func TestAFactorNeverLowers(t *testing.T) {
	t.Parallel()
	wayInputs(func(in policy.Input) {
		if in.Person.Factor != policy.FactorNone || in.Attempt.Second != "" {
			return
		}
		none := policy.Decide(in)
		for _, factor := range []policy.FactorState{policy.FactorLive, policy.FactorChanging, policy.FactorDue} {
			for _, second := range []policy.Method{"", policy.TOTP, policy.Recovery, policy.Device} {
				with := in
				with.Person.Factor, with.Attempt.Second = factor, second
				d := policy.Decide(with)
				alone := d.Allow && !d.SetUp && in.Attempt.Method.Own() && second == ""
				if alone || d.Allow && !none.Allow || d.Grace {
					t.Fatalf("a factor that is %q, shown %q, opens\n%+v\nowner %+v\ntarget %+v\n%+v\nand with none %+v", factor, second, in, in.Owner, in.Target, d, none)
				}
				if in.Attempt.Method == policy.SSO && !reflect.DeepEqual(d, none) {
					t.Fatalf("single sign-on depends on the factor: %+v, %+v", d, none)
				}
			}
		}
	})
}

// Whatever an org sets, and whatever becomes of its sign-on and its domain, an Owner and an Admin
// of it come in by their password, be it to set up a second factor first.
func TestNoSettingsLockOwnersOut(t *testing.T) {
	t.Parallel()
	n := 0
	for _, role := range []policy.Role{policy.Owner, policy.Admin} {
		wayInputs(func(in policy.Input) {
			ours := in.Target != nil && (in.Owner == nil || in.Owner.ID == in.Target.ID || in.Target.GovernedBy == in.Owner.ID)
			if !ours || in.Person.Suspended || in.Attempt.Method != policy.Password || in.Attempt.Second != policy.TOTP {
				return
			}
			in.Person.Role, in.Person.OwnerRole = role, ""
			if in.Owner != nil && in.Owner.ID == in.Target.ID {
				in.Person.OwnerRole = role
			}
			n++
			if d := policy.Decide(in); !d.Allow || d.OwnAccount {
				t.Fatalf("an %s is locked out\n%+v\nowner %+v\ntarget %+v\n%+v", role, in, in.Owner, in.Target, d)
			}
			in.Attempt = policy.Attempt{}
			if d := policy.Decide(in); !slices.Contains(d.Allows, policy.Password) {
				t.Fatalf("an %s is not offered their password\n%+v\n%+v", role, in, d)
			}
		})
	}
	t.Logf("%d inputs", n)
	if n < 1000 {
		t.Errorf("only %d inputs", n)
	}
}

// What the host does not offer is no way in, whatever the org has left on.
func TestOnlyWhatTheHostOffers(t *testing.T) {
	t.Parallel()
	wayInputs(func(in policy.Input) {
		m := in.Attempt.Method
		if !m.Own() {
			return
		}
		in.Ways = slices.DeleteFunc(everyWay(), func(o policy.Method) bool { return o == m })
		if d := policy.Decide(in); d.Allow || d.Reason != policy.MethodUnknown {
			t.Fatalf("%s is not offered, and %+v", m, d)
		}
		in.Attempt = policy.Attempt{}
		if d := policy.Decide(in); slices.Contains(d.Allows, m) {
			t.Fatalf("%s is not offered, and may be tried: %+v", m, d)
		}
	})
}
