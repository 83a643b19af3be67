package policy_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// everyInput walks all combinations of what an input can say.
func everyInput(fn func(policy.Input)) {
	bools := []bool{false, true}
	roles := []policy.Role{"", policy.Member, policy.Billing, policy.Admin, policy.Owner, "junk"}
	var orgs []policy.Org
	for _, sso := range []policy.SSOState{"", policy.SSOOff, policy.SSOSetup, policy.SSOActive} {
		for _, connection := range []string{"", "con-1"} {
			for _, require := range bools {
				for _, managed := range bools {
					for _, block := range bools {
						orgs = append(orgs, policy.Org{ID: "org-1", SSO: sso, Connection: connection, RequireSSO: require, IdPManaged: managed, BlockExternal: block})
					}
				}
			}
		}
	}
	for _, org := range orgs {
		for relation := range 5 { // target: none, the owner, another, another governed by the owner; and no owner
			for _, state := range []policy.DomainState{"", policy.DomainVerified, policy.DomainMissing, policy.DomainLapsed, "junk"} {
				for _, role := range roles {
					for _, ownerRole := range roles {
						for _, known := range bools {
							for _, disabled := range bools {
								for _, method := range []policy.Method{"", policy.Password, policy.SSO, "junk"} {
									in := policy.Input{State: state, Person: policy.Person{Known: known, Disabled: disabled, Role: role, OwnerRole: ownerRole}}
									in.Attempt.Method = method
									if method == policy.SSO {
										in.Attempt.Connection = "con-1"
									}
									owner, target := org, org
									in.Owner, in.Target = &owner, &target
									switch relation {
									case 0:
										in.Target = nil
									case 2:
										target.ID = "org-2"
									case 3:
										target.ID, target.GovernedBy = "org-2", "org-1"
									case 4:
										in.Owner = nil
									}
									fn(in)
								}
							}
						}
					}
				}
			}
		}
	}
}

func TestEveryInput(t *testing.T) {
	t.Parallel()
	n := 0
	everyInput(func(in policy.Input) {
		n++
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
		case !d.Allow && (d.Create || d.Bypass || d.OwnAccount):
			fail("a refusal grants something")
		case d.Allow && d.Next != policy.NextNone:
			fail("allowed, and something else is next")
		case d.Allow && in.Attempt.Method == "":
			fail("nothing was tried, and it is allowed")
		case d.Allow && in.Attempt.Method == "junk":
			fail("an unknown method is allowed")
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
		if in.Attempt.Method == "" && len(d.Allows) == 0 && in.Person.Known && !in.Person.Disabled && in.Person.OwnerRole == policy.Owner &&
			in.Target != nil && in.Owner != nil && in.Target.ID == in.Owner.ID && in.Person.Role == policy.Owner {
			fail("an Owner without any way in")
		}
	})
	t.Logf("%d inputs", n)
}

// Turning a switch on never opens the password to anybody.
func TestSwitchesOnlyClose(t *testing.T) {
	t.Parallel()
	everyInput(func(in policy.Input) {
		if in.Attempt.Method != policy.Password || in.Owner == nil || in.Owner.RequireSSO {
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

// What discovery shows depends on the domain and on nothing about the person.
func TestDiscoveryIsBlind(t *testing.T) {
	t.Parallel()
	everyInput(func(in policy.Input) {
		if in.Attempt.Method != "" || in.Person.Known {
			return
		}
		blind := in
		blind.Person, blind.Target = policy.Person{}, nil
		a, b := policy.Decide(in), policy.Decide(blind)
		if a.Next != b.Next || len(a.Allows) != len(b.Allows) {
			t.Fatalf("%+v\nshows %+v\nand to a stranger %+v", in, a, b)
		}
	})
}
