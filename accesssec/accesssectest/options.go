package accesssectest

import (
	"errors"
	"net/http"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
)

// Options of a [World]: every zero value will do.
type Options struct {
	// Handler is the host's own app: all that it serves, the sign-in pages with it
	// (signin.New at Service.Path). It is called once for each server, when the customer
	// is ready. nil serves the sign-in pages, and at "/" a page for those who are signed
	// in, which says "ann@example.com is member of Acme".
	Handler func(*accesssec.Service) http.Handler

	// Service is what the host gives to accesssec.New. Its Now, Resolvers, Authority and
	// Notify are the world's and must be nil here. A nil Hasher is one that costs next to nothing,
	// and a nil Log is the test's own in New. Entitled is asked from when the World has
	// begun: the customer is ready whatever its plan.
	Service *accesssec.Options

	// Store is what everything is kept in; nil makes a store/memory. It is not closed
	// with the World. Several Worlds on one store need a Domain each; and what is due is
	// done for all of them by whichever calls Tick, by its clock and into its Outbox. So
	// those that look into their Outbox or move their clock want a store of their own, or
	// come after each other. For a second instance of one host see [World.Instance].
	Store store.Store

	// Domain is the customer's, verified when the World begins; "" is "example.com". A
	// test on a store that outlives it makes up a new one each time, for example
	// strings.ToLower(rand.Text()) + ".example.com".
	Domain string

	// People are listed on the identity provider's sign-in page, and give the names and
	// attributes of those who come by SignIn. nil are Ann Archer (ann@) and Olive Oakes,
	// the Owner (owner@), at Domain. SignIn takes anybody else as well, without names.
	People []samltest.Person

	// Now is when the World begins; its clock stands there until Advance. Zero is the
	// time at which it is made.
	Now time.Time
}

// complete returns a copy of o without gaps, or says what can't be.
func (o *Options) complete() (Options, error) {
	var out Options
	if o != nil {
		out = *o
	}
	var svc accesssec.Options
	if out.Service != nil {
		svc = *out.Service
	}
	if svc.Now != nil || len(svc.Resolvers) > 0 || svc.Authority != nil || svc.Notify != nil {
		return out, errors.New("accesssectest: Options.Service: Now, Resolvers, Authority and Notify are the world's (see Options.Now, World.DNS and World.Outbox): leave them out")
	}
	if svc.Hasher == nil {
		svc.Hasher = password.NewHasher(&password.HasherOptions{InsecureCost: true})
	}
	out.Service = &svc
	if out.Handler == nil {
		out.Handler = defaultHost
	}
	if out.Store == nil {
		out.Store = memory.New()
	}
	if out.Domain == "" {
		out.Domain = "example.com"
	}
	if out.People == nil {
		out.People = []samltest.Person{
			{Email: "ann@" + out.Domain, FirstName: "Ann", LastName: "Archer"},
			{Email: ownerAt + out.Domain, FirstName: "Olive", LastName: "Oakes"},
		}
	}
	if out.Now.IsZero() {
		now := time.Now
		out.Now = now()
	}
	return out, nil
}
