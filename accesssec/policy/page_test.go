package policy_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec/policy"
)

var update = flag.Bool("update", false, "write the tables of docs/roles.md anew")

// The tables of docs/roles.md are made from the ones that decide. After a change of those:
// go test ./accesssec/policy -run TestRolesPage -update
func TestRolesPage(t *testing.T) {
	t.Parallel()
	const name = "../../docs/roles.md"
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := string(page)
	for _, table := range []struct{ title, text string }{
		{"org actions", orgActions()},
		{"project actions", projectActions()},
		{"projects by org role", onProjects()},
		{"who gives", gives()},
		{"who changes", changes()},
	} {
		want = between(t, want, table.title, table.text)
	}
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("docs/roles.md says something else (-made +there); run this test with -update\n%s", diff)
	}
}

// between puts text in the place of that title in the page.
func between(t *testing.T, page, title, text string) string {
	t.Helper()
	begin, end := "<!-- table: "+title+" -->\n", "<!-- end -->\n"
	head, rest, ok := strings.Cut(page, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("docs/roles.md has no place for %q", title)
	}
	return head + begin + text + end + tail
}

func orgRoles() []policy.Role {
	return []policy.Role{policy.Owner, policy.Admin, policy.Billing, policy.Member}
}

func named(r policy.Role) string {
	return map[policy.Role]string{
		policy.Owner: "Owner", policy.Admin: "Admin", policy.Billing: "Billing Admin", policy.Member: "Member",
	}[r]
}

// table writes one: the columns after the first ones are yes or nothing.
func table(head []string, rows [][]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r, " | "))
	}
	return b.String()
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "-"
}

func orgActions() string {
	head := []string{"action", "is to"}
	for _, r := range orgRoles() {
		head = append(head, named(r))
	}
	var rows [][]string
	for _, p := range policy.Permissions() {
		if p.Least == "" {
			row := []string{"`" + string(p.Action) + "`", p.Sentence}
			for _, r := range orgRoles() {
				row = append(row, yes(r.Allows(p.Action)))
			}
			rows = append(rows, row)
		}
	}
	return table(head, rows)
}

func projectActions() string {
	head := []string{"action", "is to"}
	for _, r := range policy.ProjectRoles() {
		head = append(head, r.Name())
	}
	var rows [][]string
	for _, p := range policy.Permissions() {
		if p.Least != "" {
			row := []string{"`" + string(p.Action) + "`", p.Sentence}
			for _, r := range policy.ProjectRoles() {
				row = append(row, yes(r.Allows(p.Action)))
			}
			rows = append(rows, row)
		}
	}
	return table(head, rows)
}

func onProjects() string {
	var rows [][]string
	for _, r := range orgRoles() {
		on := "none: what is granted"
		if p := r.OnProjects(); p != "" {
			on = "project " + p.Name()
		}
		rows = append(rows, []string{named(r), on})
	}
	return table([]string{"org role", "on every project of the org"}, rows)
}

func gives() string { return pairs("who gives", policy.Role.MayGive) }

func changes() string { return pairs("who changes", policy.Role.MayChange) }

func pairs(title string, may func(policy.Role, policy.Role) bool) string {
	head := []string{title}
	var rows [][]string
	for _, by := range orgRoles() {
		head = append(head, named(by))
		row := []string{named(by)}
		for _, of := range orgRoles() {
			row = append(row, yes(may(by, of)))
		}
		rows = append(rows, row)
	}
	return table(head, rows)
}

// What a table can't say of itself.
func TestPermissions(t *testing.T) {
	t.Parallel()
	seen := map[policy.Action]bool{}
	for _, p := range policy.Permissions() {
		org, project := strings.HasPrefix(string(p.Action), "org."), strings.HasPrefix(string(p.Action), "project.")
		switch {
		case seen[p.Action]:
			t.Errorf("%s is there twice", p.Action)
		case org == project || org != (p.Least == "") || project != (len(p.Orgs) == 0):
			t.Errorf("%s is neither an action on the org alone nor one on projects alone", p.Action)
		case p.Sentence == "" || strings.ToLower(p.Sentence[:1]) != p.Sentence[:1] || strings.HasSuffix(p.Sentence, ".") || strings.Contains(p.Sentence, "|"):
			t.Errorf("%s: %q is no part of a sentence", p.Action, p.Sentence)
		case org && !slices.Contains(p.Orgs, policy.Owner):
			t.Errorf("%s is not an Owner's", p.Action)
		case slices.Contains(p.Orgs, policy.Admin) != policy.Admin.Allows(p.Action) && org:
			t.Errorf("%s: Admins %v", p.Action, p.Orgs)
		case len(p.Action) > 64:
			t.Errorf("%s does not fit into the log", p.Action)
		}
		seen[p.Action] = true
		for _, r := range []policy.Role{"", "junk", "OWNER", "owner "} {
			if r.Allows(p.Action) || len(r.Actions()) > 0 {
				t.Errorf("role %q allows %s", r, p.Action)
			}
			if policy.ProjectRole(r).Allows(p.Action) || len(policy.ProjectRole(r).Actions()) > 0 {
				t.Errorf("project role %q allows %s", r, p.Action)
			}
		}
		for _, r := range policy.ProjectRoles() {
			if org && r.Allows(p.Action) {
				t.Errorf("project role %s allows %s", r, p.Action)
			}
		}
	}
	for _, a := range []policy.Action{"", "junk", "org.", "ORG.ENTER", "project.view "} {
		if policy.Owner.Allows(a) || policy.ProjectOwner.Allows(a) {
			t.Errorf("an Owner may %q", a)
		}
	}
}

