// Package signin is the pages by which people come in, and the SAML endpoints that an
// identity provider talks to. It owns the words, the forms and the status codes; who
// is let in is decided by package accesssec, which it only asks.
//
// Below Service.Path it serves
//
//	GET, POST                      the address; then the ways in that it may be offered
//	POST      password             address and password
//	GET, POST link                 asks for a mail, and shows the form for its code
//	POST      link/code            that code, in the browser that has asked
//	GET, POST link/open            signs in by the link of that mail, there
//	GET, POST password/forgot      asks for a mail to set a password by; GET password/sent behind it
//	GET, POST password/reset       sets it, by the link
//	GET, POST signup               asks for a mail to make an account by; GET signup/sent behind it
//	GET, POST signup/finish        makes it, by the link
//	POST      google/start         to the OpenID provider
//	GET       google/callback      its answer (OpenID Connect Core 1.0, section 3.1.2.5)
//	GET, POST login/link           links the provider's login to the account that is signed in to
//	GET, POST code                 the code of a second factor, after a right password
//	GET, POST recover              a recovery code in its place
//	POST      sso/start            to the identity provider of a connection
//	GET       sso/again            there once more, when it has ended the session
//	POST      sso/{connection}/acs its answer (SAML 2.0 bindings, section 3.5)
//	GET, POST sso/{connection}/slo single logout, asked for there or here (saml-profiles 4.4)
//	GET       sso/{connection}/metadata
//	GET, POST signout              of this device or of all
//	GET, POST prove                the password again
//	POST      prove/sso            or a fresh single sign-on
//	POST      prove/google         or the OpenID provider once more
//	GET       factor               the person's second factor, and what they may do with it
//	GET       factor/soon          tells who came in without one that it will be needed
//	POST      factor/begin         set one up: GET factor shows its QR code until it is confirmed
//	POST      factor/confirm       the first code; answered with the recovery codes, once
//	POST      factor/codes.txt     those as a file: what the page has sent comes back
//	POST      factor/done          they are saved; ends the set-up that comes before all else
//	POST      factor/change        sign out, and set up another at the next sign-in
//	POST      factor/remove        by a code
//	POST      factor/codes         new recovery codes, by a code
//	GET, POST factor/reset         confirms what an Owner or Admin has asked for, by a link
//	GET, POST invitation           takes up an invitation, by its link
//	POST      request              asks an org to let in who was refused as no member
//
//	GET       security             the person's own page: address, password, second factor, devices
//	POST      security/password    another password, with the old one
//	POST      security/mail        a mail to set one by, for who has none or has forgotten it
//	POST      security/address     a mail to another address, which then takes the old one's place
//	GET, POST address/confirm      by its link
//	POST      security/end         signs out one device, or all others
//	POST      security/unlink      takes a login of the OpenID provider away
//	POST      enter                goes on in another org
//
// Hosts link to security from where people look for their own settings.
//
// Who comes by a link to what takes forms alone is sent to the page that has the form: a phone
// that has put an answer away loads its address anew.
//
// Links may carry next (a path to go to afterwards, see accesssec.SafePath) and org
// (the id of the org that is wanted).
//
// It refuses forms that another site has posted, all but the answer of an identity
// provider, which comes from another site by its nature and guards itself: do not wrap
// the handler in http.CrossOriginProtection, and let no proxy cache it. What it shows
// for an address depends on the domain of it alone. The pages need no scripts.
//
// Start at [New].
package signin

import (
	"cmp"
	"log/slog"
	"net/http"
	"strings"

	"github.com/accesssec/accesssec-go/accesssec"
)

// Options of the pages: every zero value is safe.
type Options struct {
	// Name is the product's, shown on every page. "" shows none.
	Name string
	// GoogleName is how people know the OpenID provider of accesssec.Options.Google. "" is
	// "Google".
	GoogleName string
	// After is where people go who came for no page in particular: a path of the
	// host's own. "" and what accesssec.SafePath refuses are "/".
	After string
	// Log gets the faults behind a 503, with the code the person was shown. nil
	// discards them.
	Log *slog.Logger
}

// handler is safe for concurrent use.
type handler struct {
	svc     *accesssec.Service
	name    string
	google  string
	after   string
	log     *slog.Logger
	foreign *http.CrossOriginProtection
}

