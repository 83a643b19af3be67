package policy

import (
	"fmt"
	"slices"
)

// Decide answers in. It never fails: what it does not understand it refuses.
func Decide(in Input) Decision {
	// A role in no org is no role, and a claim of no org is no claim.
	if in.Target == nil {
		in.Person.Role = ""
	}
	if in.Owner == nil {
		in.Person.OwnerRole, in.Person.Governed, in.State = "", false, DomainUnclaimed
	}
	if in.Person.Suspended = in.Person.Suspended && in.Person.Role != ""; in.Person.Suspended {
		in.Person.Role = Member // an Owner who is disabled decides nothing, and goes past nothing
		if in.Owner != nil && in.Owner.ID == in.Target.ID {
			in.Person.OwnerRole = Member
		}
	}
	if in.joins() {
		return decideJoining(in)
	}
	if second := in.Attempt.Second; second != "" && !second.Second() {
		return opening(in).refuse(MethodUnknown, NextNone, "%q is no second factor here", second)
	}
	switch in.Attempt.Method {
	case Password, Link, Google:
		return byOwn(in)
	case SSO:
		return bySSO(in)
	case "":
		return ask(in)
	case TOTP, Recovery, Device:
		return opening(in).refuse(MethodUnknown, NextNone, "%s comes second, and nothing came first", in.Attempt.Method)
	}
	return opening(in).refuse(MethodUnknown, NextNone, "%q is no way to sign in here", in.Attempt.Method)
}

// joins reports whether the person comes as somebody who was invited.
func (in Input) joins() bool {
	return in.Target != nil && in.Person.Role == "" && in.Person.Invited.Valid()
}

// decideJoining is for who was invited: what would be decided of them as the member that
// they are about to be.
func decideJoining(in Input) Decision {
	in.Person.Role = in.Person.Invited
	if in.Owner != nil && in.Owner.ID == in.Target.ID {
		in.Person.OwnerRole = in.Person.Role
	}
	d := Decide(in)
	d.Create = d.Allow
	return d
}

// ask says what would be allowed, and what to offer first.
func ask(in Input) Decision {
	d := opening(in)
	d.Reason, d.Next = Ask, NextPassword
	if !in.Person.Known {
		// Discovery answers by domain alone. It offers a password to all, for it may
		// not show who is an Owner, a member, or anybody.
		if ssoUsable(in) {
			d.Allows = append(d.Allows, SSO)
		}
		for _, m := range in.ways() {
			if m == Password || in.byDomain(m) {
				d.Allows = append(d.Allows, m)
			}
		}
	} else {
		for _, m := range append([]Method{SSO}, in.ways()...) {
			try := in
			try.Attempt = Attempt{Method: m, Connection: connection(in.Owner)}
			switch v := Decide(try); {
			case v.SetUp:
				d.Allows = append(d.Allows, m)
				d.say(FactorAsked, "after the %s a second factor would be set up, before anything else", m)
			case v.Allow:
				d.Allows = append(d.Allows, m)
			case v.Reason == FactorAsked:
				d.Allows = append(d.Allows, m)
				d.say(FactorAsked, "after the %s a second factor would be asked", m)
			default:
				d.say(v.Reason, "%s would be refused: %s", m, v.Trace[len(v.Trace)-1].Text)
			}
		}
	}
	switch {
	case ssoUsable(in) && in.Owner.requires():
		d.Next = NextSSO
		d.say(Ask, "%s requires SSO, so SSO comes first", in.Owner.Name)
	case ssoUsable(in) && in.Owner.manages():
		d.Next = NextSSO
		d.say(Ask, "%s has its people come through its identity provider, so SSO comes first", in.Owner.Name)
	default:
		d.say(Ask, "nothing asks for SSO, so a password comes first")
	}
	return d
}

// byDomain reports whether a way other than the password is offered to whoever has an address
// on the domain.
func (in Input) byDomain(m Method) bool {
	if in.Owner == nil || in.State == DomainUnclaimed {
		return true
	}
	return !in.Owner.requires() && (len(in.Owner.Methods) == 0 || slices.Contains(in.Owner.Methods, m))
}

