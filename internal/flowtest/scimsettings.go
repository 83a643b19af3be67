package flowtest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// scimSettingsFlows: how an org is provisioned, and who says so.
func scimSettingsFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"whom they hide":                scimSettingsHidden,
		"changed, and in force":         scimSettingsLife,
		"roles that no group gives":     scimSettingsUnsound,
		"nobody gives or takes above":   scimSettingsAbove,
		"two change them at once":       scimSettingsRace,
		"a preview names each, and why": scimPreviewed,
		"a preview is bounded":          scimPreviewBounded,
		"what nobody can mean":          scimSettingsMisuse,
	})
}

func scimSettingsLife(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	p := acme.provisioner()
	if s := acme.scimState().Settings; !cmp.Equal(s, accesssec.SCIMSettings{Profile: scim.Detect}) {
		t.Errorf("before: %+v", s)
	}
	admins := accesssec.SCIMGroupRole{Group: " Access  Admins", OrgRole: policy.Admin}
	p1 := accesssec.SCIMGroupRole{Group: "Desk", Project: "p1", Role: string(policy.Analyst)}
	next := must1(acme.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{Profile: scim.Strict, HideExternals: true,
		GroupRoles: []accesssec.SCIMGroupRole{admins, p1, {Group: "access admins", OrgRole: policy.Admin}}}))
	admins.Group = "Access Admins"
	want := accesssec.SCIMSettings{Profile: scim.Strict, HideExternals: true, GroupRoles: []accesssec.SCIMGroupRole{admins, p1}, Version: 1}
	if diff := cmp.Diff(want, next); diff != "" || !cmp.Equal(acme.scimState().Settings, next) {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if got := changesOf(acme.last(audit.SCIMChanged)); !slices.Equal(got, []string{
		"profile detect>strict", "hide_externals false>true", "group_role >Access Admins: admin of the organization", "group_role >Desk: analyst on p1"}) {
		t.Errorf("the log says %q", got)
	}
	upper := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":true}]}`
	if a := p.do("PATCH", "/Users/none", upper); a.status != 400 && a.status != 404 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if q := acme.scimState().Requests; len(q) != 1 || q[0].Profile != scim.Strict {
		t.Errorf("went by %+v", q)
	}
	if same := must1(acme.admin().SetSCIM(w.ctx, next)); !cmp.Equal(same, next) || len(acme.events(audit.SCIMChanged)) != 1 {
		t.Errorf("the same again: %+v", same)
	}
	_, err := acme.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{})
	acme.refuses(err, accesssec.CodeConflict)
	next.GroupRoles = nil
	must1(acme.admin().SetSCIM(w.ctx, next))
	if got := changesOf(acme.last(audit.SCIMChanged)); !slices.Equal(got, []string{
		"group_role Access Admins: admin of the organization>", "group_role Desk: analyst on p1>"}) {
		t.Errorf("the log says %q", got)
	}
	evil := w.newOrg("Evil", "owner@example.org")
	if s := evil.scimState().Settings; s.Version != 0 {
		t.Errorf("another org has %+v", s)
	}
}

