package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/internal/policytable"
)

var hows = map[policytable.How][]policy.Method{
	policytable.Password: {policy.Password}, policytable.SSO: {policy.SSO}, policytable.Link: {policy.Link}, policytable.Google: {policy.Google},
	policytable.ByAnother: {policy.Link, policy.Google}, policytable.Any: {policy.Password, policy.Link, policy.Google},
}

// everyWay is what a host offers that offers all.
func everyWay() []policy.Method { return []policy.Method{policy.Password, policy.Link, policy.Google} }

// person is the input of any row of any table.
func person(who policytable.Who, how policytable.How, col policytable.Column) policy.Input {
	switch {
	case who == policytable.ExternalOwner:
		in := input(policytable.External, how, col)
		in.Person.Role = policy.Owner
		return in
	case slices.ContainsFunc(slices.Concat(policytable.WayLinkedRows(), policytable.LinkedRows()), func(r policytable.Row) bool { return r.Who == who }) && who != policytable.Nobody:
		return linked(who, how, col)
	case strings.HasPrefix(string(who), "disabled") || strings.HasPrefix(string(who), "invited"):
		return newcomer(who, how, col)
	}
	return input(who, how, col)
}

// base is one of the tables by who and column, and what it is about.
type base struct {
	name   string
	rows   []policytable.Row
	change func(*policy.Input)
}

func bases() []base {
	block := func(in *policy.Input) { in.Target.BlockExternal = true }
	state := func(s policy.DomainState) func(*policy.Input) {
		return func(in *policy.Input) {
			if in.Owner != nil {
				in.State = s
			}
		}
	}
	sso := func(s policy.SSOState) func(*policy.Input) {
		return func(in *policy.Input) { in.Target.SSO, in.Target.Connection = s, "" }
	}
	keep := func(*policy.Input) {}
	ways, newcomers := policytable.WayRows(), slices.Concat(policytable.DisabledRows(), policytable.InvitedRows())
	linkedRows := slices.DeleteFunc(policytable.LinkedRows(), func(r policytable.Row) bool { return r.Who == policytable.LinkedNobody })
	return []base{
		{"verified", slices.Concat(policytable.Rows(), ways, newcomers), keep},
		{"missing", slices.Concat(policytable.Rows(), ways, newcomers), state(policy.DomainMissing)},
		{"lapsed", slices.Concat(policytable.LapsedRows(), ways), state(policy.DomainLapsed)},
		{"blocking", slices.Concat(policytable.Blocking(), policytable.WayBlocking(), policytable.InvitedBlocking()), block},
		{"blocking, the others", slices.Concat(
			but(policytable.Rows(), policytable.Blocking()), but(ways, policytable.WayBlocking()), but(newcomers, policytable.InvitedBlocking())), block},
		{"off", slices.Concat(policytable.InactiveRows(), policytable.RestRows()), sso(policy.SSOOff)},
		{"in set-up", slices.Concat(policytable.InactiveRows(), policytable.RestRows()), sso(policy.SSOSetup)},
		{"linked", slices.Concat(linkedRows, policytable.WayLinkedRows(), policytable.RestingRows()), keep},
	}
}

// beside is all that is decided beside the switches of single sign-on.
type beside struct {
	methods  []policy.Method // that the org has left on
	required bool
	grace    bool
	devices  bool
	factor   policytable.Factor
	second   policy.Method
}

func eachBeside(fn func(beside)) {
	bools := []bool{false, true}
	for _, methods := range [][]policy.Method{nil, {policy.Password}, {policy.Link}, {policy.Google}} {
		for _, required := range bools {
			for _, grace := range bools {
				for _, devices := range bools {
					for _, row := range policytable.FactorRows() {
						for _, second := range []policy.Method{"", policy.TOTP, policy.Recovery, policy.Device, "junk"} {
							fn(beside{methods, required, grace, devices, row.Factor, second})
						}
					}
				}
			}
		}
	}
}

// by puts it into an input.
func (b beside) by(in policy.Input) policy.Input {
	in.Ways = everyWay()
	if in.Target != nil {
		target := *in.Target
		if in.Owner == in.Target {
			in.Owner = &target
		}
		target.Methods, target.RequireFactor, target.Devices = b.methods, b.required, b.devices
		in.Target = &target
	}
	in.Person.Factor = map[policytable.Factor]policy.FactorState{
		policytable.FactorNone: policy.FactorNone, policytable.FactorLive: policy.FactorLive, policytable.FactorChanging: policy.FactorChanging,
		policytable.FactorDue: policy.FactorDue, policytable.FactorJunk: "junk",
	}[b.factor]
	in.Person.Grace, in.Attempt.Second = b.grace, b.second
	return in
}

// over is what a cell of the tables by who and column becomes by the tables of all that stands
// beside them.
func (b beside) over(above policytable.Outcome, m policy.Method, administers, active bool) policytable.Outcome {
	if b.second == "junk" {
		return policytable.Unknown // nothing comes before that
	}
	own := above == policytable.Own
	if m == policy.SSO || !own && !entering(above) {
		return above
	}
	if !own && b.method(m, administers) == policytable.SwitchedOff {
		return policytable.SwitchedOff
	}
	if got := b.shown(own); got != policytable.Above {
		return got
	}
	if got := b.requires(active); !own && got != policytable.Above {
		return got
	}
	return above
}

// entering are the outcomes of who comes into the org as a member.
func entering(o policytable.Outcome) bool {
	return slices.Contains([]policytable.Outcome{policytable.In, policytable.Bypass, policytable.Made, policytable.Exempt}, o)
}

