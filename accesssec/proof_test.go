package accesssec_test

import (
	"bytes"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// What an action of Admin asks of who is signed in. The rule: what gives power over others, opens
// a way in or shuts out everybody or those who manage the org wants a fresh proof. What else only narrows does not, so that nobody
// who has to act at once is kept from it.
const (
	proofAsks     = "asks"
	proofPeople   = "asks, where somebody is an Owner or Admin, or becomes one by it"
	proofProjects = "asks, where somebody manages every project by it"
	proofActive   = "asks, where the connection is active"

	proofReads   = "reads"
	proofNarrows = "only narrows"
	proofNothing = "gives nobody anything"
)

// adminProofs says of each method of Admin whether it asks for a fresh proof. docs/sessions.md has
// those that do.
func adminProofs() map[string]string {
	out := map[string]string{}
	for says, names := range map[string][]string{
		proofAsks: {
			"Apply", "Enable", "RemoveConnection", "ForgetSubjects",
			"ClaimDomain", "CoverSubdomains", "WithdrawDomain", "TransferDomain", "PreviewTransfer",
			"LinkingCode", "CancelLinkingCodes", "PreviewLink", "LinkTo", "PreviewUnlink", "Unlink",
			"CreateSCIMToken", "SetSCIM", "ResetFactors", "DeleteOrg",
			"EndSessions", // of everybody, as it is called here
		},
		proofPeople:   {"SetRole", "RemoveMember", "DisableMember", "EnableMember", "Invite", "ResendInvitation", "AnswerRequest"},
		proofProjects: {"Grant", "PutRole", "ChangeTeam"},
		proofActive:   {"Configure", "FollowMetadata", "RefreshMetadata", "AddCertificate", "RemoveCertificate", "StrictSessionEnd"},
		proofReads: {
			"Members", "Invitations", "AccessRequests", "Teams", "Team", "TeamMembers", "TeamsOf", "Grants", "Access", "Roles",
			"PreviewRoleDeletion", "ServiceAccounts", "Events", "LoginTraces", "Settings", "Preview", "Domains", "PreviewWithdrawal",
			"Connections", "SCIM", "SCIMRequests", "Sessions", "PreviewSCIM", "LinkedOrgs",
		},
		proofNarrows: {
			"CancelInvitation", "DeleteTeam", "Revoke", "DeleteRole", "DeleteServiceAccount", "RevokeSCIMToken",
		},
		// A claim was proved for when it was made; a connection is in set-up, and a service account has
		// nothing that was not granted to it.
		proofNothing: {"CreateTeam", "RenameTeam", "PutServiceAccount", "VerifyDomain", "NewConnection", "PublishEncryptionKey"},
	} {
		for _, name := range names {
			out[name] = says
		}
	}
	return out
}

// meProofs says of each method of Me whether it asks for a fresh proof, or why it does not.
func meProofs() map[string]string {
	const (
		asks   = "asks"
		reads  = "reads"
		proof  = "is one, or goes by one of its own"
		ends   = "only ends, or leaves"
		little = "changes nothing that opens a way in"
	)
	return map[string]string{
		"BeginFactor": asks, "PendingFactor": asks, "ChangeFactor": asks, "RemoveFactor": asks, "NewRecoveryCodes": asks,
		"ChangeAddress": asks, "UnlinkLogin": asks,

		"ConfirmFactor": "goes on from BeginFactor, in the same session", "LinkLogin": "goes on from an answer of the provider's, in the same browser, to a sign-in of then",
		"ChangePassword": "takes the password", "SendPasswordLink": "goes to the mailbox",
		"Prove": proof, "ProveGoogle": proof, "ProveSSO": proof, "Enter": "goes through the gate",
		"Factor": reads, "Logins": reads, "Orgs": reads, "PendingLogin": reads, "Profile": reads, "Sessions": reads,
		"EndSession": ends, "LeaveOrg": ends, "SignOut": ends, "SignOutEverywhere": ends, "SignOutSSO": ends,
		"RequestAccess": little, "SetName": little,
	}
}

// TestWhatAsksForAProof calls every method of Admin and of Me as an Owner who has just signed in
// and has proved nothing since: who has only found a session gets no further with what is
// dangerous.
func TestWhatAsksForAProof(t *testing.T) {
	t.Parallel()
	o := newOuter(t)
	err := o.svc.ImportPeople(t.Context(), o.owner.OrgID, accesssec.Person{Address: "second@example.com", Verified: true, Role: policy.Owner, Password: longEnough})
	if err != nil {
		t.Fatal(err)
	}
	unproven := func() accesssec.Principal {
		t.Helper()
		step, err := o.svc.SignIn().Password(t.Context(), accesssec.Visit{}, "second@example.com", longEnough)
		if err != nil || step.Entered == nil {
			t.Fatalf("%+v, %v", step, err)
		}
		return step.Entered.Principal
	}
	rows, admin := adminRows(""), adminProofs()
	for i := range reflect.TypeFor[*accesssec.Admin]().NumMethod() {
		m := reflect.ValueOf(o.svc.Admin(unproven()))
		name := m.Type().Method(i).Name
		if admin[name] == "" {
			t.Errorf("Admin.%s is not in adminProofs: does it ask for a proof, and if not, why?", name)
			continue
		}
		err := rows[name].call(t, m.Method(i))
		if got, want := accesssec.IsRefusal(err, accesssec.CodeProve), admin[name] == proofAsks; got != want {
			t.Errorf("Admin.%s asks for a proof: %v, want %v (%v)", name, got, want, err)
		}
	}
	args := map[string][]any{"ChangeAddress": {"another@example.com"}}
	said := meProofs()
	for i := range reflect.TypeFor[*accesssec.Me]().NumMethod() {
		m := reflect.ValueOf(o.svc.Me(unproven()))
		name := m.Type().Method(i).Name
		if said[name] == "" {
			t.Errorf("Me.%s is not in meProofs: does it ask for a proof, and if not, why?", name)
			continue
		}
		err := adminRow{args: args[name]}.call(t, m.Method(i))
		if got, want := accesssec.IsRefusal(err, accesssec.CodeProve), said[name] == "asks"; got != want {
			t.Errorf("Me.%s asks for a proof: %v, want %v (%v)", name, got, want, err)
		}
	}
}

// TestMakingAnAdminAsksForAProof: whom an Owner who has proved nothing lately may make, and whom not.
func TestMakingAnAdminAsksForAProof(t *testing.T) {
	t.Parallel()
	o := newOuter(t)
	err := o.svc.ImportPeople(t.Context(), o.owner.OrgID,
		accesssec.Person{Address: "second@example.com", Verified: true, Role: policy.Owner, Password: longEnough},
		accesssec.Person{Address: "ann@example.com", Verified: true, Role: policy.Member})
	if err != nil {
		t.Fatal(err)
	}
	members, err := o.svc.Admin(o.owner).Members(t.Context(), accesssec.MemberQuery{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(members.Items, func(m accesssec.Member) bool { return m.Address == "ann@example.com" })
	step, err := o.svc.SignIn().Password(t.Context(), accesssec.Visit{}, "second@example.com", longEnough)
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []policy.Role{policy.Owner, policy.Admin} {
		if err := o.svc.Admin(step.Entered.Principal).SetRole(t.Context(), members.Items[i].UserID, role); !accesssec.IsRefusal(err, accesssec.CodeProve) {
			t.Errorf("%s: %v", role, err)
		}
	}
	if err := o.svc.Admin(step.Entered.Principal).SetRole(t.Context(), members.Items[i].UserID, policy.Billing); err != nil {
		t.Error(err)
	}
	in, err := o.svc.Me(step.Entered.Principal).Prove(t.Context(), longEnough)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.svc.Admin(in.Principal).SetRole(t.Context(), members.Items[i].UserID, policy.Owner); err != nil {
		t.Error(err)
	}
}

// TestProofsAreDocumented: what asks is told to who writes a console.
func TestProofsAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/sessions.md")
	if err != nil {
		t.Fatal(err)
	}
	_, page, _ = bytes.Cut(page, []byte("## What asks for a proof"))
	page, _, _ = bytes.Cut(page, []byte("\n## "))
	for name, says := range adminProofs() {
		if want := strings.HasPrefix(says, proofAsks); want != bytes.Contains(page, []byte("`"+name+"`")) {
			t.Errorf("Admin.%s %s; the page has it %v", name, says, !want)
		}
	}
	for name, says := range meProofs() {
		if says == proofAsks && !bytes.Contains(page, []byte("`Me."+name+"`")) {
			t.Errorf("Me.%s asks, and the page does not have it", name)
		}
	}
}

// TestPowerAsksForAProof: an Owner who has proved nothing lately gives what is little, and by the
// same method nothing that is much.
func TestPowerAsksForAProof(t *testing.T) {
	t.Parallel()
	o := newOuter(t)
	ctx := t.Context()
	err := o.svc.ImportPeople(ctx, o.owner.OrgID,
		accesssec.Person{Address: "second@example.com", Verified: true, Role: policy.Owner, Password: longEnough},
		accesssec.Person{Address: "ada@example.com", Verified: true, Role: policy.Admin},
		accesssec.Person{Address: "ann@example.com", Verified: true, Role: policy.Member})
	fatal(t, err)
	first := o.svc.Admin(o.owner)
	members, err := first.Members(ctx, accesssec.MemberQuery{})
	fatal(t, err)
	id := map[string]string{}
	for _, m := range members.Items {
		id[m.Address] = m.UserID
	}
	step, err := o.svc.SignIn().Password(ctx, accesssec.Visit{}, "second@example.com", longEnough)
	fatal(t, err)
	a := o.svc.Admin(step.Entered.Principal)
	asks := func(what string, err error, want bool) {
		t.Helper()
		if got := accesssec.IsRefusal(err, accesssec.CodeProve); got != want || !want && err != nil {
			t.Errorf("%s asks for a proof: %v, want %v (%v)", what, got, want, err)
		}
	}
	for _, who := range []string{"ada@example.com", "ann@example.com"} {
		manages := who == "ada@example.com"
		asks("less for "+who, a.SetRole(ctx, id[who], policy.Billing), manages)
		asks("keeping out "+who, a.DisableMember(ctx, id[who]), manages)
		fatal(t, first.DisableMember(ctx, id[who]))
		asks("letting in "+who, a.EnableMember(ctx, id[who]), manages)
	}
	asks("taking out an Admin", a.RemoveMember(ctx, id["ada@example.com"]), true)
	role, err := a.PutRole(ctx, accesssec.Role{Name: "Reader", Actions: []policy.Action{policy.ViewProject}})
	asks("a new role", err, false)
	all, err := a.PutRole(ctx, accesssec.Role{Name: "Keeper", Actions: []policy.Action{policy.ViewProject, policy.ManageProject}})
	asks("a new role that manages", err, false)
	_, err = a.PutRole(ctx, accesssec.Role{ID: role.ID, Version: role.Version, Name: role.Name, Actions: all.Actions})
	asks("more for who has a role", err, true)
	all, err = a.PutRole(ctx, accesssec.Role{ID: all.ID, Version: all.Version, Name: "Guard", Actions: all.Actions})
	asks("another name", err, false)
	few, err := first.CreateTeam(ctx, "Few")
	fatal(t, err)
	many, err := first.CreateTeam(ctx, "Many")
	fatal(t, err)
	grant := func(team, project, role string) error {
		_, err := a.Grant(ctx, accesssec.Grant{To: accesssec.Subject{Kind: accesssec.ToTeam, ID: team}, Project: project, Role: role})
		return err
	}
	asks("reading everything", grant(few.ID, "", string(policy.Consumer)), false)
	asks("managing one project", grant(few.ID, "p1", string(policy.ProjectOwner)), false)
	asks("managing every project", grant(many.ID, "", string(policy.ProjectAdmin)), true)
	asks("by a role of the org's own", grant(many.ID, "", all.ID), true)
	_, err = first.Grant(ctx, accesssec.Grant{To: accesssec.Subject{Kind: accesssec.ToTeam, ID: many.ID}, Role: all.ID})
	fatal(t, err)
	ann := []string{id["ann@example.com"]}
	asks("into a team", a.ChangeTeam(ctx, few.ID, accesssec.TeamChange{Add: ann}), false)
	asks("into one that manages", a.ChangeTeam(ctx, many.ID, accesssec.TeamChange{Add: ann}), true)
	fatal(t, first.ChangeTeam(ctx, many.ID, accesssec.TeamChange{Add: ann}))
	asks("out of it", a.ChangeTeam(ctx, many.ID, accesssec.TeamChange{Remove: ann}), false)
	asks("taking out a Member", a.RemoveMember(ctx, ann[0]), false)
}
