package accesssec_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// mailbox is a Notifier that keeps the last notice.
type mailbox struct{ last accesssec.Notice }

func (m *mailbox) Notify(_ context.Context, n accesssec.Notice) error {
	m.last = n
	return nil
}

// A person asks for a link to sign in, and types the code of the mail in the same browser.
func ExampleSignIn_SendMail() {
	ctx, mail := context.Background(), &mailbox{}
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), &accesssec.Options{
		Notify: mail,
		Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true}), // for tests
	})
	if err != nil {
		log.Fatal(err)
	}
	ann := accesssec.Person{Address: "ann@example.com", Verified: true, Password: "Correct horse 7 battery staple"}
	if _, err := svc.CreateOrg(ctx, "Acme", ann); err != nil {
		log.Fatal(err)
	}
	visit := svc.SignIn().Visit(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/auth/link", nil))

	// The answer is the same whoever has the address.
	if err := svc.SignIn().SendMail(ctx, visit, "ann@example.com", accesssec.MailSignIn); err != nil {
		log.Fatal(err)
	}
	for range 2 { // Run does this in a server: what is to be sent is decided, and then delivered
		if _, err := svc.Tick(ctx); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(mail.last.Subject, "to", mail.last.To)

	step, err := svc.SignIn().LinkCode(ctx, visit, mail.last.Values["code"])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(step.Entered.Principal.Role)
	// Output:
	// Sign in to app.example.com to ann@example.com
	// owner
}
