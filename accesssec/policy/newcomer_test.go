package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/internal/policytable"
)

// newcomer is org O, its domain D, and somebody who is disabled in it or invited into it.
func newcomer(who policytable.Who, how policytable.How, col policytable.Column) policy.Input {
	base := policytable.Account
	if slices.Contains([]policytable.Who{policytable.DisabledExternal, policytable.InvitedOff, policytable.InvitedOffOwner}, who) {
		base = policytable.Off
	}
	in := input(base, how, col)
	switch who {
	case policytable.DisabledMember, policytable.DisabledExternal:
		in.Person.Role, in.Person.Suspended = policy.Member, true
	case policytable.DisabledOwner:
		in.Person.Role, in.Person.Suspended = policy.Owner, true
	case policytable.InvitedMember, policytable.InvitedOff:
		in.Person.Invited = policy.Member
	case policytable.InvitedNobody:
		in.Person.Invited, in.Person.Known = policy.Member, false
	case policytable.InvitedBilling:
		in.Person.Invited = policy.Billing
	case policytable.InvitedAdmin:
		in.Person.Invited = policy.Admin
	case policytable.InvitedOwner, policytable.InvitedOffOwner:
		in.Person.Invited = policy.Owner
	}
	if base != policytable.Off {
		in.Person.OwnerRole = in.Person.Role
	}
	return in
}

// linked is org O, its domain D, and somebody who wants T, which has its sign-on from O and
// a domain E that rests.
func linked(who policytable.Who, how policytable.How, col policytable.Column) policy.Input {
	in := input(policytable.Account, how, col)
	t := *in.Owner
	t.ID, t.Name, t.GovernedBy = "org-t", "T", "org-o"
	in.Target = &t
	switch who {
	case policytable.LinkedMember, policytable.LinkedOwnMember, policytable.LinkedExternal:
		in.Person.Role = policy.Member
	case policytable.LinkedOwner, policytable.LinkedOwnOwner:
		in.Person.Role = policy.Owner
	case policytable.LinkedBoth:
		in.Person.Role, in.Person.OwnerRole = policy.Owner, policy.Member
	case policytable.LinkedChief:
		in.Person.Role, in.Person.OwnerRole = policy.Member, policy.Owner
	case policytable.LinkedDisabled:
		in.Person.Role, in.Person.Suspended = policy.Owner, true
	case policytable.LinkedNobody:
		in.Person.Known = false
	case policytable.LinkedInvited:
		in.Person.Invited = policy.Member
	}
	switch who {
	case policytable.LinkedOwnMember, policytable.LinkedOwnOwner, policytable.LinkedOwnOther:
		in.Domain, in.State, in.Owner, in.OnTarget = "e.example.com", policy.DomainSuspended, in.Target, true
		in.Person.OwnerRole = in.Person.Role
	case policytable.LinkedExternal:
		in.Domain, in.State, in.Owner = "elsewhere.example.com", policy.DomainUnclaimed, nil
	}
	return in
}

