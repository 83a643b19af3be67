package policy_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/internal/policytable"
)

// input is org O, its domain D, and a person of that kind trying that way.
func input(who policytable.Who, how policytable.How, col policytable.Column) policy.Input {
	o := &policy.Org{ID: "org-o", Name: "O", SSO: policy.SSOActive, Connection: "con-o", RequireSSO: col.RequireSSO, IdPManaged: col.IdPManaged}
	in := policy.Input{Owner: o, Target: o, Domain: "d.example.com", State: policy.DomainVerified}
	in.Person = policy.Person{Address: "ann@d.example.com", Known: true}
	switch who {
	case policytable.Member:
		in.Person.Role = policy.Member
	case policytable.Owner:
		in.Person.Role = policy.Owner
	case policytable.Admin:
		in.Person.Role = policy.Admin
	case policytable.External:
		in.Owner, in.State, in.Domain = nil, policy.DomainUnclaimed, "elsewhere.example.com"
		in.Person.Role = policy.Member
	case policytable.Off:
		in.Owner, in.State, in.Domain = nil, policy.DomainUnclaimed, "elsewhere.example.com"
	case policytable.Nobody:
		in.Person.Known = false
	}
	in.Person.OwnerRole = in.Person.Role
	in.Attempt.Method = policy.Password
	if how == policytable.SSO {
		in.Attempt = policy.Attempt{Method: policy.SSO, Connection: "con-o"}
	}
	return in
}

// outcome translates a decision into the words of the table.
func outcome(d policy.Decision) policytable.Outcome {
	switch {
	case d.SetUp:
		return policytable.SetUp
	case d.Allow && d.Grace:
		return policytable.Grace
	case d.Allow && d.Bypass && d.Create:
		return policytable.Exempt
	case d.Allow && d.Bypass:
		return policytable.Bypass
	case d.Allow && d.Create:
		return policytable.Made
	case d.Allow && d.OwnAccount:
		return policytable.Own
	case d.Allow:
		return policytable.In
	}
	return policytable.Refused(string(d.Reason))
}

func eachCell(t *testing.T, rows []policytable.Row, change func(*policy.Input), also func(*testing.T, policytable.Row, int, policy.Input, policy.Decision)) {
	t.Helper()
	for _, row := range rows {
		for i, col := range policytable.Columns() {
			t.Run(fmt.Sprintf("%s/%s/%s", row.Who, row.How, col.Name), func(t *testing.T) {
				in := input(row.Who, row.How, col)
				change(&in)
				d := policy.Decide(in)
				if got, want := outcome(d), row.In(i); got != want {
					t.Errorf("%s, want %s\n%+v", got, want, d.Trace)
				}
				if len(d.Trace) == 0 || d.Trace[len(d.Trace)-1].Reason != d.Reason {
					t.Errorf("the trace does not end with %s: %+v", d.Reason, d.Trace)
				}
				also(t, row, i, in, d)
			})
		}
	}
}

func nothing(*testing.T, policytable.Row, int, policy.Input, policy.Decision) {}

func TestTable(t *testing.T) {
	t.Parallel()
	eachCell(t, policytable.Rows(), func(*policy.Input) {}, func(t *testing.T, row policytable.Row, i int, in policy.Input, d policy.Decision) {
		if row.In(i) == policytable.SentSSO && d.Next != policy.NextSSO {
			t.Errorf("refused, but sent to %q", d.Next)
		}
		// Discovery knows the domain and nobody: the same answer for every kind.
		in.Person, in.Attempt, in.Target = policy.Person{}, policy.Attempt{}, nil
		first := policy.Decide(in).Next == policy.NextSSO
		onD := row.Who != policytable.External && row.Who != policytable.Off
		if want := onD && policytable.Columns()[i].SSOFirst; first != want {
			t.Errorf("single sign-on first: %v, want %v", first, want)
		}
	})
}

func TestTableMissingRecordChangesNothing(t *testing.T) {
	t.Parallel()
	eachCell(t, policytable.Rows(), func(in *policy.Input) {
		if in.State == policy.DomainVerified {
			in.State = policy.DomainMissing
		}
	}, nothing)
}

func TestTableBlockExternal(t *testing.T) {
	t.Parallel()
	block := func(in *policy.Input) { in.Target.BlockExternal = true }
	eachCell(t, policytable.Blocking(), block, nothing)
	var others []policytable.Row
	for _, row := range policytable.Rows() {
		if row.Who != policytable.External {
			others = append(others, row)
		}
	}
	eachCell(t, others, block, nothing)
}

func TestTableLapsed(t *testing.T) {
	t.Parallel()
	eachCell(t, policytable.LapsedRows(), func(in *policy.Input) {
		if in.Owner != nil {
			in.State = policy.DomainLapsed
		}
	}, func(t *testing.T, row policytable.Row, i int, in policy.Input, d policy.Decision) {
		if !d.Allow && d.Next == policy.NextSSO {
			t.Error("sent to single sign-on, which has lapsed")
		}
	})
}

func TestTableInactive(t *testing.T) {
	t.Parallel()
	for _, state := range []policy.SSOState{policy.SSOOff, policy.SSOSetup, ""} {
		eachCell(t, policytable.InactiveRows(), func(in *policy.Input) {
			in.Target.SSO, in.Target.Connection = state, ""
		}, nothing)
	}
}

