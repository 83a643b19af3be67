package main

import (
	"context"
	"log"

	"github.com/accesssec/accesssec-go/accesssec"
)

// mailer stands for the way in which the host sends mail. Subject and Text are ready to
// be sent; a host with words of its own goes by Template and Values. It is called from
// the background, again after an error, so it may say no at any time.
type mailer struct{}

// Notify implements accesssec.Notifier. Text may hold a secret, so it is not logged.
func (mailer) Notify(_ context.Context, n accesssec.Notice) error {
	log.Printf("mail to %s: %s (%s)", n.To, n.Subject, n.ID)
	return nil
}
