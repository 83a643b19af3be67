package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/internal/policytable"
)

var methods = map[policytable.How]policy.Method{
	policytable.Password: policy.Password, policytable.SSO: policy.SSO, policytable.Link: policy.Link, policytable.Google: policy.Google,
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

// states are what the tables are about, as inputs have it.
var states = map[policytable.State]func(*policy.Input){
	policytable.Verified: func(*policy.Input) {},
	policytable.Shared:   func(*policy.Input) {},
	policytable.Missing:  inState(policy.DomainMissing),
	policytable.Lapse:    inState(policy.DomainLapsed),
	policytable.SSOOff:   func(in *policy.Input) { in.Target.SSO, in.Target.Connection = policy.SSOOff, "" },
	policytable.InSetUp:  func(in *policy.Input) { in.Target.SSO, in.Target.Connection = policy.SSOSetup, "" },
}

func inState(s policy.DomainState) func(*policy.Input) {
	return func(in *policy.Input) {
		if in.Owner != nil {
			in.State = s
		}
	}
}

var (
	factors = map[policytable.Factor]policy.FactorState{
		policytable.FactorNone: policy.FactorNone, policytable.FactorLive: policy.FactorLive, policytable.FactorChanging: policy.FactorChanging,
		policytable.FactorDue: policy.FactorDue, policytable.FactorJunk: "junk",
	}
	seconds = map[policytable.Shown]policy.Method{
		policytable.Nothing: "", policytable.Code: policy.TOTP, policytable.Recovery: policy.Recovery, policytable.Device: policy.Device, policytable.Junk: "junk",
	}
)

func eachBeside(fn func(policytable.Beside)) {
	bools := []bool{false, true}
	for _, left := range []policytable.How{"", policytable.Password, policytable.Link, policytable.Google} {
		for _, required := range bools {
			for _, grace := range bools {
				for _, devices := range bools {
					for factor := range factors {
						for shown := range seconds {
							fn(policytable.Beside{Left: left, Required: required, Grace: grace, Devices: devices, Factor: factor, Shown: shown})
						}
					}
				}
			}
		}
	}
}

// by puts what stands beside into an input.
func by(b policytable.Beside, in policy.Input) policy.Input {
	in.Ways = everyWay()
	if in.Target != nil {
		target := *in.Target
		if in.Owner == in.Target {
			in.Owner = &target
		}
		target.Methods, target.RequireFactor, target.Devices = nil, b.Required, b.Devices
		if b.Left != "" {
			target.Methods = []policy.Method{methods[b.Left]}
		}
		in.Target = &target
	}
	in.Person.Factor, in.Person.Grace, in.Attempt.Second = factors[b.Factor], b.Grace, seconds[b.Shown]
	return in
}

// The whole cross product: every row of every table, by every method it is about, in every
// column, beside every setting of ways, second factors, grace and remembered browsers.
func TestEveryCell(t *testing.T) {
	t.Parallel()
	cells := make([]int, len(policytable.Bases()))
	t.Run("tables", func(t *testing.T) {
		for n, table := range policytable.Bases() {
			t.Run(table.Name, func(t *testing.T) {
				t.Parallel()
				for _, row := range table.Rows {
					for i, col := range policytable.Columns() {
						for _, how := range row.Each() {
							cells[n] += everyCell(t, table, row, i, col, how)
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

func everyCell(t *testing.T, table policytable.Base, row policytable.Row, i int, col policytable.Column, how policytable.How) (n int) {
	t.Helper()
	bare := person(row.Who, row.How, col)
	if how != policytable.SSO {
		bare.Attempt = policy.Attempt{Method: methods[how]}
	}
	if states[table.State](&bare); table.Block {
		bare.Target.BlockExternal = true
	}
	role := bare.Person.Role
	if role == "" {
		role = bare.Person.Invited
	}
	eachBeside(func(b policytable.Beside) {
		n++
		in := by(b, bare)
		d := policy.Decide(in)
		above := row.In(i)
		want := b.Over(above, how, role.Administers(), bare.Target != nil && bare.Target.SSO == policy.SSOActive)
		if got := outcome(d); got != want {
			t.Fatalf("%s, %s, %s beside %+v: %s, want %s\n%+v", row.Who, how, col.Name, b, got, want, d.Trace)
		}
		if want == policytable.Grace || want == policytable.SetUp {
			// All else that the tables above say of them holds.
			if d.Grace, d.SetUp = false, false; outcome(d) != above {
				t.Fatalf("%s, %s, %s beside %+v: %s of %s\n%+v", row.Who, how, col.Name, b, want, outcome(d), d.Trace)
			}
		}
		if want == policytable.SentSSO && d.Next == policy.NextSSO && bare.State == policy.DomainLapsed {
			t.Fatalf("%s, %s: sent to what has lapsed", row.Who, how)
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
