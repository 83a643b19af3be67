package flowtest

import (
	"fmt"
	"slices"

	"github.com/accesssec/accesssec-go/internal/policytable"
)

// attempt is one sign-in of the matrix, in the words of the tables.
type attempt struct {
	base   policytable.Base
	row    policytable.Row
	how    policytable.How
	column int

	left     policytable.How // the one way that the org has left on, "" all
	required string          // of a second factor: one of requirements
	devices  string          // one of deviceStates
	factor   policytable.Factor
	shown    policytable.Shown // where a code is asked
	is       [dimensions]int   // which value of each dimension
}

// The dimensions of the matrix. Of any two, each pair of values that can be is tried.
const (
	byBase = iota
	byWho
	byHow
	byColumn
	byLeft
	byRequired
	byDevices
	byFactor
	byShown
	byOutcome // what the tables say of it all
	dimensions
)

var (
	leftOn       = [...]policytable.How{"", policytable.Password, policytable.Link, policytable.Google}
	requirements = [...]string{"not required", "in grace", "grace is over"}
	deviceStates = [...]string{"not allowed", "allowed", "remembered", "remembered, and no more allowed"}
	factorStates = [...]policytable.Factor{policytable.FactorNone, policytable.FactorLive, policytable.FactorChanging, policytable.FactorDue, policytable.FactorJunk}
	codesShown   = [...]policytable.Shown{policytable.Nothing, policytable.Code, policytable.Recovery}
	outcomes     = []policytable.Outcome{
		policytable.In, policytable.Bypass, policytable.Own, policytable.Made, policytable.Exempt, policytable.Grace, policytable.SetUp, policytable.Asked,
		policytable.SentSSO, policytable.Blocked, policytable.NoDomain, policytable.Invite, policytable.Lapsed, policytable.Inactive,
		policytable.Disabled, policytable.Resting, policytable.Unknown, policytable.SwitchedOff,
	}
)

func (a attempt) String() string {
	return fmt.Sprintf("%s, %s (%s; %s; left on %q; factor %s, %s; browsers %s; shows %q)",
		a.row.Who, a.how, a.base.Name, policytable.Columns()[a.column].Name, a.left, a.factor, a.required, a.devices, a.shown)
}

func (a attempt) remembered() bool {
	return a.devices == deviceStates[2] || a.devices == deviceStates[3]
}

// impossible says why a sign-in can't be tried.
func (a attempt) impossible() string {
	k := kinds[a.row.Who]
	asked := a.factor == policytable.FactorLive || a.factor == policytable.FactorChanging
	switch {
	case k.none && a.factor != policytable.FactorNone:
		return "who has no account has no second factor"
	case a.shown != policytable.Nothing && a.how == policytable.SSO:
		return "no code is asked for after single sign-on"
	case a.shown != policytable.Nothing && !asked:
		return "no code is asked for"
	case a.remembered() && k.role == "":
		return "a browser is remembered on the way into the org, by its members"
	case a.remembered() && a.factor == policytable.FactorNone:
		return "a browser is remembered where a code is shown"
	}
	return ""
}

// asking is all that the tables look at.
type asking struct {
	above               policytable.Outcome
	how                 policytable.How
	administers, active bool
	beside              policytable.Beside
	then                policytable.Shown // where a code is asked
}

func (a attempt) asking() asking {
	b := policytable.Beside{
		Left: a.left, Required: a.required != requirements[0], Grace: a.required == requirements[1],
		Devices: a.devices == deviceStates[1] || a.devices == deviceStates[2], Factor: a.factor,
	}
	if a.remembered() {
		b.Shown = policytable.Device
	}
	active := a.base.State != policytable.SSOOff && a.base.State != policytable.InSetUp
	return asking{a.row.In(a.column), a.how, kinds[a.row.Who].administers(), active, b, a.shown}
}

// answer is what the tables say.
func (q asking) answer() policytable.Outcome {
	got := q.beside.Over(q.above, q.how, q.administers, q.active)
	if got == policytable.Asked && q.then != policytable.Nothing {
		q.beside.Shown = q.then
		got = q.beside.Over(q.above, q.how, q.administers, q.active)
	}
	return got
}

func (a attempt) want() policytable.Outcome { return a.asking().answer() }

// places are the cells of the tables by who and column, without the column.
func places() []attempt {
	var out []attempt
	who, how := map[policytable.Who]int{}, map[policytable.How]int{}
	for n, base := range policytable.Bases() {
		for _, row := range base.Rows {
			if _, there := who[row.Who]; !there {
				who[row.Who] = len(who)
			}
			for _, h := range row.Each() {
				if _, there := how[h]; !there {
					how[h] = len(how)
				}
				a := attempt{base: base, row: row, how: h}
				a.is[byBase], a.is[byWho], a.is[byHow] = n, who[row.Who], how[h]
				out = append(out, a)
			}
		}
	}
	return out
}

