package policytable

// Factor is what has become of a person's second factor, in the words of docs/policy.md.
type Factor string

// The states, and one that is none of them.
const (
	FactorNone     Factor = "none"
	FactorLive     Factor = "live"
	FactorChanging Factor = "changing"
	FactorDue      Factor = "due"
	FactorJunk     Factor = "in no such state"
)

// FactorRow is what becomes, with a second factor in that state, of a password that the
// other tables let in, by what was shown besides.
type FactorRow struct {
	Factor

	Nothing, Code, Recovery, Junk Outcome
}

// FactorRows is the table of docs/policy.md about the second factor.
func FactorRows() []FactorRow {
	return []FactorRow{
		{FactorNone, Above, Above, Above, Unknown},
		{FactorLive, Asked, Above, Above, Unknown},
		{FactorChanging, Asked, SetUp, SetUp, Unknown},
		{FactorDue, SetUp, SetUp, SetUp, Unknown},
		{FactorJunk, Unknown, Unknown, Unknown, Unknown},
	}
}