func scimSettingsUnsound(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	many := make([]accesssec.SCIMGroupRole, 101)
	for i := range many {
		many[i] = accesssec.SCIMGroupRole{Group: strings.Repeat("g", i%90+1) + string(rune('a'+i/90)), OrgRole: policy.Billing}
	}
	for name, tt := range map[string]struct {
		roles []accesssec.SCIMGroupRole
		want  accesssec.Code
	}{
		"Owner":           {[]accesssec.SCIMGroupRole{{Group: "g", OrgRole: policy.Owner}}, accesssec.CodeRole},
		"Member":          {[]accesssec.SCIMGroupRole{{Group: "g", OrgRole: policy.Member}}, accesssec.CodeRole},
		"none of ours":    {[]accesssec.SCIMGroupRole{{Group: "g", OrgRole: "root"}}, accesssec.CodeRole},
		"nothing":         {[]accesssec.SCIMGroupRole{{Group: "g"}}, accesssec.CodeRole},
		"both":            {[]accesssec.SCIMGroupRole{{Group: "g", OrgRole: policy.Admin, Role: "consumer"}}, accesssec.CodeRole},
		"with a project":  {[]accesssec.SCIMGroupRole{{Group: "g", OrgRole: policy.Admin, Project: "p1"}}, accesssec.CodeRole},
		"a role unknown":  {[]accesssec.SCIMGroupRole{{Group: "g", Role: "role-none"}}, accesssec.CodeRole},
		"no name":         {[]accesssec.SCIMGroupRole{{Group: " \u200b", OrgRole: policy.Admin}}, accesssec.CodeTeamName},
		"a name too long": {[]accesssec.SCIMGroupRole{{Group: strings.Repeat("g", 101), OrgRole: policy.Admin}}, accesssec.CodeTeamName},
		"too many":        {many, accesssec.CodeRoleLimit},
	} {
		_, err := acme.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{GroupRoles: tt.roles})
		if w.code(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := acme.scimState().Settings; s.Version != 0 || len(acme.events(audit.SCIMChanged)) != 0 {
		t.Errorf("kept %+v", s)
	}
}

func scimSettingsAbove(t *testing.T, w *world) {
	acme := withRoles(w)
	own := acme.role("Sensitive", "host.sensitive")
	admin := func() *accesssec.Admin { return acme.as("admin@example.com") }
	for name, tt := range map[string]struct {
		role accesssec.SCIMGroupRole
		want accesssec.Code
	}{
		"their own role":    {accesssec.SCIMGroupRole{Group: "g", OrgRole: policy.Admin}, ""},
		"one below":         {accesssec.SCIMGroupRole{Group: "g", OrgRole: policy.Billing}, ""},
		"a project's Admin": {accesssec.SCIMGroupRole{Group: "g", Role: string(policy.ProjectAdmin)}, ""},
		"a project's Owner": {accesssec.SCIMGroupRole{Group: "g", Project: "p1", Role: string(policy.ProjectOwner)}, accesssec.CodeAbove},
		"what nobody has":   {accesssec.SCIMGroupRole{Group: "g", Role: own.ID}, accesssec.CodeAbove},
	} {
		was := acme.scimState().Settings
		next := was
		next.GroupRoles = []accesssec.SCIMGroupRole{tt.role}
		_, err := admin().SetSCIM(w.ctx, next)
		if got := codeOf(err); got != tt.want {
			t.Errorf("an Admin gives %s: %v", name, err)
		}
		// Who may take it away again is the other half.
		was = acme.scimState().Settings
		if next = was; err == nil {
			next.GroupRoles = nil
		} else {
			next.GroupRoles = []accesssec.SCIMGroupRole{tt.role}
		}
		if err != nil {
			must1(acme.admin().SetSCIM(w.ctx, next))
			next = acme.scimState().Settings
			next.GroupRoles = nil
			_, err = admin().SetSCIM(w.ctx, next)
			acme.refuses(err, accesssec.CodeAbove)
		}
		must1(acme.admin().SetSCIM(w.ctx, next))
	}
	// An Admin does not take the role of other Admins.
	must1(acme.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{GroupRoles: []accesssec.SCIMGroupRole{{Group: "g", OrgRole: policy.Admin}}, Version: acme.scimState().Settings.Version}))
	next := acme.scimState().Settings
	next.GroupRoles = nil
	_, err := admin().SetSCIM(w.ctx, next)
	acme.refuses(err, accesssec.CodeAbove)
	if e := acme.last(audit.ChangeRefused); e.Targets[0].ID != acme.owner.OrgID {
		t.Errorf("the log says %+v", e)
	}
	next.GroupRoles, next.HideExternals = acme.scimState().Settings.GroupRoles, true
	must1(admin().SetSCIM(w.ctx, next)) // what stays is nobody's business
}

// codeOf is the code of a refusal; "" no error.
func codeOf(err error) accesssec.Code {
	var no *accesssec.Refusal
	if errors.As(err, &no) {
		return no.Code
	}
	return ""
}

// scimSettingsHidden: whom the settings hide is in no count either, and whoever is on a domain below
// one that the org has proven with all below it is not hidden.
func scimSettingsHidden(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.cover("example.com")
	acme.claim("example.net") // and nothing is proven
	acme.add(policy.Member, "ann@sub.example.com", "max@example.net", "friend@example.org")
	p := acme.provisioner()
	must1(acme.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{HideExternals: true}))
	if got := p.list("Users", "userName pr"); !slices.Equal(got, []string{"ann@sub.example.com", "owner@example.com"}) {
		t.Errorf("shown are %v", got)
	}
}

