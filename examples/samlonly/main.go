// Samlonly is a service provider on package saml alone: no Store, no Service, no pages of
// ours. It is two things at once. To read: this file is all of the service provider, and
// what it keeps in memory a service keeps in its database. To use: it tries any identity
// provider in one command, and shows who signed in or everything that is wrong.
//
//	go run ./examples/samlonly -metadata https://idp.example.com/metadata
//	go run ./examples/samlonly -metadata idp.xml -key sp.pem -origin https://a-tunnel.example.com
//	go run ./examples/samlonly          with a simulated provider, on a second port
//	go run ./examples/samlonly -check   walks through all of it without a browser
//
// It shows an admin what a service must not show a person: there, a refusal is its
// Error() and no more, and the findings are for the connection's admins. Who runs it
// behind a tunnel lets everybody see them who can post a response to it.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "samlonly:", err)
		os.Exit(1)
	}
}

// app is a service provider with one connection.
type app struct {
	origin   string // scheme and host, as browsers see them
	sp       *saml.SP
	provider *provider // the other side, by its metadata
	rules    *saml.Rules
	ask      *saml.StartOptions
	publish  *saml.MetadataOptions
	binding  saml.Binding // of sign-in requests; "": what the metadata prefers
	domains  []string     // whose addresses the provider may assert; none: any
	memory   *memory
	pages    *pages
	log      *log.Logger
}

// The cookies. Both are of this host alone (__Host-), Secure and HttpOnly. Chromium and
// Firefox take http://localhost for trustworthy and keep Secure cookies there; Safari
// does not, and needs https.
//
// The first binds a sign-in or a logout to the browser that began it. The answer is
// posted from the provider's site, so it has to be SameSite=None. The second is the
// session, which no other site needs: Lax, and a new one for each sign-in.
const (
	browserCookie = "__Host-samlonly-browser"
	sessionCookie = "__Host-samlonly-session"
)

func (a *app) routes() http.Handler {
	own := http.NewCrossOriginProtection() // for forms of ours; what providers send is from another site by nature
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /login", a.login)
	mux.HandleFunc("POST "+path(a.sp.ACS), a.acs)
	mux.Handle("POST /logout", own.Handler(http.HandlerFunc(a.logout)))
	if a.sp.SLO != "" {
		mux.HandleFunc("GET "+path(a.sp.SLO), a.slo)
		mux.HandleFunc("POST "+path(a.sp.SLO), a.slo)
	}
	mux.HandleFunc("GET /metadata", a.metadata)
	mux.HandleFunc("GET /certificate.pem", a.certificate)
	return mux
}

// home shows who is signed in, or how to sign in and what to tell the provider.
func (a *app) home(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	if s := a.memory.session(cookie(r, sessionCookie), now); s != nil {
		a.pages.identity(w, s, now)
		return
	}
	a.pages.start(w, a, now)
}

// login sends the browser to the provider.
func (a *app) login(w http.ResponseWriter, r *http.Request) {
	binding := a.binding
	switch by := r.URL.Query().Get("binding"); by {
	case "":
	case string(saml.Redirect), string(saml.POST):
		binding = saml.Binding(by)
	default:
		a.pages.message(w, http.StatusBadRequest, "No such binding", "It is redirect or post.")
		return
	}
	a.begin(w, r, binding, false)
}

func (a *app) begin(w http.ResponseWriter, r *http.Request, binding saml.Binding, bounced bool) {
	now := time.Now()
	idp, err := a.provider.idp(now)
	if err != nil {
		a.unavailable(w, err)
		return
	}
	there := *idp
	if binding != "" {
		there.SSO.Binding = binding
	}
	request, bounce, err := a.sp.Start(&there, a.ask, now)
	if err == nil {
		err = a.memory.wait(request, attempt{purpose: toSignIn, browser: a.browser(w, r), bounced: bounced}, now)
	}
	if err != nil {
		a.unavailable(w, err)
		return
	}
	bounce.ServeHTTP(w, r)
}