// besides is how many values each dimension beside the place has; 0 is of the place, and of what
// comes of it all.
var besides = [dimensions]int{
	byColumn: 4, byLeft: len(leftOn), byRequired: len(requirements), byDevices: len(deviceStates), byFactor: len(factorStates), byShown: len(codesShown),
}

// at is the attempt with these values beside its place. known is what the tables have said.
func (a attempt) at(v [dimensions]int, known map[asking]int) attempt {
	copy(a.is[byColumn:byOutcome], v[byColumn:byOutcome])
	a.column, a.left, a.required, a.devices = v[byColumn], leftOn[v[byLeft]], requirements[v[byRequired]], deviceStates[v[byDevices]]
	a.factor, a.shown = factorStates[v[byFactor]], codesShown[v[byShown]]
	if a.impossible() != "" {
		return a
	}
	q := a.asking()
	n, there := known[q]
	if !there {
		n = slices.Index(outcomes, q.answer())
		known[q] = n
	}
	a.is[byOutcome] = n
	return a
}

// cover is a set of attempts in which any two values meet that can, always the same ones, and how
// many such pairs there are. Each next attempt has the first pair that is left and, of many drawn
// that have it, most others that are left.
func cover() (chosen []attempt, pairs int) {
	all := places()
	met, known := map[pair]bool{}, map[asking]int{}
	d := dice(1)
	for _, p := range meeting(all, known) {
		if pairs++; met[p.pair] {
			continue
		}
		best, most := p.first, 0
		fit := slices.DeleteFunc(slices.Clone(all), func(a attempt) bool { return !a.fits(p.d1, p.v1) || !a.fits(p.d2, p.v2) })
		for range 80 {
			a := d.drawn(fit, p.pair, known)
			fresh := 0
			a.pairs(func(q pair) {
				if !met[q] {
					fresh++
				}
			})
			if fresh > most && a.impossible() == "" && a.has(p.pair) {
				best, most = a, fresh
			}
		}
		best.pairs(func(q pair) { met[q] = true })
		chosen = append(chosen, best)
	}
	return chosen, pairs
}

// pair is two values that meet, of dimensions in their order.
type pair struct{ d1, v1, d2, v2 int }

func (a attempt) has(p pair) bool { return a.is[p.d1] == p.v1 && a.is[p.d2] == p.v2 }

func (a attempt) pairs(fn func(pair)) {
	for i := range dimensions {
		for j := i + 1; j < dimensions; j++ {
			fn(pair{i, a.is[i], j, a.is[j]})
		}
	}
}

// met is a pair, and the first attempt that has it.
type met struct {
	pair
	first attempt
}

// meeting are all the pairs that can be.
func meeting(all []attempt, known map[asking]int) []met {
	const most = 64 // values of a dimension
	var seen [dimensions * most][dimensions * most]bool
	var out []met
	var v [dimensions]int
	for _, place := range all {
		for more := true; more; more = next(&v) {
			a := place.at(v, known)
			if a.impossible() != "" {
				continue
			}
			for i := range dimensions {
				for j := i + 1; j < dimensions; j++ {
					if here := &seen[i*most+a.is[i]][j*most+a.is[j]]; !*here {
						*here = true
						out = append(out, met{pair{i, a.is[i], j, a.is[j]}, a})
					}
				}
			}
		}
	}
	return out
}

// next counts v up, and reports whether it is not over.
func next(v *[dimensions]int) bool {
	for d, n := range besides {
		if v[d]++; v[d] < n {
			return true
		}
		v[d] = 0
	}
	return false
}

// dice are the same for everybody.
type dice uint64

func (d *dice) below(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int(uint64(*d)>>33) % n
}

// fits reports whether the place of an attempt has that value, or the value is none of a place.
func (a attempt) fits(d, v int) bool { return d >= byColumn || a.is[d] == v }

// drawn is any attempt at one of these places with these two values, but for how it ends.
func (d *dice) drawn(fit []attempt, p pair, known map[asking]int) attempt {
	var v [dimensions]int
	for at, n := range besides {
		v[at] = d.below(max(n, 1))
	}
	for at, n := range map[int]int{p.d1: p.v1, p.d2: p.v2} {
		v[at] = n
	}
	return fit[d.below(len(fit))].at(v, known)
}
