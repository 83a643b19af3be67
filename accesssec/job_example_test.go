package accesssec_test

import (
	"context"
	"fmt"
	"log"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// mailer is where a host sends its mails from.
type mailer struct{}

// Notify implements accesssec.Notifier.
func (mailer) Notify(_ context.Context, n accesssec.Notice) error {
	fmt.Println("To:", n.To)
	fmt.Println("Subject:", n.Subject)
	return nil
}

// Owners and Admins are told when the access settings change. A server calls Run once,
// beside its handlers; a cron job calls Tick.
func ExampleService_Tick() {
	ctx := context.Background()
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), &accesssec.Options{Notify: mailer{}})
	if err != nil {
		log.Fatal(err)
	}
	owner, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "olive@example.com", Verified: true})
	if err != nil {
		log.Fatal(err)
	}
	admin := svc.Admin(owner)
	settings, err := admin.Settings(ctx)
	if err != nil {
		log.Fatal(err)
	}
	settings.SessionIdle /= 2
	preview, err := admin.Preview(ctx, settings)
	if err != nil {
		log.Fatal(err)
	}
	if err := admin.Apply(ctx, settings, preview.Hash); err != nil {
		log.Fatal(err)
	}
	if _, err := svc.Tick(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// To: olive@example.com
	// Subject: The access settings of Acme were changed
}

func ExampleService_Run() {
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), nil)
	if err != nil {
		log.Fatal(err)
	}
	// In a server, signal.NotifyContext makes it.
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- svc.Run(ctx) }()
	stop()
	fmt.Println(<-ended)
	// Output: <nil>
}
