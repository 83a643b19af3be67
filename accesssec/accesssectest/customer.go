package accesssectest

import (
	"context"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
)

// Password is the Owner's, and that of everybody whom [World.AddMember] brings. It is
// hashed as accesssec does: a host with a PasswordCheck of its own has to know it too, or
// those people come in by single sign-on alone.
const Password = "Correct-horse-battery-7"

// ownerAt is the Owner's address but for the domain.
const ownerAt = "owner@"

// readyCustomer does what an Owner would do in the settings, up to the first login.
func (w *World) readyCustomer() error {
	ctx := context.Background()
	var err error
	w.Owner, err = w.Service.CreateOrg(ctx, "Acme", accesssec.Person{
		Address: ownerAt + w.opts.Domain, Verified: true, FirstName: "Olive", LastName: "Oakes", Password: Password,
	})
	if err == nil {
		err = w.proveDomain(ctx, w.Service.Admin(w.Owner))
	}
	if err == nil {
		err = w.connect(ctx, w.Service.Admin(w.Owner))
	}
	if err != nil {
		return fmt.Errorf("accesssectest: set up the customer: %w", explained(err))
	}
	return w.ChangeSettings(func(s *accesssec.Settings) { s.IdPManaged = true })
}

// explained is err with what a refusal says to an Admin: whoever tests is one.
func explained(err error) error {
	var no *accesssec.Refusal
	if errors.As(err, &no) && no.Detail != "" {
		return fmt.Errorf("%w (%s)", err, no.Detail)
	}
	return err
}

func (w *World) proveDomain(ctx context.Context, acme *accesssec.Admin) error {
	d, err := acme.ClaimDomain(ctx, w.opts.Domain)
	if err != nil {
		return fmt.Errorf("claim %q: %w", w.opts.Domain, err)
	}
	record := d.Records()[0]
	w.DNS.SetTXT(record.Name, record.Value)
	_, err = acme.VerifyDomain(ctx, d.ID)
	var no *accesssec.Refusal
	if errors.As(err, &no) && no.Code == accesssec.CodeDomainTaken {
		return fmt.Errorf("%s has an owner in this store already, so give each World on one store an Options.Domain of its own: %w", d.Name, err)
	} else if err != nil {
		return fmt.Errorf("verify %s: %w", d.Name, err)
	}
	w.Domain = d.Name
	return nil
}

func (w *World) connect(ctx context.Context, acme *accesssec.Admin) error {
	theirs, err := saml.ParseMetadata(w.IdP.Metadata(), "")
	if err != nil {
		return err
	}
	conn, err := acme.NewConnection(ctx, "Acme's identity provider")
	if err != nil {
		return err
	}
	if _, err := acme.Configure(ctx, conn.ID, theirs, nil); err != nil {
		return err
	}
	ours, err := w.Service.SignIn().Metadata(ctx, conn.ID)
	if err != nil {
		return err
	}
	if err := w.IdP.Trust(ours); err != nil {
		return err
	}
	return acme.Enable(ctx, conn.ID, true)
}

// Admin is what the Owner may do, as if they had just typed their password. What it
// gives is good for five minutes of the world's clock, so ask for it anew each time. It
// fails the test, or panics in a World of Start, when the Owner is gone or the store
// can't be asked; so call it where t.Fatal may be called.
func (w *World) Admin() *accesssec.Admin {
	p, err := w.Service.Vouch(context.Background(), w.Owner.OrgID, w.Owner.UserID)
	if err != nil {
		if w.tb == nil {
			panic(fmt.Errorf("accesssectest: %w", err))
		}
		w.tb.Helper()
		w.tb.Fatalf("accesssectest: %v", err)
	}
	return w.Service.Admin(p)
}

// AddMember makes a member of the customer, with that role and [Password], whose address
// is known to be theirs; it may be at any domain. The names are those in Options.People,
// if any. The errors are those of accesssec.Service.ImportPeople.
func (w *World) AddMember(role policy.Role, address string) error {
	known := w.people[addressKey(address)]
	return w.Service.ImportPeople(context.Background(), w.Owner.OrgID, accesssec.Person{
		Address: address, Verified: true, Password: Password, Role: role,
		FirstName: known.FirstName, LastName: known.LastName,
	})
}

// ChangeSettings has the Owner change the customer's settings: they are read, given to
// change, previewed, and applied as previewed. An error says what stands in the way, and
// then nothing has changed.
func (w *World) ChangeSettings(change func(*accesssec.Settings)) error {
	ctx := context.Background()
	p, err := w.Service.Vouch(ctx, w.Owner.OrgID, w.Owner.UserID)
	if err != nil {
		return fmt.Errorf("accesssectest: %w", err)
	}
	acme := w.Service.Admin(p)
	next, err := acme.Settings(ctx)
	var preview accesssec.Preview
	if err == nil {
		change(&next)
		preview, err = acme.Preview(ctx, next)
	}
	if err == nil {
		err = acme.Apply(ctx, next, preview.Hash)
	}
	if err != nil {
		return fmt.Errorf("accesssectest: change settings: %w", explained(err))
	}
	return nil
}
