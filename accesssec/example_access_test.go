package accesssec_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// region access

// show is a host's page: who has asked, and what they may do there, at this very request.
func show(svc *accesssec.Service) http.Handler {
	return svc.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := accesssec.FromContext(r.Context())
		access, err := svc.Access(r.Context(), p, r.PathValue("project"))
		if err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		if !access.Can(policy.ViewProject) {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintln(w, access.Role, access.Can("host.deploy"))
	}))
}

// endregion

// Rights add up, and each says where it comes from. Here everybody may see all projects, and
// the team Platform works on one of them.
func ExampleService_Access() {
	ctx := context.Background()
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), &accesssec.Options{
		Actions: []policy.Permission{{Action: "host.deploy", Sentence: "deploy it", Least: policy.ProjectAdmin}},
	})
	if err != nil {
		log.Fatal(err)
	}
	owner, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "olive@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	if err := svc.ImportPeople(ctx, owner.OrgID, accesssec.Person{Address: "ann@example.com", Verified: true, Role: policy.Member}); err != nil {
		log.Fatal(err)
	}
	acme := svc.Admin(owner)
	page, err := acme.Members(ctx, accesssec.MemberQuery{Search: "ann"})
	if err != nil {
		log.Fatal(err)
	}
	ann := page.Items[0].UserID
	platform, err := acme.CreateTeam(ctx, "Platform")
	if err != nil {
		log.Fatal(err)
	}
	if err := acme.ChangeTeam(ctx, platform.ID, accesssec.TeamChange{Add: []string{ann}}); err != nil {
		log.Fatal(err)
	}
	for _, g := range []accesssec.Grant{
		{To: accesssec.Subject{Kind: accesssec.ToEveryone}, Role: string(policy.Consumer)},
		{To: accesssec.Subject{Kind: accesssec.ToTeam, ID: platform.ID}, Project: "engine", Role: string(policy.ProjectAdmin)},
	} {
		if _, err := acme.Grant(ctx, g); err != nil {
			log.Fatal(err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/{project}", show(svc))
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/engine", nil))
	fmt.Println("a stranger gets", answer.Code)

	for _, project := range []string{"engine", "website"} {
		access, err := acme.Access(ctx, accesssec.Subject{Kind: accesssec.ToPerson, ID: ann}, project)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(project, access.Role, access.Can("host.deploy"))
		for _, s := range access.Sources {
			fmt.Println("-", s.Kind, s.Role)
		}
	}
	// Output:
	// a stranger gets 401
	// engine admin true
	// - everyone consumer
	// - team admin
	// website consumer false
	// - everyone consumer
}