func scimSettingsRace(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	admin := acme.admin()
	won, codes := w.race(8, func(i int) error {
		_, err := admin.SetSCIM(w.ctx, accesssec.SCIMSettings{GroupRoles: []accesssec.SCIMGroupRole{{Group: string(rune('a' + i)), OrgRole: policy.Billing}}})
		return err
	})
	if won != 1 || codes[accesssec.CodeConflict] != 7 || len(acme.scimState().Settings.GroupRoles) != 1 {
		t.Errorf("%d won, %v", won, codes)
	}
}

func scimPreviewed(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.verify("example.com")
	acme.add(policy.Member, "ann@example.com", "out@example.net")
	other := w.newOrg("Other", "owner@example.org")
	other.add(policy.Member, "bob@example.com")
	p := acme.provisioner()
	user := func(name, external string) scim.User {
		return scim.User{UserName: name, ExternalID: external, Active: true, Emails: []scim.Email{{Value: name, Primary: true}}}
	}
	made := p.do("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"kept@example.com","externalId":"x-kept","active":true,
		"emails":[{"value":"kept@example.com","primary":true}]}`)
	if made.status != 201 {
		t.Fatalf("%d %s", made.status, made.body)
	}
	must1(acme.admin().SCIM(w.ctx)) // has the log of requests written
	before := w.everything(acme.owner.OrgID, other.owner.OrgID)
	got := must1(acme.admin().PreviewSCIM(w.ctx, []scim.User{
		user("new@example.com", "x1"),
		user("NEW@example.com", "x2"),
		user("third@example.com", "x1"),
		user("ann@example.com", "x3"),
		user("kept@example.com", "x-kept"),
		user("bob@example.com", "x4"),
		user("new@example.org", "x5"),
		user("out@example.net", "x6"),
		user("", "x7"),
	}))
	want := []accesssec.SCIMAction{accesssec.SCIMCreate, accesssec.SCIMRefuse, accesssec.SCIMRefuse, accesssec.SCIMLink, accesssec.SCIMSkip,
		accesssec.SCIMRefuse, accesssec.SCIMRefuse, accesssec.SCIMRefuse, accesssec.SCIMRefuse}
	for i, v := range got {
		if v.Action != want[i] || (v.Action == accesssec.SCIMRefuse) != (v.Reason != "" && v.Status >= 400) {
			t.Errorf("%d %s: %+v, want %s", i, v.UserName, v, want[i])
		}
	}
	if !strings.Contains(got[5].Reason, "nvite") || got[5].Status != 409 || got[6].Status != 403 || got[3].UserID != acme.member("ann@example.com") {
		t.Errorf("%+v\n%+v\n%+v", got[5], got[6], got[3])
	}
	if after := w.everything(acme.owner.OrgID, other.owner.OrgID); after != before {
		t.Errorf("something was written:\n%s\n%s", before, after)
	}
	if _, there := w.user("new@example.com"); there {
		t.Error("somebody was made")
	}
	// What was foretold comes true.
	for i, v := range got {
		if v.UserName == "" || v.Action == accesssec.SCIMLink || v.Action == accesssec.SCIMSkip {
			continue
		}
		a := p.do("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+v.UserName+`","externalId":"`+v.ExternalID+`"}`)
		if want := max(v.Status, 201); a.status != want && v.Action == accesssec.SCIMCreate || v.Action == accesssec.SCIMRefuse && a.status != v.Status {
			t.Errorf("%d %s: %d %s, and the preview said %+v", i, v.UserName, a.status, a.body, v)
		}
	}
}

func scimPreviewBounded(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	if out, err := acme.admin().PreviewSCIM(w.ctx, make([]scim.User, 10_001)); err == nil || out != nil {
		t.Errorf("%d verdicts, %v", len(out), err)
	}
	if out := must1(acme.admin().PreviewSCIM(w.ctx, nil)); len(out) != 0 {
		t.Errorf("%+v", out)
	}
}

func scimSettingsMisuse(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	for _, s := range []accesssec.SCIMSettings{
		{Profile: "lenient"},
		{GroupRoles: []accesssec.SCIMGroupRole{{Group: "g", Role: "consumer", Project: "p\x00"}}},
		{GroupRoles: []accesssec.SCIMGroupRole{{Group: "g", Role: "consumer", Project: strings.Repeat("p", 201)}}},
	} {
		if out, err := acme.admin().SetSCIM(w.ctx, s); err == nil || codeOf(err) != "" || out.Version != 0 {
			t.Errorf("%+v: %+v, %v", s, out, err)
		}
	}
}
