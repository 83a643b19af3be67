package accesssec_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// adminRow is what a method of Admin takes a role for, and with what it is called to see it:
// after the context, and zero values where nothing is said.
type adminRow struct {
	action policy.Action
	args   []any
}

// adminRows holds each method of Admin to a row of policy.Permissions. A new method needs one.
func adminRows(grantID string) map[string]adminRow {
	everyone := accesssec.Subject{Kind: accesssec.ToEveryone}
	return map[string]adminRow{
		"Members":       {action: policy.ViewMembers},
		"SetRole":       {policy.ManageMembers, []any{"usr-none", policy.Member}},
		"RemoveMember":  {action: policy.ManageMembers},
		"DisableMember": {action: policy.ManageMembers},
		"EnableMember":  {action: policy.ManageMembers},
		"ResetFactors":  {policy.ManageMembers, []any{"usr-none"}},

		"Invite":           {policy.ManageMembers, []any{"new@example.com", policy.Member}},
		"Invitations":      {action: policy.ManageMembers},
		"ResendInvitation": {action: policy.ManageMembers},
		"CancelInvitation": {action: policy.ManageMembers},
		"AccessRequests":   {action: policy.ManageMembers},
		"AnswerRequest":    {policy.ManageMembers, []any{"none", policy.Member, true}},

		"Teams":       {action: policy.ViewMembers},
		"Team":        {action: policy.ViewMembers},
		"TeamMembers": {action: policy.ViewMembers},
		"TeamsOf":     {action: policy.ViewMembers},
		"CreateTeam":  {policy.ManageTeams, []any{"Desk"}},
		"RenameTeam":  {policy.ManageTeams, []any{"team-none", "Desk"}},
		"ChangeTeam":  {policy.ManageTeams, []any{"team-none", accesssec.TeamChange{Add: []string{"usr-none"}}}},
		"DeleteTeam":  {action: policy.ManageTeams},

		"Grant":  {policy.ManageGrants, []any{accesssec.Grant{To: everyone, Role: "consumer"}}},
		"Revoke": {policy.ManageGrants, []any{grantID}},
		"Grants": {action: policy.ManageGrants},
		"Access": {policy.ManageGrants, []any{accesssec.Subject{Kind: accesssec.ToPerson, ID: "usr-none"}}},
		"Roles":  {action: policy.ManageGrants},

		"PutRole":             {policy.ManageRoles, []any{accesssec.Role{Name: "Reader", Actions: []policy.Action{policy.ViewProject}}}},
		"PreviewRoleDeletion": {action: policy.ManageRoles},
		"DeleteRole":          {action: policy.ManageRoles},

		"ServiceAccounts":      {action: policy.ManageServiceAccounts},
		"PutServiceAccount":    {policy.ManageServiceAccounts, []any{accesssec.ServiceAccount{Name: "robot", Purpose: "tests"}}},
		"DeleteServiceAccount": {action: policy.ManageServiceAccounts},

		"Events":      {action: policy.ViewLog},
		"LoginTraces": {action: policy.ManageAccess},

		"Settings":             {action: policy.ManageAccess},
		"Preview":              {action: policy.ManageAccess},
		"Apply":                {action: policy.ManageAccess},
		"Domains":              {action: policy.ManageAccess},
		"ClaimDomain":          {policy.ManageAccess, []any{"example.com"}},
		"VerifyDomain":         {action: policy.ManageAccess},
		"CoverSubdomains":      {action: policy.ManageAccess},
		"PreviewWithdrawal":    {action: policy.ManageAccess},
		"WithdrawDomain":       {action: policy.ManageAccess},
		"Connections":          {action: policy.ManageAccess},
		"NewConnection":        {policy.ManageAccess, []any{"IdP"}},
		"Configure":            {policy.ManageAccess, []any{"con-none", &saml.IdP{}}},
		"PublishEncryptionKey": {action: policy.ManageAccess},
		"StrictSessionEnd":     {action: policy.ManageAccess},
		"Enable":               {action: policy.ManageAccess},
		"RemoveConnection":     {action: policy.ManageAccess},
		"FollowMetadata":       {policy.ManageAccess, []any{"con-none", accesssec.MetadataURL{URL: "https://idp.example.com/metadata"}}},
		"RefreshMetadata":      {action: policy.ManageAccess},
		"AddCertificate":       {action: policy.ManageAccess},
		"RemoveCertificate":    {action: policy.ManageAccess},
		"ForgetSubjects":       {action: policy.ManageAccess},

		"SCIM":            {action: policy.ManageAccess},
		"SCIMRequests":    {action: policy.ManageAccess},
		"Sessions":        {action: policy.ManageMembers},
		"EndSessions":     {action: policy.ManageMembers},
		"PreviewSCIM":     {action: policy.ManageAccess},
		"CreateSCIMToken": {action: policy.ManageAccess},
		"RevokeSCIMToken": {action: policy.ManageAccess},
		"SetSCIM":         {action: policy.ManageAccess},

		"LinkedOrgs":         {action: policy.ManageAccess},
		"LinkingCode":        {action: policy.ShareSSO},
		"CancelLinkingCodes": {action: policy.ShareSSO},
		"PreviewLink":        {action: policy.ShareSSO},
		"LinkTo":             {action: policy.ShareSSO},
		"PreviewUnlink":      {action: policy.ShareSSO},
		"Unlink":             {action: policy.ShareSSO},
		"PreviewTransfer":    {action: policy.ShareSSO},
		"TransferDomain":     {action: policy.ShareSSO},

		"DeleteOrg": {action: policy.DeleteOrg},
	}
}

