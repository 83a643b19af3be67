package policy_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// universe is every value that each part of an input may have.
type universe struct {
	sso         []policy.SSOState
	connections []string
	states      []policy.DomainState
	roles       []policy.Role
	methods     []policy.Method
	factors     []policy.FactorState
	seconds     []policy.Method
}

// whole is all there is to say of org, domain and person, with a word for each that is
// none, and no second factor.
func whole() universe {
	return universe{
		sso:         []policy.SSOState{"", policy.SSOOff, policy.SSOSetup, policy.SSOActive},
		connections: []string{"", "con-1"},
		states:      []policy.DomainState{"", policy.DomainVerified, policy.DomainMissing, policy.DomainLapsed, "junk"},
		roles:       []policy.Role{"", policy.Member, policy.Billing, policy.Admin, policy.Owner, "junk"},
		methods:     []policy.Method{"", policy.Password, policy.SSO, policy.TOTP, "junk"},
		factors:     []policy.FactorState{policy.FactorNone},
		seconds:     []policy.Method{""},
	}
}

// secondFactors is all there is to say of the second factor, with one value of each kind
// of the rest.
func secondFactors() universe {
	return universe{
		sso:         []policy.SSOState{policy.SSOOff, policy.SSOActive},
		connections: []string{"con-1"},
		states:      []policy.DomainState{"", policy.DomainVerified, policy.DomainLapsed},
		roles:       []policy.Role{"", policy.Member, policy.Owner},
		methods:     []policy.Method{"", policy.Password, policy.SSO},
		factors:     []policy.FactorState{policy.FactorNone, policy.FactorLive, policy.FactorChanging, policy.FactorDue, "junk"},
		seconds:     []policy.Method{"", policy.TOTP, policy.Recovery, policy.Password, "junk"},
	}
}

// pick takes one of the values, and what is left of n to pick the others by.
func pick[T any](n *int, values []T) T {
	v := values[*n%len(values)]
	*n /= len(values)
	return v
}

// each walks all combinations, and returns how many there are.
func (u universe) each(fn func(policy.Input)) int {
	bools := []bool{false, true}
	relations := []int{0, 1, 2, 3, 4}
	for count := 0; ; count++ {
		n := count
		in := policy.Input{State: pick(&n, u.states)}
		in.Person = policy.Person{Known: pick(&n, bools), Disabled: pick(&n, bools), Role: pick(&n, u.roles), OwnerRole: pick(&n, u.roles), Factor: pick(&n, u.factors)}
		in.Attempt = policy.Attempt{Method: pick(&n, u.methods), Second: pick(&n, u.seconds)}
		if in.Attempt.Method == policy.SSO {
			in.Attempt.Connection = "con-1"
		}
		owner := policy.Org{ID: "org-1", SSO: pick(&n, u.sso), Connection: pick(&n, u.connections)}
		owner.RequireSSO, owner.IdPManaged, owner.BlockExternal = pick(&n, bools), pick(&n, bools), pick(&n, bools)
		target := owner
		in.Owner, in.Target = &owner, &target
		switch pick(&n, relations) {
		case 0:
			in.Target = nil
		case 1: // the one that is wanted owns the domain
		case 2:
			target.ID = "org-2"
		case 3:
			target.ID, target.GovernedBy = "org-2", "org-1"
		case 4:
			in.Owner = nil
		}
		if n > 0 {
			return count
		}
		fn(in)
	}
}

// only is the part of u with these methods.
func (u universe) only(methods ...policy.Method) universe {
	u.methods = methods
	return u
}

func TestEveryInput(t *testing.T) {
	t.Parallel()
	n := whole().each(func(in policy.Input) { invariants(t, in) })
	n += secondFactors().each(func(in policy.Input) { invariants(t, in) })
	t.Logf("%d inputs", n)
}

// invariants hold for every input by itself.
func invariants(t *testing.T, in policy.Input) {
	d := policy.Decide(in)
	fail := func(why string) {
		t.Helper()
		t.Fatalf("%s\n%+v\nowner %+v\ntarget %+v\n%+v", why, in, in.Owner, in.Target, d)
	}
	switch {
	case len(d.Trace) == 0:
		fail("no trace")
	case d.Reason == "" || d.Trace[len(d.Trace)-1].Reason != d.Reason:
		fail("the trace does not end with the reason")
	case d.Allow && in.Person.Disabled:
		fail("a disabled person is let in")
	case !d.Allow && (d.Create || d.Bypass || d.OwnAccount || d.SetUp):
		fail("a refusal grants something")
	case d.SetUp != (d.Next == policy.NextSetUp):
		fail("a second factor is to be set up, and something else is next, or the other way round")
	case d.Allow && !d.SetUp && d.Next != policy.NextNone:
		fail("allowed, and something else is next")
	case d.Allow && in.Attempt.Method == "":
		fail("nothing was tried, and it is allowed")
	case d.Allow && in.Attempt.Method != policy.Password && in.Attempt.Method != policy.SSO:
		fail("an unknown method is allowed, or a second one that came first")
	case d.Create && in.Attempt.Method != policy.SSO:
		fail("made a member without single sign-on")
	case d.Create && in.Person.Role != "":
		fail("made a member who is one")
	case d.OwnAccount && in.Target != nil && in.Person.Role != "":
		fail("a member is kept out of the org")
	}
	owned := in.Owner != nil && (in.State == policy.DomainVerified || in.State == policy.DomainMissing)
	if d.Allow && in.Attempt.Method == policy.SSO && (!owned || in.Owner.SSO != policy.SSOActive || in.Owner.Connection != "con-1") {
		fail("single sign-on without a proven domain and an active connection")
	}
	if d.Bypass && !in.Person.Role.Administers() && !in.Person.OwnerRole.Administers() {
		fail("bypass for somebody who administers nothing")
	}
	if d.Reason == policy.Ask && in.Person.Factor != "junk" && len(d.Allows) == 0 && in.Person.Known && !in.Person.Disabled && in.Person.OwnerRole == policy.Owner &&
		in.Target != nil && in.Owner != nil && in.Target.ID == in.Owner.ID && in.Person.Role == policy.Owner {
		fail("an Owner without any way in")
	}
}

