package policytable

import "slices"

// Each are the ways that are decided alike under that name.
func (h How) Each() []How {
	switch h {
	case ByAnother:
		return []How{Link, Google}
	case Any:
		return []How{Password, Link, Google}
	}
	return []How{h}
}

// Base is one of the tables by who and column, with what it is about.
type Base struct {
	Name  string
	Rows  []Row
	State State
	Block bool // the org blocks external people
}

// State is that of single sign-on, and of the domain that it is for.
type State string

// The states.
const (
	Verified State = "verified"
	Missing  State = "missing"
	Lapse    State = "lapsed"
	SSOOff   State = "off"
	InSetUp  State = "in set-up"
	Shared   State = "linked" // the org that is wanted has its sign-on from another
)

// Bases are all the tables by who and column: each row of each, in each state that it holds in.
func Bases() []Base {
	ways, newcomers := WayRows(), slices.Concat(DisabledRows(), InvitedRows())
	rest := slices.Concat(InactiveRows(), RestRows())
	linked := slices.DeleteFunc(LinkedRows(), func(r Row) bool { return r.Who == LinkedNobody })
	return []Base{
		{"verified", slices.Concat(Rows(), ways, newcomers), Verified, false},
		{"missing", slices.Concat(Rows(), ways, newcomers), Missing, false},
		{"lapsed", slices.Concat(LapsedRows(), ways), Lapse, false},
		{"blocking", slices.Concat(Blocking(), WayBlocking(), InvitedBlocking()), Verified, true},
		{"blocking, the others", slices.Concat(
			But(Rows(), Blocking()), But(ways, WayBlocking()), But(newcomers, InvitedBlocking())), Verified, true},
		{"off", rest, SSOOff, false},
		{"in set-up", rest, InSetUp, false},
		{"linked", slices.Concat(linked, WayLinkedRows(), RestingRows()), Shared, false},
	}
}

// But are the rows that no row of others is about.
func But(rows, others []Row) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool {
		return slices.ContainsFunc(others, func(o Row) bool { return o.Who == r.Who && o.How == r.How })
	})
}

// Shown is what is shown after a password, a link or Google.
type Shown string

// What can be shown, and what nobody knows.
const (
	Nothing  Shown = ""
	Code     Shown = "code"
	Recovery Shown = "recovery code"
	Device   Shown = "browser that is remembered"
	Junk     Shown = "junk"
)

// Beside is all that is decided beside the switches of single sign-on.
type Beside struct {
	Left     How // the one way that the org has left on, "" all
	Required bool
	Grace    bool // there is some left
	Devices  bool // the org remembers browsers
	Factor   Factor
	Shown    Shown
}

// Over is what a cell of the tables by who and column becomes by the tables of all that stands
// beside them. administers is of the role that the person has or is invited to, active of the
// single sign-on that holds in the org that they want.
func (b Beside) Over(above Outcome, how How, administers, active bool) Outcome {
	if b.Shown == Junk {
		return Unknown // nothing comes before that
	}
	own := above == Own
	if how == SSO || !own && !entering(above) {
		return above
	}
	if !own && b.method(how, administers) == SwitchedOff {
		return SwitchedOff
	}
	if got := b.shown(own); got != Above {
		return got
	}
	if got := b.requires(active); !own && got != Above {
		return got
	}
	return above
}

// entering are the outcomes of who comes into the org as a member.
func entering(o Outcome) bool { return slices.Contains([]Outcome{In, Bypass, Made, Exempt}, o) }

func (b Beside) method(how How, administers bool) Outcome {
	for _, row := range MethodRows() {
		if row.How != how || administers != (row.Who == "Owner, Admin") {
			continue
		}
		switch b.Left {
		case "":
			return row.All
		case Password:
			return row.OnlyPassword
		case Link:
			return row.OnlyLink
		case Google:
			return row.OnlyGoogle
		}
	}
	return "no row"
}

func (b Beside) shown(own bool) Outcome {
	if b.Shown == Device {
		for _, row := range DeviceRows() {
			switch {
			case row.Factor != b.Factor:
			case own:
				return row.OwnAccount
			case b.Devices:
				return row.Allowed
			default:
				return row.NotAllowed
			}
		}
	}
	for _, row := range FactorRows() {
		if row.Factor == b.Factor {
			return map[Shown]Outcome{Nothing: row.Nothing, Code: row.Code, Recovery: row.Recovery}[b.Shown]
		}
	}
	return "no row"
}

func (b Beside) requires(active bool) Outcome {
	for _, row := range RequiredRows() {
		switch {
		case row.Factor != b.Factor:
		case !b.Required:
			return row.NotRequired
		case active:
			return row.SSOActive
		case b.Grace:
			return row.InGrace
		default:
			return row.GraceOver
		}
	}
	return "no row"
}