func TestPendingClaimLocksNobodyOut(t *testing.T) {
	t.Parallel()
	for _, who := range []policytable.Who{policytable.Member, policytable.Owner, policytable.Account} {
		for _, col := range policytable.Columns() {
			in := input(who, policytable.Password, col)
			in.Owner, in.State = nil, policy.DomainUnclaimed
			if d := policy.Decide(in); !d.Allow || d.Bypass {
				t.Errorf("%s, %s: %+v", who, col.Name, d)
			}
		}
	}
}

// The page docs/policy.md has the tables cell by cell.
func TestDocsSayTheSame(t *testing.T) {
	t.Parallel()
	page := docs(t)
	for _, rows := range [][]policytable.Row{
		policytable.Rows(), policytable.Blocking(), policytable.LapsedRows(), policytable.InactiveRows(),
		policytable.DisabledRows(), policytable.InvitedRows(), policytable.InvitedBlocking(),
		policytable.LinkedRows(), policytable.RestingRows(),
	} {
		var want strings.Builder
		for _, r := range rows {
			fmt.Fprintf(&want, "| %s, %s | %s | %s | %s | %s |\n", r.Who, r.How, r.BothOff, r.RequireOn, r.ManagedOn, r.BothOn)
		}
		if !strings.Contains(page, "|---|---|---|---|---|\n"+want.String()) {
			t.Errorf("docs/policy.md does not have\n%s", want.String())
		}
	}
}

func docs(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// The owner of the domain decides how, whichever org is wanted.
func TestAnotherOrgIsWanted(t *testing.T) {
	t.Parallel()
	strict := policytable.Columns()[1]
	for name, tt := range map[string]struct {
		change func(*policy.Input)
		want   policytable.Outcome
	}{
		"member of O wants T": {func(in *policy.Input) {
			in.Person.Role, in.Person.OwnerRole = policy.Member, policy.Member
		}, policytable.SentSSO},
		"Owner of T is nobody's Owner in O": {func(in *policy.Input) {
			in.Person.Role, in.Person.OwnerRole = policy.Owner, policy.Member
		}, policytable.SentSSO},
		"Owner of O wants T": {func(in *policy.Input) {
			in.Person.Role, in.Person.OwnerRole = policy.Member, policy.Owner
		}, policytable.Bypass},
		"on D, in T alone": {func(in *policy.Input) {
			in.Person.Role, in.Person.OwnerRole = policy.Member, ""
		}, policytable.In},
		"on D, in T alone, O manages": {func(in *policy.Input) {
			in.Person.Role, in.Person.OwnerRole, in.Owner.IdPManaged = policy.Member, "", true
		}, policytable.SentSSO},
		"on D, in T alone, O manages, Owner of T": {func(in *policy.Input) {
			in.Person.Role, in.Person.OwnerRole, in.Owner.IdPManaged = policy.Owner, "", true
		}, policytable.SentSSO},
		"T blocks external people": {func(in *policy.Input) {
			in.Person.Role, in.Person.OwnerRole = policy.Member, ""
			in.Target.SSO, in.Target.Connection, in.Target.RequireSSO, in.Target.BlockExternal = policy.SSOActive, "con-t", true, true
		}, policytable.Blocked},
		"by O's sign-on into T": {func(in *policy.Input) {
			in.Attempt = policy.Attempt{Method: policy.SSO, Connection: "con-o"}
			in.Person.Role = policy.Member
		}, policytable.In},
		"by O's sign-on into T, not a member there": {func(in *policy.Input) {
			in.Attempt = policy.Attempt{Method: policy.SSO, Connection: "con-o"}
			in.Person.OwnerRole, in.Owner.IdPManaged = policy.Member, true
		}, policytable.Invite},
		"by T's sign-on": {func(in *policy.Input) {
			in.Attempt = policy.Attempt{Method: policy.SSO, Connection: "con-t"}
			in.Target.SSO, in.Target.Connection = policy.SSOActive, "con-t"
			in.Person.Role = policy.Member
		}, policytable.NoDomain},
		"T is governed by O": {func(in *policy.Input) {
			in.Target.GovernedBy, in.Target.SSO, in.Target.RequireSSO = "org-o", policy.SSOActive, true
			in.Person.Role = policy.Member
		}, policytable.SentSSO},
		"T is governed by O, Owner of T": {func(in *policy.Input) {
			in.Target.GovernedBy, in.Target.SSO, in.Target.RequireSSO = "org-o", policy.SSOActive, true
			in.Person.Role = policy.Owner
		}, policytable.Bypass},
		"T is governed by O, made a member": {func(in *policy.Input) {
			in.Target.GovernedBy, in.Target.SSO, in.Owner.IdPManaged = "org-o", policy.SSOActive, true
			in.Attempt = policy.Attempt{Method: policy.SSO, Connection: "con-o"}
		}, policytable.Made},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(policytable.Account, policytable.Password, strict)
			in.Target = &policy.Org{ID: "org-t", Name: "T"}
			tt.change(&in)
			if got := outcome(policy.Decide(in)); got != tt.want {
				t.Errorf("%s, want %s\n%+v", got, tt.want, policy.Decide(in).Trace)
			}
		})
	}
}