// A second factor only ever asks for more, and what it asks for is enough.
func TestFactorsOnlyClose(t *testing.T) {
	t.Parallel()
	secondFactors().only(policy.Password, policy.SSO).each(func(in policy.Input) {
		bare := in
		bare.Person.Factor, bare.Attempt.Second = policy.FactorNone, ""
		d, without := policy.Decide(in), policy.Decide(bare)
		fail := func(why string) {
			t.Helper()
			t.Fatalf("%s\n%+v\nowner %+v\ntarget %+v\n%+v\nand without %+v", why, in, in.Owner, in.Target, d, without)
		}
		asked := in.Person.Factor == policy.FactorLive || in.Person.Factor == policy.FactorChanging
		anew := in.Person.Factor == policy.FactorDue || in.Person.Factor == policy.FactorChanging
		shown := in.Attempt.Second == policy.TOTP || in.Attempt.Second == policy.Recovery
		switch {
		case in.Attempt.Second != "" && !shown:
			if !reflect.DeepEqual(d, policy.Decision{Reason: policy.MethodUnknown, Trace: d.Trace}) {
				fail("shown is what can't come second, and it is not refused")
			}
		case in.Attempt.Method == policy.SSO || !without.Allow:
			if !reflect.DeepEqual(d, without) {
				fail("single sign-on, or what refuses a password, depends on the factor")
			}
		case in.Person.Factor == "junk":
			if d.Allow || d.Reason != policy.MethodUnknown || d.Next != policy.NextNone {
				fail("nobody knows what to ask for, and it is not refused")
			}
		case asked && !shown:
			if d.Allow || d.Reason != policy.FactorAsked || d.Next != policy.NextFactor {
				fail("a factor is not asked for")
			}
		default:
			if without.SetUp = anew; anew {
				without.Next = policy.NextSetUp
			}
			if without.Trace = d.Trace; !reflect.DeepEqual(d, without) {
				fail("all that was asked for was shown, and something else comes of it")
			}
		}
	})
}

// What may be tried first does not depend on what will be asked second, unless nobody
// knows what that is.
func TestFactorsInWhatIsAllowed(t *testing.T) {
	t.Parallel()
	secondFactors().only("").each(func(in policy.Input) {
		bare := in
		bare.Person.Factor = policy.FactorNone
		d, without := policy.Decide(in), policy.Decide(bare)
		if in.Person.Known && in.Person.Factor == "junk" {
			without.Allows = slices.DeleteFunc(without.Allows, func(m policy.Method) bool { return m == policy.Password })
		}
		if d.Next != without.Next || !slices.Equal(d.Allows, without.Allows) {
			t.Fatalf("%+v\nowner %+v\ntarget %+v\n%+v\nand without %+v", in, in.Owner, in.Target, d, without)
		}
	})
}

// Turning a switch on never opens the password to anybody.
func TestSwitchesOnlyClose(t *testing.T) {
	t.Parallel()
	for _, u := range []universe{whole(), secondFactors()} {
		u.only(policy.Password).each(func(in policy.Input) {
			if in.Owner == nil || in.Owner.RequireSSO {
				return
			}
			before := policy.Decide(in)
			strict := *in.Owner
			strict.RequireSSO = true
			in.Owner = &strict
			if in.Target != nil && (in.Target.ID == strict.ID || in.Target.GovernedBy == strict.ID) {
				target := *in.Target
				target.RequireSSO = true
				in.Target = &target
			}
			if after := policy.Decide(in); after.Allow && !before.Allow {
				t.Fatalf("opened by a switch: %+v\nbefore %+v\nafter %+v", in, before, after)
			}
		})
	}
}

// What discovery shows depends on the domain and on nothing about the person.
func TestDiscoveryIsBlind(t *testing.T) {
	t.Parallel()
	for _, u := range []universe{whole(), secondFactors()} {
		u.only("").each(func(in policy.Input) {
			if in.Person.Known {
				return
			}
			blind := in
			blind.Person, blind.Target = policy.Person{}, nil
			if a, b := policy.Decide(in), policy.Decide(blind); !reflect.DeepEqual(a, b) {
				t.Fatalf("%+v\nshows %+v\nand to a stranger %+v", in, a, b)
			}
		})
	}
}