// New serves everything under svc.Path: mount it there, with the prefix left on. The
// handler is safe for concurrent use and keeps nothing between requests.
func New(svc *accesssec.Service, opts *Options) http.Handler {
	if opts == nil {
		opts = &Options{}
	}
	h := &handler{
		svc: svc, name: opts.Name, google: cmp.Or(opts.GoogleName, "Google"), after: accesssec.SafePath(opts.After), log: opts.Log,
		foreign: http.NewCrossOriginProtection(),
	}
	if h.after == "" {
		h.after = "/"
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	return h
}

// endpoint is what is done at one path. HEAD is answered as GET.
type endpoint struct {
	get, post http.HandlerFunc
	crossSite bool // post comes from another site, and guards itself
}

func (h *handler) endpoint(route string) (endpoint, bool) {
	switch route {
	case "":
		return endpoint{get: h.askAddress, post: h.takeAddress}, true
	case "password":
		return endpoint{post: h.takePassword}, true
	case "sso/start":
		return endpoint{post: h.startSSO}, true
	case "sso/again":
		return endpoint{get: h.again}, true
	case "signout":
		return endpoint{get: h.askSignOut, post: h.signOut}, true
	case "prove/sso":
		return endpoint{post: h.proveSSO}, true
	case "prove":
		return endpoint{get: h.askProof, post: h.takeProof}, true
	case "invitation":
		return endpoint{get: h.askInvited, post: h.takeInvited}, true
	case "request":
		return endpoint{post: h.takeRequest}, true
	}
	for _, more := range []func(string) (endpoint, bool){h.factorEndpoint, h.mailEndpoint, h.googleEndpoint, h.ownEndpoint} {
		if e, ok := more(route); ok {
			return e, true
		}
	}
	rest, ok := strings.CutPrefix(route, "sso/")
	id, leaf, _ := strings.Cut(rest, "/")
	if !ok || word(id) == "" {
		return endpoint{}, false
	}
	switch leaf {
	case "acs":
		return endpoint{get: h.explainACS, post: func(w http.ResponseWriter, r *http.Request) { h.finishSSO(w, r, id) }, crossSite: true}, true
	case "slo":
		slo := func(w http.ResponseWriter, r *http.Request) { h.logout(w, r, id) }
		return endpoint{get: slo, post: slo, crossSite: true}, true
	case "metadata":
		return endpoint{get: func(w http.ResponseWriter, r *http.Request) { h.metadata(w, r, id) }}, true
	}
	return endpoint{}, false
}

// factorEndpoint is what is done at the paths of the second factor.
func (h *handler) factorEndpoint(route string) (endpoint, bool) {
	switch route {
	case "code":
		return endpoint{get: h.askCode, post: h.takeCode}, true
	case "recover":
		return endpoint{get: h.askRecoveryCode, post: h.takeRecoveryCode}, true
	case "factor":
		return endpoint{get: h.askFactor}, true
	case "factor/soon":
		return endpoint{get: h.askSoon}, true
	case "factor/begin":
		return endpoint{post: h.beginFactor}, true
	case "factor/confirm":
		return endpoint{post: h.confirmFactor}, true
	case "factor/codes.txt":
		return endpoint{post: h.downloadCodes}, true
	case "factor/done":
		return endpoint{post: h.finishSetUp}, true
	case "factor/change":
		return endpoint{post: h.changeFactor}, true
	case "factor/remove":
		return endpoint{post: h.removeFactor}, true
	case "factor/codes":
		return endpoint{post: h.renewCodes}, true
	case "factor/reset":
		return endpoint{get: h.askReset, post: h.confirmReset}, true
	}
	return endpoint{}, false
}

// ServeHTTP finds the endpoint, and keeps out what no endpoint should see.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route, ok := strings.CutPrefix(r.URL.Path, h.svc.Path())
	e, found := h.endpoint(route)
	switch {
	case !ok || !found:
		h.message(w, r, http.StatusNotFound, "Page not found", "There is nothing at this address.")
	case e.get != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		e.get(w, r)
	case e.get == nil && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		h.redirect(w, r, h.svc.Path()+pageOf(route))
	case e.post == nil || r.Method != http.MethodPost:
		w.Header().Set("Allow", e.allow())
		h.message(w, r, http.StatusMethodNotAllowed, "Nothing to see here", "This address is not a page to open. Start at the sign-in page.")
	case e.crossSite:
		e.post(w, r)
	case h.foreign.Check(r) != nil:
		h.message(w, r, http.StatusForbidden, "This form came from another site", "For your safety it was not accepted. Start at the sign-in page.")
	default:
		e.post(w, r)
	}
}

// pageOf is the page that a form stands on, by the route that takes it.
func pageOf(route string) string {
	switch page, _, _ := strings.Cut(route, "/"); page {
	case "factor", "security", "prove", "link":
		return page
	case "enter":
		return "security"
	}
	return ""
}

func (e endpoint) allow() string {
	switch {
	case e.post == nil:
		return "GET, HEAD"
	case e.get == nil:
		return "POST"
	}
	return "GET, HEAD, POST"
}