func TestTableNewcomers(t *testing.T) {
	t.Parallel()
	block := func(in *policy.Input) { in.Target.BlockExternal = true }
	for name, table := range map[string]struct {
		input  func(policytable.Who, policytable.How, policytable.Column) policy.Input
		rows   []policytable.Row
		change func(*policy.Input)
	}{
		"disabled":                 {newcomer, policytable.DisabledRows(), func(*policy.Input) {}},
		"invited":                  {newcomer, policytable.InvitedRows(), func(*policy.Input) {}},
		"external ones blocked":    {newcomer, policytable.InvitedBlocking(), block},
		"the others, and blocking": {newcomer, policytable.But(slices.Concat(policytable.DisabledRows(), policytable.InvitedRows()), policytable.InvitedBlocking()), block},
		"linked":                   {linked, policytable.LinkedRows(), func(*policy.Input) {}},
		"linked, and blocking":     {linked, policytable.But(policytable.LinkedRows(), []policytable.Row{{Who: policytable.LinkedExternal, How: policytable.Password}}), block},
		"on a domain that rests":   {linked, policytable.RestingRows(), func(*policy.Input) {}},
		"the same, and blocking":   {linked, policytable.RestingRows(), block},
		"with a missing record": {newcomer, slices.Concat(policytable.DisabledRows(), policytable.InvitedRows()), func(in *policy.Input) {
			if in.Owner != nil {
				in.State = policy.DomainMissing
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, row := range table.rows {
				for i, col := range policytable.Columns() {
					in := table.input(row.Who, row.How, col)
					table.change(&in)
					d := policy.Decide(in)
					if got, want := outcome(d), row.In(i); got != want {
						t.Errorf("%s, %s, %s: %s, want %s\n%+v", row.Who, row.How, col.Name, got, want, d.Trace)
					}
					if d.Reason == policy.SSORequired && (d.Next == policy.NextSSO) != (in.State != policy.DomainSuspended) {
						t.Errorf("%s, %s: sent to %q", row.Who, col.Name, d.Next)
					}
				}
			}
		})
	}
}

// Who is disabled in one org is so in no other: where the rule is O's, and they are its Owner,
// they go past it, to their own account.
func TestDisabledElsewhere(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		target string
		want   policytable.Outcome
	}{"in another org": {"org-t", policytable.Bypass}, "in the very org": {"org-o", policytable.SentSSO}} {
		in := linked(policytable.LinkedChief, policytable.Password, policytable.Columns()[1])
		in.Person.Suspended, in.Target.ID = true, tt.target
		d := policy.Decide(in)
		if got := outcome(d); got != tt.want || d.OwnAccount != d.Allow || d.Create {
			t.Errorf("%s: %s, want %s\n%+v", name, got, tt.want, d)
		}
	}
}

// A claim that rests decides as a lapsed one, in other words.
func TestSuspendedDomainIsLikeLapsed(t *testing.T) {
	t.Parallel()
	newcomers().each(func(in policy.Input) {
		if in.State != policy.DomainSuspended || in.Owner == nil {
			return
		}
		lapsed := in
		lapsed.State = policy.DomainLapsed
		a, b := policy.Decide(in), policy.Decide(lapsed)
		same := a.Reason == b.Reason || a.Reason == policy.DomainIsSuspended && b.Reason == policy.DomainIsLapsed
		if !same || a.Allow != b.Allow || a.Bypass != b.Bypass || a.Create != b.Create || a.OwnAccount != b.OwnAccount || a.Next != b.Next || !slices.Equal(a.Allows, b.Allows) {
			t.Fatalf("%+v\nrests: %+v\nlapsed: %+v", in, a, b)
		}
	})
}

// An invitation makes of a person what they would be as the member that it makes, and
// without one who is no member is none.
func TestInvitationIsMembership(t *testing.T) {
	t.Parallel()
	joined := 0
	newcomers().each(func(in policy.Input) {
		d := policy.Decide(in)
		member := in
		member.Person.Invited = ""
		joins := in.Target != nil && in.Person.Role == "" && in.Person.Invited.Valid()
		if joins {
			joined++
			if member.Person.Role = in.Person.Invited; in.Owner != nil && in.Owner.ID == in.Target.ID {
				member.Person.OwnerRole = in.Person.Invited
			}
			member.Person.Suspended = false
		}
		want := policy.Decide(member)
		if joins {
			want.Create = want.Allow
		}
		if d.Allow != want.Allow || d.Reason != want.Reason || d.Bypass != want.Bypass || d.Create != want.Create ||
			d.OwnAccount != want.OwnAccount || d.Next != want.Next || !slices.Equal(d.Allows, want.Allows) {
			t.Fatalf("%+v\nowner %+v\ntarget %+v\ninvited %+v\nas the member %+v", in, in.Owner, in.Target, d, want)
		}
	})
	if joined == 0 {
		t.Error("nobody is invited")
	}
}