// acs takes the provider's answer.
func (a *app) acs(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	idp, err := a.provider.idp(now)
	if err != nil {
		a.unavailable(w, err)
		return
	}
	browser := cookie(r, browserCookie)
	message, _ := saml.ReadMessage(w, r) // Finish refuses one that could not be read
	request := a.memory.take(toSignIn, message.InResponseTo(), browser)
	identity, err := a.sp.Finish(idp, a.rules, message, request, now)

	var refusal *saml.Error
	if errors.As(err, &refusal) && refusal.Code == saml.CodeUnsolicited && !a.memory.bounced(browser, now) {
		// It came from the provider's portal, which is not allowed here. Sent through a
		// request of ours such a person comes in all the same; once, because a provider
		// that answers without InResponseTo would be asked for ever.
		a.begin(w, r, a.binding, true)
		return
	}
	if err == nil && !a.mayAssert(identity.Email) {
		err = &saml.Error{Code: saml.CodeIdentifier, Fix: saml.FixIdentityProvider, Received: identity.Email,
			Expected: "an address at " + strings.Join(a.domains, " or "), Hint: idp.Hint(saml.CodeIdentifier)}
	}
	seen := a.report(idp, message, request, r.PostForm.Get("SAMLResponse"), err, now)
	if err != nil {
		a.refuse(w, seen, err, message.InResponseTo() != "" && browser == "")
		return
	}

	// One assertion opens one session: burned and opened in one step.
	token := rand.Text()
	s := &session{identity: identity, certificate: idp.Certificates[identity.Certificate], report: seen}
	if err := a.memory.signIn(token, s, now); err != nil {
		a.refuse(w, seen, err, false)
		return
	}
	a.memory.signOut(cookie(r, sessionCookie)) // the one before, if any
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: token, Path: "/",
		Expires: s.until, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	a.log.Printf("signed in, assertion verified by certificate %d", identity.Certificate+1)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// mayAssert is the check that package saml leaves to the caller, because a provider can
// assert any address: whether the customer behind the connection owns the domain.
func (a *app) mayAssert(email string) bool {
	if len(a.domains) == 0 {
		return true
	}
	domain := email[strings.LastIndex(email, "@")+1:]
	for _, d := range a.domains {
		if strings.EqualFold(d, domain) {
			return true
		}
	}
	return false
}

// logout ends the session here, and then asks the provider to end its own.
func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	s := a.memory.signOut(cookie(r, sessionCookie))
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	if s == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	idp, err := a.provider.idp(now)
	if err != nil {
		a.pages.message(w, http.StatusOK, "Signed out here", "The provider cannot be told: "+tell(err))
		return
	}
	if a.sp.SLO == "" || idp.SLO.URL == "" {
		a.pages.message(w, http.StatusOK, "Signed out here", "There is no single logout with this provider, so its own session goes on.")
		return
	}
	request, bounce, err := a.sp.StartLogout(idp, s.identity.NameID, s.identity.SessionIndex, nil, now)
	if err == nil {
		err = a.memory.wait(request, attempt{purpose: toSignOut, browser: a.browser(w, r)}, now)
	}
	if err != nil {
		a.pages.message(w, http.StatusOK, "Signed out here", "The provider cannot be told: "+tell(err))
		return
	}
	bounce.ServeHTTP(w, r)
}

// slo takes logout messages, by either binding: requests of the provider, and its
// answers to ours.
func (a *app) slo(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	message, err := saml.ReadLogout(w, r)
	var idp *saml.IdP
	if err == nil {
		idp, err = a.provider.idp(now)
	}
	if err == nil && message.IsRequest() {
		err = a.obey(w, r, idp, message, now)
	} else if err == nil {
		err = a.loggedOut(w, r, idp, message, now)
	}
	if err != nil {
		a.log.Printf("logout message refused: %v", err)
		a.pages.message(w, http.StatusForbidden, "This logout message is refused", tell(err))
	}
}

// obey ends the sessions that a verified request names. No cookie plays a part: a
// provider that logs out in a frame brings none of ours.
func (a *app) obey(w http.ResponseWriter, r *http.Request, idp *saml.IdP, message saml.LogoutMessage, now time.Time) error {
	logout, err := a.sp.ReceiveLogout(idp, a.rules, message, now)
	if err != nil {
		return err
	}
	ended, err := a.memory.signOutAll(logout, func(id *saml.Identity) bool {
		return a.sp.Ends(idp, logout, id.NameID, id.SessionIndex)
	}, now)
	if err != nil {
		return err
	}
	a.log.Printf("logged out by the provider, sessions: %d", ended)
	answer, err := a.sp.AnswerLogout(idp, logout, true, now)
	if err != nil {
		return err
	}
	answer.ServeHTTP(w, r)
	return nil
}

// loggedOut reads the answer to a logout that this browser began.
func (a *app) loggedOut(w http.ResponseWriter, r *http.Request, idp *saml.IdP, message saml.LogoutMessage, now time.Time) error {
	request := a.memory.take(toSignOut, message.InResponseTo(), cookie(r, browserCookie))
	err := a.sp.FinishLogout(idp, a.rules, message, request, now)
	var refusal *saml.Error
	switch {
	case err == nil:
		a.pages.message(w, http.StatusOK, "Signed out everywhere", "The session here is over, and so is the one at the provider.")
	case errors.As(err, &refusal) && refusal.Code == saml.CodeStatus:
		a.pages.message(w, http.StatusOK, "Signed out here", "The provider says that not everything is over: "+tell(err))
	default:
		return err
	}
	return nil
}

// metadata is our side as a file.
func (a *app) metadata(w http.ResponseWriter, _ *http.Request) {
	xml, err := a.sp.Metadata(a.publish)
	if err != nil {
		a.unavailable(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(xml)
}

// certificate is for providers that want it as a file.
func (a *app) certificate(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(certificatePEM(a.sp.Keys[0].Cert))
}

// browser is what the browser is known by while it is away. It proves nothing else, so
// it can stay what it was.
func (a *app) browser(w http.ResponseWriter, r *http.Request) string {
	if value := cookie(r, browserCookie); value != "" {
		return value
	}
	value := rand.Text()
	http.SetCookie(w, &http.Cookie{Name: browserCookie, Value: value, Path: "/",
		Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode})
	return value
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// path is where a URL of ours is served.
func path(of string) string {
	u, err := url.Parse(of)
	if err != nil {
		return "/" // checked when it was set
	}
	return u.Path
}
