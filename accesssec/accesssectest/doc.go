// Package accesssectest gives a host's own tests a whole world: an accesssec.Service
// behind a real HTTP server on loopback, a customer that is ready to sign in, and the
// customer's identity provider and DNS, the notices and the clock under the test's hand.
//
//	func TestLogin(t *testing.T) {
//		t.Parallel()
//		w := accesssectest.New(t, &accesssectest.Options{Handler: app.Routes})
//		ann, err := w.SignIn("ann@example.com")
//		if err != nil {
//			t.Fatal(err)
//		}
//		res, err := ann.Get(w.URL + "/reports")
//		// ...
//	}
//
// The customer is Acme: its domain example.com is verified, its connection is active,
// and whom its identity provider lets in becomes a member (IdP-managed access). The
// other switches are off; [World.ChangeSettings] turns them. Nobody has a second factor
// until [World.SetUpFactor] gives them one.
//
// It owns the parts around a host and none of the decisions: who comes in is decided by
// the same code as in production, over real HTTP, real DNS messages and signed SAML
// responses. Two things are weaker: passwords are hashed at
// next to no cost, and the key that seals what is stored is known to everybody.
//
// It refuses a clock, DNS or notifier that is not its own, and listens on 127.0.0.1
// alone. The identity provider vouches for anybody whom a test names, so a store that a
// World has used must never hold a real customer's data.
//
// Worlds share nothing, so tests with one each may run in parallel; see [Options.Store]
// for several on one database. Start at [New].
package accesssectest