// What an invited or disabled person is told beforehand: the ways that are open, and why the
// others are not.
func TestAskOfNewcomers(t *testing.T) {
	t.Parallel()
	both, sso, none := []policy.Method{policy.SSO, policy.Password}, []policy.Method{policy.SSO}, []policy.Method(nil)
	for _, tt := range []struct {
		who    policytable.Who
		column int
		want   []policy.Method
		next   policy.Next
	}{
		{policytable.InvitedMember, 0, both, policy.NextPassword},
		{policytable.InvitedMember, 1, sso, policy.NextSSO},
		{policytable.InvitedMember, 2, both, policy.NextSSO},
		{policytable.InvitedMember, 3, sso, policy.NextSSO},
		{policytable.InvitedOwner, 3, both, policy.NextSSO},
		{policytable.InvitedOff, 3, []policy.Method{policy.Password}, policy.NextPassword},
		{policytable.InvitedNobody, 0, both, policy.NextPassword}, // by domain alone
		{policytable.InvitedNobody, 3, both, policy.NextSSO},
		{policytable.DisabledMember, 0, []policy.Method{policy.Password}, policy.NextPassword},
		{policytable.DisabledMember, 1, none, policy.NextSSO},
		{policytable.DisabledOwner, 3, none, policy.NextSSO},
	} {
		in := newcomer(tt.who, policytable.Password, policytable.Columns()[tt.column])
		in.Attempt = policy.Attempt{}
		d := policy.Decide(in)
		if d.Reason != policy.Ask || d.Allow || d.Create || d.Next != tt.next || !slices.Equal(d.Allows, tt.want) {
			t.Errorf("%s, %s: %+v", tt.who, policytable.Columns()[tt.column].Name, d)
		}
	}
}

// What the log and the console say.
func TestNewcomerTrace(t *testing.T) {
	t.Parallel()
	strict := policytable.Columns()[1]
	resting := linked(policytable.LinkedOwnMember, policytable.SSO, strict)
	for name, tt := range map[string]struct {
		in   policy.Input
		want string
	}{
		"invited":               {newcomer(policytable.InvitedOff, policytable.Password, strict), "a password is enough for a member of O"},
		"invited Owner":         {newcomer(policytable.InvitedOwner, policytable.Password, strict), "a password is enough for an owner of O"},
		"invited, by SSO":       {newcomer(policytable.InvitedMember, policytable.SSO, strict), "O vouches for a member of O"},
		"disabled":              {newcomer(policytable.DisabledExternal, policytable.Password, strict), "disabled in O: own account only"},
		"disabled Owner":        {newcomer(policytable.DisabledOwner, policytable.Password, strict), "O requires SSO, and ann@d.example.com is not Owner or Admin"},
		"disabled, by SSO":      {newcomer(policytable.DisabledMember, policytable.SSO, strict), "ann@d.example.com is disabled in O"},
		"a domain that rests":   {resting, "T has its sign-on from another org, and SSO on its own domain e.example.com rests meanwhile"},
		"not a member, own one": {input(policytable.Account, policytable.Password, strict), "not a member of the org asked for: own account only"},
	} {
		d := policy.Decide(tt.in)
		if got := d.Trace[len(d.Trace)-1].Text; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if got, want := policy.Decide(resting).Trace[0].Text, "e.example.com is claimed by T, which has its sign-on from another org"; got != want {
		t.Errorf("it begins with %q", fmt.Sprint(got))
	}
}

// Who has proven a domain that was T's vouches for its people, but not for who was a member
// of T by then; nor are they T's own people to a T that lets in nobody else.
func TestDomainThatWasAnothers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*policy.Input)
		want   policytable.Outcome
	}{
		"never T's":                   {func(*policy.Input) {}, policytable.In},
		"T's claim has ended":         {func(in *policy.Input) { in.Former = true }, policytable.NoDomain},
		"T's claim has lapsed":        {func(in *policy.Input) { in.OnTarget = true }, policytable.NoDomain},
		"the same, an Owner of T":     {func(in *policy.Input) { in.Former, in.Person.Role = true, policy.Owner }, policytable.NoDomain},
		"the same, invited into T":    {func(in *policy.Input) { in.Former, in.Person.Role, in.Person.Invited = true, "", policy.Owner }, policytable.NoDomain},
		"the same, no member":         {func(in *policy.Input) { in.Former, in.Person.Role = true, "" }, policytable.Invite},
		"the same, and O governs T":   {func(in *policy.Input) { in.Former, in.OnTarget, in.Target.GovernedBy = true, true, "org-o" }, policytable.In},
		"T lets in its own alone":     {func(in *policy.Input) { in.Target.BlockExternal = true }, policytable.Blocked},
		"the same, which was T's":     {func(in *policy.Input) { in.Target.BlockExternal, in.OnTarget = true, true }, policytable.Blocked},
		"the same, Owner of T by SSO": {func(in *policy.Input) { in.Target.BlockExternal, in.Person.Role = true, policy.Owner }, policytable.Blocked},
	} {
		in := linked(policytable.LinkedMember, policytable.SSO, policytable.Columns()[1])
		in.Target.GovernedBy, in.Target.Connection = "", "con-t"
		tt.change(&in)
		if d := policy.Decide(in); outcome(d) != tt.want || d.Create {
			t.Errorf("%s: %s, want %s\n%+v", name, outcome(d), tt.want, d)
		}
	}
}

