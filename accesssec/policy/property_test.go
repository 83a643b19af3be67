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

	disabled   []bool
	blocks     []bool
	ownerRoles []policy.Role // nil: as roles
	suspended  []bool
	invited    []policy.Role
	onTarget   []bool // and was on it
	relations  int    // the first so many
}

// whole is all there is to say of org, domain and person, with a word for each that is
// none, and no second factor.
func whole() universe {
	return universe{
		sso:         []policy.SSOState{"", policy.SSOOff, policy.SSOSetup, policy.SSOActive},
		connections: []string{"", "con-1"},
		states:      []policy.DomainState{"", policy.DomainVerified, policy.DomainMissing, policy.DomainLapsed, policy.DomainSuspended, "junk"},
		roles:       []policy.Role{"", policy.Member, policy.Billing, policy.Admin, policy.Owner, "junk"},
		methods:     []policy.Method{"", policy.Password, policy.SSO, policy.TOTP, "junk"},
		factors:     []policy.FactorState{policy.FactorNone},
		seconds:     []policy.Method{""},
	}.complete()
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
	}.complete()
}

// newcomers is all there is to say of who is disabled in the org or invited into it, and of
// orgs that have their sign-on from another, with one value of each kind of the rest.
func newcomers() universe {
	return universe{
		sso:         []policy.SSOState{policy.SSOOff, policy.SSOActive},
		connections: []string{"con-1"},
		states:      []policy.DomainState{"", policy.DomainVerified, policy.DomainLapsed, policy.DomainSuspended},
		roles:       []policy.Role{"", policy.Member, policy.Owner},
		ownerRoles:  []policy.Role{"", policy.Member, policy.Admin},
		methods:     []policy.Method{"", policy.Password, policy.SSO},
		factors:     []policy.FactorState{policy.FactorNone},
		seconds:     []policy.Method{""},
		disabled:    []bool{false},
		suspended:   []bool{false, true},
		invited:     []policy.Role{"", policy.Member, policy.Billing, policy.Admin, policy.Owner, "junk"},
		onTarget:    []bool{false, true},
		relations:   7,
	}.complete()
}

