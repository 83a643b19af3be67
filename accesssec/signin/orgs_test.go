package signin_test

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// linked is an org that has its sign-on from Acme, with nora as a member.
func (w *world) linked(t *testing.T, name string) (orgID string) {
	t.Helper()
	ctx := t.Context()
	person := accesssec.Person{Address: "boss@" + strings.ToLower(name) + ".example.net", Verified: true, Password: right}
	owner := must[accesssec.Principal](t)(w.svc.CreateOrg(ctx, name+hostile, person))
	err := w.svc.ImportPeople(ctx, owner.OrgID, accesssec.Person{Address: "nora@example.com", Verified: true, Role: policy.Member})
	if err != nil {
		t.Fatal(err)
	}
	code := must[accesssec.LinkingCode](t)(w.acme.LinkingCode(ctx)).Code
	p := must[accesssec.LinkPreview](t)(w.svc.Admin(owner).PreviewLink(ctx, code, nil))
	if err := w.svc.Admin(owner).LinkTo(ctx, code, p.Hash, nil); err != nil {
		t.Fatal(err)
	}
	return owner.OrgID
}

// Somebody who could go to several organizations is asked where, and is nowhere until then.
func TestChooseOrg(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	beta, gamma := w.linked(t, "Beta"), w.linked(t, "Gamma")
	v := w.visitor(t)
	p := v.bySSO("nora@example.com", form("next", "/who?a=1&b=2"))
	want(t, p, http.StatusOK, "Choose an organization", html.EscapeString("Beta"+hostile), html.EscapeString("Gamma"+hostile), "You are not signed in yet")
	if v.in() != "" {
		t.Fatal("signed in before anything was chosen")
	}
	if again := v.get("/auth/"); again.status != http.StatusOK {
		t.Errorf("the sign-in page: status %d", again.status)
	}
	for _, orgID := range []string{w.orgID, beta, gamma} {
		button := regexp.MustCompile(fmt.Sprintf(`name="connection" value="%s">\s*<input type="hidden" name="org" value="%s">\s*<input type="hidden" name="next" value="/who\?a=1&amp;b=2">`, w.connection, orgID))
		if !button.MatchString(p.text) {
			t.Errorf("no way to %s:\n%s", orgID, p.text)
		}
		chosen := v.bySSO("nora@example.com", form("org", orgID, "next", "/who?a=1&b=2"))
		want(t, chosen, http.StatusOK, "hello nora@example.com in "+orgID)
		if chosen.url != "/who?a=1&b=2" {
			t.Errorf("sent to %s", chosen.url)
		}
	}
	// Who is in one of them alone is not asked.
	want(t, w.visitor(t).bySSO("max@example.com", form("next", "/who")), http.StatusOK, "hello max@example.com in "+w.orgID)
}
