package policy

// Second reports whether m can only come second: it shows that a person who has
// proven who they are has something besides, and by itself it proves nothing.
func (m Method) Second() bool { return m == TOTP || m == Recovery }

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

// byFactor asks for what comes after the password. It is asked last, of those whom all
// else lets in, so that nobody has to show a code for nothing. It returns false with a
// refusal.
func (d Decision) byFactor(in Input) (Decision, bool) {
	switch in.Person.Factor {
	case FactorNone:
		return d, true // a code that was shown before the factor went away does no harm
	case FactorDue:
		d.say(FactorAsked, "no second factor of %s is left to ask for: a new one is set up before anything else", who(in))
	case FactorLive, FactorChanging:
		if !in.Attempt.Second.Second() {
			return d.refuse(FactorAsked, NextFactor, "%s has a second factor, and it is asked after the password", who(in)), false
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

// enough is what let them in, for the trace.
func enough(in Input) string {
	if in.Person.Factor == FactorLive || in.Person.Factor == FactorChanging {
		return "a password and a second factor are enough"
	}
	return "a password is enough"
}
