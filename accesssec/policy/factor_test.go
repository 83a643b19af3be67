package policy_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/internal/policytable"
)

// factorCell is one cell of the table about the second factor.
type factorCell struct {
	factor policy.FactorState
	second policy.Method
	want   policytable.Outcome
}

func factorCells() []factorCell {
	states := map[policytable.Factor]policy.FactorState{
		policytable.FactorNone: policy.FactorNone, policytable.FactorLive: policy.FactorLive,
		policytable.FactorChanging: policy.FactorChanging, policytable.FactorDue: policy.FactorDue,
		policytable.FactorJunk: "junk",
	}
	var out []factorCell
	for _, row := range policytable.FactorRows() {
		state := states[row.Factor]
		out = append(out, factorCell{state, "", row.Nothing}, factorCell{state, policy.TOTP, row.Code}, factorCell{state, policy.Recovery, row.Recovery})
		for _, junk := range []policy.Method{"junk", policy.Password, policy.SSO, "TOTP", " totp"} {
			out = append(out, factorCell{state, junk, row.Junk})
		}
	}
	return out
}

// over is what a cell of the other tables becomes with the second factor.
func (c factorCell) over(how policytable.How, above policytable.Outcome) policytable.Outcome {
	letIn := above == policytable.In || above == policytable.Own || above == policytable.Bypass
	switch {
	case c.second != "" && !c.second.Second():
		return policytable.Unknown // nothing comes before that
	case how == policytable.SSO || !letIn || c.want == policytable.Above:
		return above
	}
	return c.want
}

// Every cell of every other table, with every cell of this one.
func TestTableFactor(t *testing.T) {
	t.Parallel()
	for name, table := range map[string]struct {
		rows   []policytable.Row
		change func(*policy.Input)
	}{
		"verified":       {policytable.Rows(), func(*policy.Input) {}},
		"block external": {policytable.Blocking(), func(in *policy.Input) { in.Target.BlockExternal = true }},
		"lapsed": {policytable.LapsedRows(), func(in *policy.Input) {
			if in.Owner != nil {
				in.State = policy.DomainLapsed
			}
		}},
		"inactive": {policytable.InactiveRows(), func(in *policy.Input) { in.Target.SSO, in.Target.Connection = policy.SSOOff, "" }},
	} {
		for _, cell := range factorCells() {
			t.Run(fmt.Sprintf("%s/%q shown %q", name, cell.factor, cell.second), func(t *testing.T) {
				t.Parallel()
				for _, row := range table.rows {
					for i, col := range policytable.Columns() {
						in := input(row.Who, row.How, col)
						table.change(&in)
						in.Person.Factor, in.Attempt.Second = cell.factor, cell.second
						d := policy.Decide(in)
						if got, want := outcome(d), cell.over(row.How, row.In(i)); got != want {
							t.Errorf("%s, %s, %s: %s, want %s\n%+v", row.Who, row.How, col.Name, got, want, d.Trace)
						}
						if d.SetUp && d.Bypass != (row.In(i) == policytable.Bypass) {
							t.Errorf("%s, %s, %s: bypass is %v", row.Who, row.How, col.Name, d.Bypass)
						}
					}
				}
			})
		}
	}
}

// The page docs/policy.md has the table about the second factor too.
func TestDocsSayTheSameOfFactors(t *testing.T) {
	t.Parallel()
	var want strings.Builder
	for _, r := range policytable.FactorRows() {
		fmt.Fprintf(&want, "| %s | %s | %s | %s | %s |\n", r.Factor, r.Nothing, r.Code, r.Recovery, r.Junk)
	}
	if !strings.Contains(docs(t), "|---|---|---|---|---|\n"+want.String()+"\n") {
		t.Errorf("docs/policy.md does not have\n%s", want.String())
	}
}

func TestMethodSecond(t *testing.T) {
	t.Parallel()
	for m, want := range map[policy.Method]bool{
		policy.TOTP: true, policy.Recovery: true, policy.Password: false, policy.SSO: false, "": false, "junk": false, "Totp": false,
	} {
		if m.Second() != want {
			t.Errorf("%q comes second: %v", m, m.Second())
		}
	}
}

// A code proves nothing by itself, however often it is shown.
func TestSecondNeverFirst(t *testing.T) {
	t.Parallel()
	for _, cell := range factorCells() {
		for _, first := range []policy.Method{policy.TOTP, policy.Recovery} {
			in := input(policytable.Owner, policytable.Password, policytable.Columns()[0])
			in.Attempt.Method, in.Attempt.Second, in.Person.Factor = first, cell.second, cell.factor
			if d := policy.Decide(in); d.Allow || d.Reason != policy.MethodUnknown || d.Next != policy.NextNone {
				t.Errorf("factor %q, %s and then %q: %+v", cell.factor, first, cell.second, d)
			} else if want := string(first) + " comes second, and nothing came first"; cell.second == "" && d.Trace[len(d.Trace)-1].Text != want {
				t.Errorf("%s alone: %q", first, d.Trace[len(d.Trace)-1].Text)
			}
		}
	}
}