func (b beside) method(m policy.Method, administers bool) policytable.Outcome {
	for _, row := range policytable.MethodRows() {
		if !slices.Equal(hows[row.How], []policy.Method{m}) || administers != (row.Who == "Owner, Admin") {
			continue
		}
		switch {
		case b.methods == nil:
			return row.All
		case b.methods[0] == policy.Password:
			return row.OnlyPassword
		case b.methods[0] == policy.Link:
			return row.OnlyLink
		}
		return row.OnlyGoogle
	}
	return "no row"
}

func (b beside) shown(own bool) policytable.Outcome {
	if b.second == policy.Device {
		for _, row := range policytable.DeviceRows() {
			switch {
			case row.Factor != b.factor:
			case own:
				return row.OwnAccount
			case b.devices:
				return row.Allowed
			default:
				return row.NotAllowed
			}
		}
	}
	for _, row := range policytable.FactorRows() {
		if row.Factor == b.factor {
			return map[policy.Method]policytable.Outcome{"": row.Nothing, policy.TOTP: row.Code, policy.Recovery: row.Recovery}[b.second]
		}
	}
	return "no row"
}

func (b beside) requires(active bool) policytable.Outcome {
	for _, row := range policytable.RequiredRows() {
		switch {
		case row.Factor != b.factor:
		case !b.required:
			return row.NotRequired
		case active:
			return row.SSOActive
		case b.grace:
			return row.InGrace
		default:
			return row.GraceOver
		}
	}
	return "no row"
}

// The whole cross product: every row of every table, by every method it is about, in every
// column, beside every setting of ways, second factors, grace and remembered browsers.
func TestEveryCell(t *testing.T) {
	t.Parallel()
	cells := make([]int, len(bases()))
	t.Run("tables", func(t *testing.T) {
		for n, table := range bases() {
			t.Run(table.name, func(t *testing.T) {
				t.Parallel()
				for _, row := range table.rows {
					for i, col := range policytable.Columns() {
						for _, m := range hows[row.How] {
							cells[n] += everyCell(t, table, row, i, col, m)
						}
					}
				}
			})
		}
	})
	sum := 0
	for _, n := range cells {
		sum += n
	}
	t.Logf("%d cells", sum)
	if sum < 300_000 {
		t.Errorf("only %d cells", sum)
	}
}

func everyCell(t *testing.T, table base, row policytable.Row, i int, col policytable.Column, m policy.Method) (n int) {
	t.Helper()
	bare := person(row.Who, row.How, col)
	if m != policy.SSO {
		bare.Attempt = policy.Attempt{Method: m}
	}
	table.change(&bare)
	role := bare.Person.Role
	if role == "" {
		role = bare.Person.Invited
	}
	eachBeside(func(b beside) {
		n++
		in := b.by(bare)
		d := policy.Decide(in)
		above := row.In(i)
		want := b.over(above, m, role.Administers(), bare.Target != nil && bare.Target.SSO == policy.SSOActive)
		if got := outcome(d); got != want {
			t.Fatalf("%s, %s, %s beside %+v: %s, want %s\n%+v", row.Who, m, col.Name, b, got, want, d.Trace)
		}
		if want == policytable.Grace || want == policytable.SetUp {
			// All else that the tables above say of them holds.
			if d.Grace, d.SetUp = false, false; outcome(d) != above {
				t.Fatalf("%s, %s, %s beside %+v: %s of %s\n%+v", row.Who, m, col.Name, b, want, outcome(d), d.Trace)
			}
		}
		if want == policytable.SentSSO && d.Next == policy.NextSSO && bare.State == policy.DomainLapsed {
			t.Fatalf("%s, %s: sent to what has lapsed", row.Who, m)
		}
	})
	return n
}

// The page docs/policy.md has these tables cell by cell too.
func TestDocsSayTheSameOfWays(t *testing.T) {
	t.Parallel()
	page := docs(t)
	holds := func(columns int, rows string) {
		t.Helper()
		if want := strings.Repeat("|---", columns) + "|\n" + rows + "\n"; !strings.Contains(page, want) {
			t.Errorf("docs/policy.md does not have\n%s", want)
		}
	}
	for _, rows := range [][]policytable.Row{policytable.WayRows(), policytable.WayBlocking(), policytable.WayLinkedRows(), policytable.RestRows()} {
		var b strings.Builder
		for _, r := range rows {
			fmt.Fprintf(&b, "| %s, %s | %s | %s | %s | %s |\n", r.Who, r.How, r.BothOff, r.RequireOn, r.ManagedOn, r.BothOn)
		}
		holds(5, b.String())
	}
	var methods, required, devices strings.Builder
	for _, r := range policytable.MethodRows() {
		fmt.Fprintf(&methods, "| %s, %s | %s | %s | %s | %s |\n", r.Who, r.How, r.All, r.OnlyPassword, r.OnlyLink, r.OnlyGoogle)
	}
	for _, r := range policytable.RequiredRows() {
		fmt.Fprintf(&required, "| %s | %s | %s | %s | %s |\n", r.Factor, r.NotRequired, r.InGrace, r.GraceOver, r.SSOActive)
	}
	for _, r := range policytable.DeviceRows() {
		fmt.Fprintf(&devices, "| %s | %s | %s | %s |\n", r.Factor, r.Allowed, r.NotAllowed, r.OwnAccount)
	}
	holds(5, methods.String())
	holds(5, required.String())
	holds(4, devices.String())
}
