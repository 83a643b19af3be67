package accesssectest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/seal"
)

// World is a running host with one customer. Its fields are set once and only to be
// read; its methods are safe for concurrent use.
type World struct {
	Service *accesssec.Service
	Store   store.Store
	URL     string // where the host answers, without a slash at the end
	Domain  string // the customer's, verified

	// Owner is the Owner of the customer, as accesssec.CreateOrg gave it: good for its
	// ids at any time, and for five minutes of calls. To act, call Admin. The address is
	// "owner@" + Domain, the password is Password.
	Owner accesssec.Principal

	IdP    *samltest.IdP   // the customer's identity provider
	DNS    *dnstest.Server // all of DNS, the name servers of every domain as well
	Outbox *Outbox         // what people would have been sent

	*surroundings
	site *site
}

// surroundings are what all instances of one host share.
type surroundings struct {
	tb        testing.TB // nil in a World of Start
	opts      Options
	clock     *clock
	keys      *seal.Ring
	origin    string
	transport *http.Transport
	log       *slog.Logger
	output    *gate
	people    map[string]samltest.Person // by the key of their address

	mu     sync.Mutex
	sites  []*site // in the order they began
	closed bool
}

// New starts a World and closes it when the test is over. What goes wrong fails the
// test. opts may be nil.
func New(t testing.TB, opts *Options) *World {
	t.Helper()
	w, err := start(t, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// Start is New for where there is no testing.TB: an Example, TestMain, a program for a
// browser to be pointed at. Close it. Its Log goes nowhere but to Options.Service.Log.
func Start(opts *Options) (*World, error) { return start(nil, opts) }

func start(tb testing.TB, opts *Options) (*World, error) {
	o, err := opts.complete()
	if err != nil {
		return nil, err
	}
	s := &surroundings{tb: tb, opts: o, clock: newClock(o.Now), transport: &http.Transport{}, people: map[string]samltest.Person{}}
	if s.keys, err = insecureKeys(); err != nil {
		return nil, err
	}
	for _, p := range o.People {
		s.people[addressKey(p.Email)] = p
	}
	s.listen()
	w := &World{surroundings: s, Store: o.Store, Outbox: &Outbox{}}
	if err := w.begin(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// begin starts all parts, readies the customer, and then opens the host's door.
func (w *World) begin() (err error) {
	if w.DNS, err = dnstest.New(); err != nil {
		return fmt.Errorf("accesssectest: %w", err)
	}
	provider, err := w.newSite()
	if err != nil {
		return err
	}
	if w.IdP, err = samltest.New(provider.url+"/idp", w.opts.People, &samltest.Options{Now: w.clock.now}); err != nil {
		return fmt.Errorf("accesssectest: %w", err)
	}
	provider.serve(w.IdP, w.log)
	opts := w.opts.Service
	opts.Now, opts.Notify = w.clock.now, w.Outbox
	opts.Resolvers, opts.Authority = []domainclaim.Resolver{w.DNS.Resolver()}, w.DNS.Authority()
	if w.site, err = w.newSite(); err != nil {
		return err
	}
	w.URL, w.origin = w.site.url, w.site.url
	// Before the test begins nobody is sent anything, and every plan has every feature.
	early := *opts
	early.Notify, early.Entitled = nil, nil
	if err := w.newService(early); err != nil {
		return err
	}
	if err := w.readyCustomer(); err != nil {
		return err
	}
	if err := w.newService(*opts); err != nil {
		return err
	}
	if p, ok := opts.Google.(*OpenID); ok {
		p.ReturnTo(w.origin+w.Service.Path()+"google/callback", w.clock.now)
	}
	return w.open()
}

// newService is one over the store, with the origin of the first.
func (w *World) newService(opts accesssec.Options) (err error) {
	if w.Service, err = accesssec.New(w.Store, w.origin, w.keys, &opts); err != nil {
		return fmt.Errorf("accesssectest: %w", err)
	}
	return nil
}

func (w *World) open() error {
	h := w.opts.Handler(w.Service)
	if h == nil {
		return errors.New("accesssectest: Options.Handler returned nil")
	}
	w.site.serve(h, w.log)
	return nil
}

// newSite is one that is closed with the World.
func (s *surroundings) newSite() (*site, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("accesssectest: the World is closed")
	}
	one, err := newSite()
	if err == nil {
		s.sites = append(s.sites, one)
	}
	return one, err
}

// Instance starts one more instance of the same host, as behind a load balancer: a
// Service and a server of its own over the same store, keys, clock, customer and Outbox.
// Its URL is where it answers; its origin, and so where identity providers post to, is
// that of the first. Browsers send the cookies of one to the other, for to them a host is
// one whatever its port. It is closed with w, and Close of it closes all.
func (w *World) Instance() (*World, error) {
	one := &World{
		Store: w.Store, Domain: w.Domain, Owner: w.Owner, IdP: w.IdP, DNS: w.DNS, Outbox: w.Outbox,
		surroundings: w.surroundings,
	}
	if err := one.newService(*w.opts.Service); err != nil {
		return nil, err
	}
	var err error
	if one.site, err = w.newSite(); err != nil {
		return nil, err
	}
	one.URL = one.site.url
	if err := one.open(); err != nil {
		return nil, err
	}
	return one, nil
}

// Tick has the Service do what has come due, as Service.Run does beside a server, so that
// what was to be sent is in the Outbox when it returns. What fails is an error, and comes
// again after [World.Advance].
func (w *World) Tick() error {
	_, err := w.Service.Tick(context.Background())
	return err
}

// Close ends every server of the World and waits until nothing of it runs; requests in
// flight are told to end, and get a few seconds for it. Closing twice is no error. New calls it by itself.
func (w *World) Close() error {
	w.mu.Lock()
	sites, was := w.sites, w.closed
	w.sites, w.closed = nil, true
	w.mu.Unlock()
	if was {
		return nil
	}
	w.transport.CloseIdleConnections()
	var errs []error
	for _, s := range sites {
		errs = append(errs, s.close())
	}
	if w.DNS != nil {
		errs = append(errs, w.DNS.Close())
	}
	w.output.shut()
	return errors.Join(errs...)
}

// insecureKeys seal what is stored, and are the same in every World, for those that come
// after each other on one store: what one has left there another can read.
func insecureKeys() (*seal.Ring, error) {
	ring, err := seal.NewRing(seal.Key{ID: "accesssectest", Secret: sha256.Sum256([]byte("accesssectest: known to everybody"))})
	if err != nil {
		return nil, fmt.Errorf("accesssectest: %w", err)
	}
	return ring, nil
}