// byOwn is the column of those who have shown by themselves who they are.
func byOwn(in Input) Decision {
	d := opening(in)
	m := in.Attempt.Method
	if !in.offers(m) {
		return d.refuse(MethodUnknown, NextNone, "%q is no way to sign in here", m)
	}
	if in.Person.Disabled {
		return d.refuse(PersonDisabled, NextNone, "the account is disabled")
	}
	if passwordClosed(in) {
		next := NextNone
		if ssoUsable(in) {
			next = NextSSO
		}
		switch {
		case !bypasses(in):
			return d.refuse(SSORequired, next, "%s requires SSO, and %s is not Owner or Admin", in.Owner.Name, who(in))
		case m != Password:
			return d.refuse(SSORequired, next, "%s requires SSO, and lets its Owners and Admins go past it by a password alone", in.Owner.Name)
		}
		d.Bypass = true
		d.say(Bypassed, "%s requires SSO, and its Owners and Admins may still use a password", in.Owner.Name)
	}
	if externalBlocked(in) {
		return d.refuse(ExternalBlocked, NextNone, "%s lets in nobody from outside its domains", in.Target.Name)
	}
	if methodOff(in) {
		return d.refuse(MethodOff, NextNone, "%s has switched off %s for its members", in.Target.Name, m.shown())
	}
	d, ok := d.byFactor(in)
	if !ok {
		return d
	}
	if in.Person.Suspended {
		d.OwnAccount = true
		return d.allow("disabled in %s: own account only", in.Target.Name)
	}
	if in.Person.Role == "" {
		d.OwnAccount = true
		return d.allow("not a member of the org asked for: own account only")
	}
	return d.allow("%s for %s of %s", enough(in), in.Person.Role.one(), in.Target.Name)
}

// enters reports whether the person is a member whom Target lets in.
func (in Input) enters() bool { return in.Person.Role != "" && !in.Person.Suspended }

// methodOff reports whether the org has switched off this way in for its members. A password
// of an Owner or Admin stays, or one click could leave an org with nobody who comes in.
func methodOff(in Input) bool {
	m := in.Attempt.Method
	if !in.enters() || len(in.Target.Methods) == 0 || m == Password && in.Person.Role.Administers() {
		return false
	}
	return !slices.Contains(in.Target.Methods, m)
}

// bySSO is the column of those for whom a connection vouches. A second factor is the
// identity provider's to ask, so ours is not looked at.
func bySSO(in Input) Decision {
	was := in.OnTarget || in.Former
	in.OnTarget = false // whose connection vouches is who owns the domain now, not who did
	d := opening(in)
	switch {
	case in.Owner == nil || in.State == DomainUnclaimed:
		return d.refuse(DomainUnowned, NextNone, "%s is no org's proven domain, and SSO works on those only", domain(in))
	case in.State == DomainLapsed:
		return d.refuse(DomainIsLapsed, NextNone, "%s's claim on %s has lapsed, and SSO on it with it", in.Owner.Name, domain(in))
	case in.State == DomainSuspended:
		return d.refuse(DomainIsSuspended, NextNone, "%s has its sign-on from another org, and SSO on its own domain %s rests meanwhile", in.Owner.Name, domain(in))
	case in.Attempt.Connection == "" || in.Owner.Connection != in.Attempt.Connection:
		if in.Target.governedBy(in.Owner) && in.Owner.SSO != SSOActive {
			return d.refuse(ConnectionInactive, NextPassword, "single sign-on of %s is not active", in.Owner.Name)
		}
		return d.refuse(DomainOfAnother, NextNone, "%s belongs to %s, whose connection this is not", domain(in), in.Owner.Name)
	case !ssoUsable(in):
		return d.refuse(ConnectionInactive, NextPassword, "single sign-on of %s is not active", in.Owner.Name)
	case in.Person.Disabled:
		return d.refuse(PersonDisabled, NextNone, "the account is disabled")
	case in.Person.Suspended:
		return d.refuse(MemberDisabled, NextNone, "%s is disabled in %s", who(in), in.Target.Name)
	case externalBlocked(in):
		return d.refuse(ExternalBlocked, NextNone, "%s lets in nobody from outside its domains", in.Target.Name)
	case in.Person.Role != "" && was && !in.Target.governedBy(in.Owner):
		return d.refuse(DomainOfAnother, NextNone, "%s was %s's, and its members there are not %s's to vouch for", domain(in), in.Target.Name, in.Owner.Name)
	case in.Person.Role != "":
		return d.allow("%s vouches for %s of %s", in.Owner.Name, in.Person.Role.one(), in.Target.Name)
	case in.Target.governedBy(in.Owner) && in.Owner.manages():
		d.Create = true
		return d.allow("%s makes members of all whom its identity provider lets in", in.Owner.Name)
	}
	return d.refuse(NotMember, NextNone, "%s is not a member, and IdP-managed access is off: an invitation would help", who(in))
}