// call calls a method of Admin, which ends with an error.
func (r adminRow) call(t *testing.T, m reflect.Value) error {
	t.Helper()
	in := []reflect.Value{reflect.ValueOf(t.Context())}
	for i := 1; i < m.Type().NumIn(); i++ {
		switch want := m.Type().In(i); {
		case i <= len(r.args):
			in = append(in, reflect.ValueOf(r.args[i-1]))
		case !m.Type().IsVariadic() || i < m.Type().NumIn()-1:
			in = append(in, reflect.Zero(want))
		}
	}
	out := m.Call(in)
	err, _ := out[len(out)-1].Interface().(error)
	return err
}

// cast is an org with somebody of each kind, each vouched for while they were members.
func (o *outer) cast(t *testing.T) map[string]accesssec.Principal {
	t.Helper()
	out := map[string]accesssec.Principal{"owner": o.owner, "nobody": {}, "made up": {UserID: o.owner.UserID, OrgID: o.owner.OrgID, Role: policy.Owner}}
	vouch := func(name string, role policy.Role) accesssec.Principal {
		t.Helper()
		address := strings.ReplaceAll(name, " ", "-") + "@example.com"
		if err := o.svc.ImportPeople(t.Context(), o.owner.OrgID, accesssec.Person{Address: address, Verified: true, Role: role}); err != nil {
			t.Fatal(err)
		}
		u, err := o.store.UserByAddress(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		if out[name], err = o.svc.Vouch(t.Context(), o.owner.OrgID, u.ID); err != nil {
			t.Fatal(err)
		}
		return out[name]
	}
	for _, role := range []policy.Role{policy.Admin, policy.Billing, policy.Member} {
		vouch(string(role), role)
	}
	off, gone, closed := vouch("disabled owner", policy.Owner), vouch("removed owner", policy.Owner), vouch("owner of a closed account", policy.Owner)
	owner := o.svc.Admin(o.owner)
	if err := errors.Join(owner.DisableMember(t.Context(), off.UserID), owner.RemoveMember(t.Context(), gone.UserID)); err != nil {
		t.Fatal(err)
	}
	err := o.store.RunInTx(t.Context(), func(tx store.Tx) error {
		u, err := tx.User(t.Context(), closed.UserID)
		u.Disabled = true
		return errors.Join(err, tx.UpdateUser(t.Context(), u))
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestAdminAllowsWhatTheTableSays calls every method of Admin as everybody: the ones whose
// role has the action get further than whether they may, and nobody else does.
func TestAdminAllowsWhatTheTableSays(t *testing.T) {
	t.Parallel()
	for _, who := range []string{
		"owner", "admin", "billing", "member",
		"disabled owner", "removed owner", "owner of a closed account", "nobody", "made up",
	} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			o := newOuter(t)
			p := o.cast(t)[who]
			g, err := o.svc.Admin(o.owner).Grant(t.Context(), accesssec.Grant{To: accesssec.Subject{Kind: accesssec.ToEveryone}, Project: "p1", Role: "consumer"})
			if err != nil {
				t.Fatal(err)
			}
			rows, admin := adminRows(g.ID), reflect.ValueOf(o.svc.Admin(p))
			for i := range admin.NumMethod() {
				name := admin.Type().Method(i).Name
				row, ok := rows[name]
				if !ok {
					t.Errorf("Admin.%s has no row in adminRows: what does it take a role for?", name)
					continue
				}
				err := row.call(t, admin.Method(i))
				refused := accesssec.IsRefusal(err, accesssec.CodeNotAllowed)
				if may := policy.Role(who).Allows(row.action); may == refused {
					t.Errorf("Admin.%s takes %s, which the table gives to a %s: %v; it says %v", name, row.action, who, may, err)
				}
			}
		})
	}
}

// TestTableIsAskedFor: what the table has of the org is asked by a method of Admin, or it is
// said here by whom.
func TestTableIsAskedFor(t *testing.T) {
	t.Parallel()
	elsewhere := map[policy.Action]string{
		policy.EnterOrg:       "the gate",
		policy.ManageOwners:   "policy.Role.MayGive and MayChange, in the methods of ManageMembers",
		policy.ManageBilling:  "the host",
		policy.CreateProjects: "the host",
	}
	asked := map[policy.Action]bool{}
	for name, row := range adminRows("") {
		asked[row.action] = true
		if !slices.ContainsFunc(policy.Permissions(), func(p policy.Permission) bool { return p.Action == row.action && p.Least == "" }) {
			t.Errorf("Admin.%s takes %q, which is no action on the org", name, row.action)
		}
	}
	for _, p := range policy.Permissions() {
		if p.Least == "" && asked[p.Action] == (elsewhere[p.Action] != "") {
			t.Errorf("%s: asked by Admin %v, elsewhere by %q", p.Action, asked[p.Action], elsewhere[p.Action])
		}
	}
}