// A connection that is not the one of the domain's owner is another's, and only to who wants
// that owner's org it is told that its sign-on is off.
func TestAnotherConnection(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		target, theirs, shown string
		sso                   policy.SSOState
		want                  policy.Reason
	}{
		{"org-o", "con-o", "con-x", policy.SSOActive, policy.DomainOfAnother},
		{"org-t", "con-o", "con-x", policy.SSOActive, policy.DomainOfAnother},
		{"org-t", "con-o", "con-x", policy.SSOOff, policy.DomainOfAnother},
		{"org-o", "con-o", "con-x", policy.SSOOff, policy.ConnectionInactive},
		{"org-o", "", "", policy.SSOActive, policy.DomainOfAnother}, // none is nobody's
		{"org-o", "con-o", "", policy.SSOActive, policy.DomainOfAnother},
	} {
		in := input(policytable.Member, policytable.SSO, policytable.Columns()[0])
		target := *in.Owner
		target.ID, in.Target = tt.target, &target
		in.Owner.Connection, in.Attempt.Connection, in.Owner.SSO = tt.theirs, tt.shown, tt.sso
		if d := policy.Decide(in); d.Allow || d.Reason != tt.want {
			t.Errorf("%+v: %s", tt, d.Reason)
		}
	}
}

// A member of an org that O governs is bound by O's rules also where none of that org is
// wanted. That only ever closes the password, and where the claim is pending it does not.
func TestGoverned(t *testing.T) {
	t.Parallel()
	for i, want := range []policytable.Outcome{policytable.Own, policytable.SentSSO, policytable.Own, policytable.SentSSO} {
		in := input(policytable.Account, policytable.Password, policytable.Columns()[i])
		in.Person.Governed = true
		if got := outcome(policy.Decide(in)); got != want {
			t.Errorf("%s: %s, want %s", policytable.Columns()[i].Name, got, want)
		}
		in.State = policy.DomainUnclaimed
		if got := outcome(policy.Decide(in)); got != policytable.Own {
			t.Errorf("%s, pending: %s", policytable.Columns()[i].Name, got)
		}
	}
	if row := "| member of T on D who wants their own account, password | own | sso | own | sso |\n"; !strings.Contains(docs(t), row) {
		t.Errorf("docs/policy.md does not have\n%s", row)
	}
	newcomers().only(policy.Password).each(func(in policy.Input) {
		governed := in
		governed.Person.Governed = true
		if a, b := policy.Decide(governed), policy.Decide(in); a.Allow && !b.Allow || a.Bypass && !b.Bypass && !in.Person.Role.Administers() && !in.Person.Invited.Administers() {
			t.Fatalf("%+v\nlet in as governed: %+v\nelse: %+v", in, a, b)
		}
	})
}