// ssoUsable reports whether people of the domain can sign in by SSO.
func ssoUsable(in Input) bool {
	return in.Owner != nil && in.Owner.SSO == SSOActive && in.Owner.Connection != "" &&
		(in.State == DomainVerified || in.State == DomainMissing)
}

// passwordClosed reports whether the owner of the domain has closed the password to
// this person. Require SSO binds the members; with IdP-managed access it binds all of
// the domain. A lapsed or suspended claim keeps closed what it had closed.
func passwordClosed(in Input) bool {
	if in.State == DomainUnclaimed || !in.Owner.requires() {
		return false
	}
	member := in.Person.OwnerRole != "" || in.Person.Governed || in.Person.Role != "" && in.Target.governedBy(in.Owner)
	return member || in.Owner.manages()
}

// bypasses looks at the role in the org whose rule it is, never at one elsewhere. Only
// who has none there, and administers an org that it governs, goes by that.
func bypasses(in Input) bool {
	if in.Person.OwnerRole != "" {
		return in.Person.OwnerRole.Administers()
	}
	return in.Person.Role.Administers() && in.Target.governedBy(in.Owner)
}

// externalBlocked reports whether the target keeps out people of other domains. It
// bars members only: who is no member enters no org in the first place. With a password
// Owners and Admins come in, or an org that has lost its last domain would have nobody
// left to decide anything; with SSO nobody does, or who bought the domain could be them.
func externalBlocked(in Input) bool {
	if in.Attempt.Method == Password && in.Person.Role.Administers() {
		return false
	}
	return in.Person.Role != "" && in.External() && in.Target.requires() && in.Target.BlockExternal
}

// opening is the decision so far: what is known of the domain.
func opening(in Input) Decision {
	var d Decision
	switch {
	case in.Owner == nil || in.State == DomainUnclaimed:
		d.say(Ask, "%s is claimed by nobody", domain(in))
	case in.State == DomainMissing:
		d.say(Ask, "%s is claimed by %s, though its record is missing", domain(in), in.Owner.Name)
	case in.State == DomainSuspended:
		d.say(Ask, "%s is claimed by %s, which has its sign-on from another org", domain(in), in.Owner.Name)
	case in.State == DomainLapsed:
		d.say(Ask, "%s was claimed by %s, whose proof has lapsed", domain(in), in.Owner.Name)
	default:
		d.say(Ask, "%s is claimed by %s", domain(in), in.Owner.Name)
	}
	return d
}

func (d *Decision) say(r Reason, format string, args ...any) {
	d.Trace = append(d.Trace, Step{Reason: r, Text: fmt.Sprintf(format, args...)})
}

func (d Decision) allow(format string, args ...any) Decision {
	d.Allow, d.Reason = true, Allowed
	if d.Bypass {
		d.Reason = Bypassed
	}
	d.say(d.Reason, format, args...)
	return d
}

// refuse keeps nothing of what an allowing branch may have set on its way.
func (d Decision) refuse(r Reason, next Next, format string, args ...any) Decision {
	d.say(r, format, args...)
	return Decision{Reason: r, Next: next, Trace: d.Trace}
}

func connection(o *Org) string {
	if o == nil {
		return ""
	}
	return o.Connection
}

func who(in Input) string {
	if in.Person.Address == "" {
		return "the person"
	}
	return in.Person.Address
}

func domain(in Input) string {
	if in.Domain == "" {
		return "the address's domain"
	}
	return in.Domain
}
