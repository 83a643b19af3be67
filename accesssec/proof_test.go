package accesssec_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// adminProofs are the methods of Admin that ask for a fresh proof before anything else, as far as
// an org with nothing in it shows; the others are in adminRows, and a new one has to be in either.
func adminProofs() []string {
	return []string{
		"Apply", "Enable", "RemoveConnection", "ForgetSubjects",
		"ClaimDomain", "CoverSubdomains", "WithdrawDomain", "TransferDomain", "PreviewTransfer",
		"LinkingCode", "CancelLinkingCodes", "PreviewLink", "LinkTo", "PreviewUnlink", "Unlink",
		"CreateSCIMToken", "SetSCIM", "ResetFactors", "DeleteOrg",
	}
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
	rows := adminRows("")
	for i := range reflect.TypeFor[*accesssec.Admin]().NumMethod() {
		m := reflect.ValueOf(o.svc.Admin(unproven()))
		name := m.Type().Method(i).Name
		err := rows[name].call(t, m.Method(i))
		if got, want := accesssec.IsRefusal(err, accesssec.CodeProve), slices.Contains(adminProofs(), name); got != want {
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