// What a role allows is the same, one by one and as a list; and the table is nobody's to
// change.
func TestActions(t *testing.T) {
	t.Parallel()
	for _, r := range append(orgRoles(), "", "junk") {
		for _, p := range policy.Permissions() {
			if got, want := slices.Contains(r.Actions(), p.Action), r.Allows(p.Action); got != want {
				t.Errorf("%s of %q: listed %v, allowed %v", p.Action, r, got, want)
			}
			if on := r.OnProjects(); p.Least != "" && r.Allows(p.Action) != on.Allows(p.Action) {
				t.Errorf("%s of %q is not what its project role %q allows", p.Action, r, on)
			}
		}
	}
	hosts := []policy.Permission{
		{Action: "host.export", Sentence: "export", Least: policy.Analyst},
		{Action: "host.sensitive", Sentence: "see what is marked sensitive"},
	}
	for _, tt := range []struct {
		role   policy.ProjectRole
		export bool
	}{{policy.ProjectOwner, true}, {policy.ProjectAdmin, true}, {policy.Analyst, true}, {policy.Consumer, false}, {"", false}, {"junk", false}} {
		if tt.role.Allows("host.export", hosts...) != tt.export || slices.Contains(tt.role.Actions(hosts...), "host.export") != tt.export {
			t.Errorf("%q exports, or does not", tt.role)
		}
		if tt.role.Allows("host.sensitive", hosts...) || slices.Contains(tt.role.Actions(hosts...), "host.sensitive") {
			t.Errorf("%q sees what no role shows by itself", tt.role)
		}
		if tt.role.Allows("host.export") {
			t.Errorf("%q allows what is in no row", tt.role)
		}
	}
	shadow := policy.Permission{Action: policy.DeleteProject, Least: policy.Consumer}
	if policy.Consumer.Allows(policy.DeleteProject, shadow) {
		t.Error("a row of the host's takes the place of ours")
	}
	rows := policy.Permissions()
	for i := range rows {
		rows[i].Action, rows[i].Least = "junk", policy.Consumer
		for j := range rows[i].Orgs {
			rows[i].Orgs[j] = policy.Member
		}
	}
	if !policy.Owner.Allows(policy.DeleteOrg) || policy.Member.Allows(policy.DeleteOrg) || policy.Owner.Allows("junk") {
		t.Error("who has the table can change it")
	}
	roles := policy.ProjectRoles()
	roles[0] = "junk"
	if policy.ProjectRoles()[0] != policy.ProjectOwner {
		t.Error("who has the roles can change them")
	}
}

func TestProjectRoles(t *testing.T) {
	t.Parallel()
	all := policy.ProjectRoles()
	for i, r := range all {
		if !r.Valid() || r.Name() == "" {
			t.Errorf("%q is no role, or has no name", r)
		}
		for j, o := range all {
			if r.AtLeast(o) != (i <= j) {
				t.Errorf("%s at least %s: %v", r, o, r.AtLeast(o))
			}
		}
		for _, junk := range []policy.ProjectRole{"", "junk", "Owner", "billing"} {
			if r.AtLeast(junk) || junk.AtLeast(r) || junk.AtLeast(junk) || junk.Valid() || junk.Name() != "" {
				t.Errorf("%q counts for something", junk)
			}
		}
	}
}

// Nobody gives a role above their own, nobody touches who is as high, and what is no role is
// neither given nor does it give.
func TestMayGiveAndChange(t *testing.T) {
	t.Parallel()
	for _, junk := range []policy.Role{"", "junk", "Owner"} {
		for _, r := range append(orgRoles(), junk) {
			if r.MayGive(junk) || junk.MayGive(r) || junk.MayChange(r) {
				t.Errorf("%q and %q", r, junk)
			}
		}
		if !policy.Owner.MayChange(junk) || !policy.Admin.MayChange(junk) || policy.Billing.MayChange(junk) || policy.Member.MayChange(junk) {
			t.Errorf("who has a broken role %q can't be helped, or by anybody", junk)
		}
	}
	for i, by := range orgRoles() {
		for j, of := range orgRoles() {
			if by.MayGive(of) && i > j {
				t.Errorf("%s makes %s", by, of)
			}
			if by.MayChange(of) && i >= j && by != policy.Owner {
				t.Errorf("%s changes %s", by, of)
			}
			if by.MayChange(of) && !by.MayGive(of) {
				t.Errorf("%s can take %s away and not give it", by, of)
			}
		}
	}
}