// What the log and the console say of each step.
func TestFactorTrace(t *testing.T) {
	t.Parallel()
	strict := policytable.Columns()[1]
	for name, tt := range map[string]struct {
		factor policy.FactorState
		second policy.Method
		ask    bool
		want   []string
	}{
		"asked": {policy.FactorLive, "", false, []string{
			"d.example.com is claimed by O",
			"O requires SSO, and its Owners and Admins may still use a password",
			"ann@d.example.com has a second factor, and it is asked after a password",
		}},
		"shown": {policy.FactorLive, policy.TOTP, false, []string{
			"d.example.com is claimed by O",
			"O requires SSO, and its Owners and Admins may still use a password",
			"the second factor of ann@d.example.com was shown, by totp",
			"a password and a second factor are enough for an owner of O",
		}},
		"changing": {policy.FactorChanging, policy.Recovery, false, []string{
			"d.example.com is claimed by O",
			"O requires SSO, and its Owners and Admins may still use a password",
			"the second factor of ann@d.example.com was shown, by recovery",
			"ann@d.example.com is changing it: a new one is set up before anything else",
			"a password and a second factor are enough for an owner of O",
		}},
		"due": {policy.FactorDue, "", false, []string{
			"d.example.com is claimed by O",
			"O requires SSO, and its Owners and Admins may still use a password",
			"no second factor of ann@d.example.com is left to ask for: a new one is set up before anything else",
			"a password is enough for an owner of O",
		}},
		"of no known state": {"junk", policy.TOTP, false, []string{
			"d.example.com is claimed by O",
			"O requires SSO, and its Owners and Admins may still use a password",
			`the second factor of ann@d.example.com is "junk", and nothing here knows how to ask for that`,
		}},
		"what is allowed": {policy.FactorLive, "", true, []string{
			"d.example.com is claimed by O",
			"after the password a second factor would be asked",
			"O requires SSO, so SSO comes first",
		}},
		"what is allowed, and a new one due": {policy.FactorDue, "", true, []string{
			"d.example.com is claimed by O",
			"after the password a second factor would be set up, before anything else",
			"O requires SSO, so SSO comes first",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(policytable.Owner, policytable.Password, strict)
			in.Person.Factor, in.Attempt.Second = tt.factor, tt.second
			if tt.ask {
				in.Attempt = policy.Attempt{}
			}
			d := policy.Decide(in)
			var got []string
			for _, step := range d.Trace {
				got = append(got, step.Text)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("the trace is\n%s", strings.Join(got, "\n"))
			}
			if tt.ask && !slices.Equal(d.Allows, []policy.Method{policy.SSO, policy.Password}) {
				t.Errorf("allows %v", d.Allows)
			}
		})
	}
}

// Words that only look like a state or a method that is known.
func FuzzFactor(f *testing.F) {
	for _, s := range []string{"", "live", "changing", "due", "Live", "live ", "none", "totp", "recovery", "TOTP", "password", "\x00"} {
		f.Add(s, "totp")
		f.Add("live", s)
	}
	f.Fuzz(func(t *testing.T, state, second string) {
		in := input(policytable.Member, policytable.Password, policytable.Columns()[0])
		in.Person.Factor, in.Attempt.Second = policy.FactorState(state), policy.Method(second)
		d := policy.Decide(in)
		if len(d.Trace) == 0 || d.Trace[len(d.Trace)-1].Reason != d.Reason {
			t.Errorf("the trace does not end with %q", d.Reason)
		}
		shown := second == "totp" || second == "recovery"
		may := (second == "" || shown) && (state == "" || state == "due") || shown && (state == "live" || state == "changing")
		if d.Allow != may || d.SetUp != (may && (state == "due" || state == "changing")) {
			t.Errorf("factor %q, shown %q: %+v", state, second, d)
		}
		in.Attempt.Method, in.Attempt.Connection, in.Attempt.Second = policy.SSO, "con-o", ""
		bare := in
		bare.Person.Factor = policy.FactorNone
		if got, want := policy.Decide(in), policy.Decide(bare); !reflect.DeepEqual(got, want) {
			t.Errorf("factor %q changes single sign-on: %+v", state, got)
		}
	})
}
