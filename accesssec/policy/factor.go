package policy

// Second reports whether m can only come second: it shows that a person who has
// proven who they are has something besides, and by itself it proves nothing.
func (m Method) Second() bool { return m == TOTP || m == Recovery || m == Device }

// FactorState is what has become of a person's second factor. It is the person's own,
// whichever org they want.
type FactorState string

// The states. Any other is refused, for nobody knows what it would have to ask.
const (
	FactorNone     FactorState = ""         // there is none, or none is on
	FactorLive     FactorState = "live"     // is asked
	FactorChanging FactorState = "changing" // is asked, and then a new one is set up
	FactorDue      FactorState = "due"      // nothing can be asked: a new one is set up first
)

// byFactor asks for what comes after the first. It is asked last, of those whom all
// else lets in, so that nobody has to show a code for nothing. It returns false with a
// refusal.
func (d Decision) byFactor(in Input) (Decision, bool) {
	switch in.Person.Factor {
	case FactorNone:
		if !in.enters() || !in.Target.requiresFactor() {
			return d, true // a code that was shown before the factor went away does no harm
		}
		if in.Person.Grace {
			d.Grace = true
			d.say(FactorAsked, "%s requires a second factor, and lets %s in without one for now", in.Target.Name, who(in))
			return d, true
		}
		d.say(FactorAsked, "%s requires a second factor, and %s has none: one is set up before anything else", in.Target.Name, who(in))
	case FactorDue:
		d.say(FactorAsked, "no second factor of %s is left to ask for: a new one is set up before anything else", who(in))
	case FactorLive, FactorChanging:
		if second := in.Attempt.Second; !second.Second() || second == Device && !in.remembers() {
			return d.refuse(FactorAsked, NextFactor, "%s has a second factor, and it is asked after %s", who(in), in.Attempt.Method.shown()), false
		}
		d.say(FactorAsked, "the second factor of %s was shown, by %s", who(in), in.Attempt.Second)
		if in.Person.Factor == FactorLive {
			return d, true
		}
		d.say(FactorAsked, "%s is changing it: a new one is set up before anything else", who(in))
	default:
		return d.refuse(MethodUnknown, NextNone, "the second factor of %s is %q, and nothing here knows how to ask for that", who(in), in.Person.Factor), false
	}
	d.SetUp, d.Next = true, NextSetUp
	return d, true
}

// remembers reports whether a remembered browser stands in for a code: where the org that is
// entered says so, and never for who is about to change their factor.
func (in Input) remembers() bool {
	return in.Person.Factor == FactorLive && in.enters() && in.Target.Devices
}

// enough is what let them in, for the trace.
func enough(in Input) string {
	if in.Person.Factor == FactorLive || in.Person.Factor == FactorChanging {
		return in.Attempt.Method.shown() + " and a second factor are enough"
	}
	return in.Attempt.Method.shown() + " is enough"
}