// complete fills in what a universe says nothing of.
func (u universe) complete() universe {
	bools := []bool{false, true}
	if u.disabled == nil {
		u.disabled = bools
	}
	if u.blocks == nil {
		u.blocks = bools
	}
	if u.ownerRoles == nil {
		u.ownerRoles = u.roles
	}
	if u.suspended == nil {
		u.suspended = []bool{false}
	}
	if u.invited == nil {
		u.invited = []policy.Role{""}
	}
	if u.onTarget == nil {
		u.onTarget = []bool{false}
	}
	if u.relations == 0 {
		u.relations = 5
	}
	return u
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
	relations := []int{0, 1, 2, 3, 4, 5, 6}[:u.relations]
	for count := 0; ; count++ {
		n := count
		in := policy.Input{State: pick(&n, u.states)}
		in.Person = policy.Person{
			Known: pick(&n, bools), Disabled: pick(&n, u.disabled), Role: pick(&n, u.roles), OwnerRole: pick(&n, u.ownerRoles),
			Factor: pick(&n, u.factors), Suspended: pick(&n, u.suspended), Invited: pick(&n, u.invited),
		}
		in.OnTarget, in.Former = pick(&n, u.onTarget), pick(&n, u.onTarget)
		in.Attempt = policy.Attempt{Method: pick(&n, u.methods), Second: pick(&n, u.seconds)}
		if in.Attempt.Method == policy.SSO {
			in.Attempt.Connection = "con-1"
		}
		owner := policy.Org{ID: "org-1", SSO: pick(&n, u.sso), Connection: pick(&n, u.connections)}
		owner.RequireSSO, owner.IdPManaged, owner.BlockExternal = pick(&n, bools), pick(&n, bools), pick(&n, u.blocks)
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
		case 5: // both have their sign-on from a third
			owner.GovernedBy, target.ID, target.GovernedBy = "org-3", "org-2", "org-3"
		case 6: // the one that is wanted owns the domain, and has its sign-on from another
			owner.GovernedBy, target.GovernedBy = "org-3", "org-3"
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
	n += newcomers().each(func(in policy.Input) { invariants(t, in) })
	t.Logf("%d inputs", n)
}

// invariants hold for every input by itself.
func invariants(t *testing.T, in policy.Input) {
	d := policy.Decide(in)
	fail := func(why string) {
		t.Helper()
		t.Fatalf("%s\n%+v\nowner %+v\ntarget %+v\n%+v", why, in, in.Owner, in.Target, d)
	}
	suspended := in.Person.Suspended && in.Person.Role != "" && in.Target != nil
	switch {
	case len(d.Trace) == 0:
		fail("no trace")
	case d.Reason == "" || d.Trace[len(d.Trace)-1].Reason != d.Reason:
		fail("the trace does not end with the reason")
	case d.Allow && in.Person.Disabled:
		fail("a disabled person is let in")
	case !d.Allow && (d.Create || d.Bypass || d.OwnAccount || d.SetUp || d.Grace):
		fail("a refusal grants something")
	case d.SetUp != (d.Next == policy.NextSetUp):
		fail("a second factor is to be set up, and something else is next, or the other way round")
	case d.Allow && !d.SetUp && d.Next != policy.NextNone:
		fail("allowed, and something else is next")
	case d.Allow && in.Attempt.Method == "":
		fail("nothing was tried, and it is allowed")
	case d.Allow && !in.Attempt.Method.Own() && in.Attempt.Method != policy.SSO:
		fail("an unknown method is allowed, or a second one that came first")
	case d.Create && in.Person.Role != "":
		fail("made a member who is one")
	case d.Create && (in.Target == nil || d.OwnAccount):
		fail("made a member of nothing, or kept out of it")
	case d.Create && !in.Person.Invited.Valid() && !(in.Attempt.Method == policy.SSO && in.Owner != nil && in.Owner.IdPManaged &&
		(in.Target.ID == in.Owner.ID || in.Target.GovernedBy == in.Owner.ID)):
		fail("made a member without an invitation, and not by an identity provider that makes them")
	case suspended && d.Allow && !d.OwnAccount:
		fail("who is disabled in the org is let into it")
	case suspended && (d.Create || d.Allow && !in.Attempt.Method.Own()):
		fail("who is disabled in the org is made a member anew, or an identity provider lets them in")
	case suspended && d.Bypass && in.Owner.ID == in.Target.ID:
		fail("bypass for somebody who is disabled in the org")
	case d.Allow && in.Target != nil && in.Person.Role == "" && !d.Create && !d.OwnAccount:
		fail("let into an org without being a member")
	case d.OwnAccount && in.Target != nil && in.Person.Role != "" && !suspended:
		fail("a member is kept out of the org")
	}
	owned := in.Owner != nil && (in.State == policy.DomainVerified || in.State == policy.DomainMissing)
	usable := owned && in.Owner.SSO == policy.SSOActive && in.Owner.Connection != ""
	ours := in.Owner != nil && in.Target != nil && (in.Target.ID == in.Owner.ID || in.Target.GovernedBy == in.Owner.ID)
	switch {
	case d.Reason == policy.Ask && (d.Next == policy.NextSSO) != (usable && (in.Owner.RequireSSO || in.Owner.IdPManaged)):
		fail("single sign-on comes first where it can't, or does not where it should")
	case d.Reason == policy.Ask && slices.Contains(d.Allows, policy.SSO) && !usable:
		fail("single sign-on is offered where there is none")
	case d.Reason == policy.Ask && !in.Person.Known && slices.Contains(d.Allows, policy.SSO) != usable:
		fail("a stranger is not offered what the domain has")
	case in.Attempt.Method == policy.SSO && in.Attempt.Second == "" && (d.Reason == policy.DomainUnowned) != (in.Owner == nil || in.State == policy.DomainUnclaimed):
		fail("a domain that is nobody's is told as something else, or the other way round")
	case d.Allow && in.Attempt.Method == policy.SSO && (in.OnTarget || in.Former) && !ours:
		fail("a connection vouches for people of a domain that was another org's, into that org")
	}
	if d.Allow && in.Attempt.Method == policy.SSO && (!owned || in.Owner.SSO != policy.SSOActive || in.Owner.Connection != "con-1") {
		fail("single sign-on without a proven domain and an active connection")
	}
	role := in.Person.Role
	if role == "" {
		role = in.Person.Invited
	}
	if d.Bypass && !role.Administers() && !in.Person.OwnerRole.Administers() {
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
	for _, u := range []universe{whole(), secondFactors(), newcomers()} {
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
	for _, u := range []universe{whole(), secondFactors(), newcomers()} {
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
