package main

import (
	"errors"
	"log"
	"math"
	"net/http"
	"strconv"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// app is the site.
type app struct {
	registry *registry
	internet *internet // nil: DNS is real
	clock    *clock
	pages    *pages
	host     string // and port, as browsers see them
	log      *log.Logger
}

// orgs are those that use the site, by the part of the path that is theirs. Anybody may
// speak for either here; in a site it is the org of who is signed in.
func orgs() map[string]string { return map[string]string{"acme": "Acme", "globex": "Globex"} }

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/acme", http.StatusSeeOther) })
	mux.HandleFunc("GET /{org}", a.showOrg)
	mux.HandleFunc("POST /{org}", a.takeClaim)
	mux.HandleFunc("POST /{org}/whose", a.whose)
	mux.HandleFunc("GET /{org}/claims/{id}", a.showClaim)
	mux.HandleFunc("POST /{org}/claims/{id}/verify", a.verify)
	mux.HandleFunc("POST /{org}/claims/{id}/withdraw", a.withdraw)
	if a.internet != nil {
		mux.HandleFunc("POST /{org}/claims/{id}/add", a.panel(a.addRecord))
		mux.HandleFunc("POST /{org}/claims/{id}/remove", a.panel(a.removeRecord))
		mux.HandleFunc("POST /{org}/claims/{id}/weather", a.panel(a.changeWeather))
		mux.HandleFunc("POST /{org}/claims/{id}/clock", a.panel(a.forward))
	}
	// A form on another site reaches no handler: browsers say where a request comes from,
	// in headers that no script can write.
	return a.pages.guarded(a.atHome(http.NewCrossOriginProtection().Handler(bounded(mux))))
}

// atHome refuses requests to any other host. There is no login here, so a page of somebody
// else's whose name leads to this machine (DNS rebinding) could use the site as its own.
func (a *app) atHome(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != a.host {
			http.Error(w, "This site is at http://"+a.host+" alone.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// mostForm is more than any form here has, in bytes.
const mostForm = 8 << 10

// bounded reads the form of a POST before any handler does, which looks at PostForm alone.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, mostForm)
		if err := r.ParseForm(); err != nil {
			status := http.StatusBadRequest
			if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, "This form can't be read.", status)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// org is the one of the path.
func (a *app) org(w http.ResponseWriter, r *http.Request) (string, bool) {
	id := r.PathValue("org")
	if _, ok := orgs()[id]; !ok {
		a.pages.write(w, http.StatusNotFound, "message", page{Title: "There is no such organization"})
		return "", false
	}
	return id, true
}

func (a *app) showOrg(w http.ResponseWriter, r *http.Request) {
	if org, ok := a.org(w, r); ok {
		a.orgPage(w, http.StatusOK, org, page{})
	}
}

// takeClaim starts a claim. That proves nothing, takes nothing from anybody, and keeps
// nobody else from doing the same.
func (a *app) takeClaim(w http.ResponseWriter, r *http.Request) {
	org, ok := a.org(w, r)
	if !ok {
		return
	}
	typed := r.PostForm.Get("name")
	claimed, err := a.registry.claim(org, typed, r.PostForm.Get("subdomains") != "")
	if err != nil {
		status, text := a.refuse(w, err)
		a.orgPage(w, status, org, page{Alert: text, Typed: typed})
		return
	}
	a.log.Printf("%s: %s: claimed", org, claimed.name)
	if a.internet != nil {
		a.internet.register(zoneOf(claimed.name))
	}
	http.Redirect(w, r, claimed.path(), http.StatusSeeOther)
}

// whose says whose rules count for an address: what all of this is for.
func (a *app) whose(w http.ResponseWriter, r *http.Request) {
	org, ok := a.org(w, r)
	if !ok {
		return
	}
	address := r.PostForm.Get("address")
	owner, err := a.registry.owner(address)
	shown := page{Address: address}
	status := http.StatusOK
	switch {
	case err == nil:
		shown.Whose = "This address belongs to " + orgs()[owner] + "."
	case errors.Is(err, errGone):
		shown.Whose = "This address belongs to no organization."
	default:
		status, shown.Alert = a.refuse(w, err)
	}
	a.orgPage(w, status, org, shown)
}

func (a *app) showClaim(w http.ResponseWriter, r *http.Request) {
	if org, ok := a.org(w, r); ok {
		a.claimPage(w, http.StatusOK, org, r.PathValue("id"), "")
	}
}

func (a *app) verify(w http.ResponseWriter, r *http.Request) {
	if org, ok := a.org(w, r); ok {
		a.done(w, r, org, a.registry.verify(r.Context(), org, r.PathValue("id")))
	}
}

func (a *app) withdraw(w http.ResponseWriter, r *http.Request) {
	if org, ok := a.org(w, r); ok {
		a.done(w, r, org, a.registry.withdraw(org, r.PathValue("id")))
	}
}

// done shows the claim once more, and what was wrong.
func (a *app) done(w http.ResponseWriter, r *http.Request, org string, err error) {
	id := r.PathValue("id")
	if err != nil {
		status, text := a.refuse(w, err)
		a.claimPage(w, status, org, id, text)
		return
	}
	http.Redirect(w, r, row{org: org, id: id}.path(), http.StatusSeeOther)
}

// path is where the claim is shown.
func (r row) path() string { return "/" + r.org + "/claims/" + r.id }

// refuse is the status and the words for an error. What is not known here is a fault, which
// is for the log.
func (a *app) refuse(w http.ResponseWriter, err error) (int, string) {
	var name *domainclaim.NameError
	var address *domainclaim.AddressError
	var often *oftenError
	switch {
	case errors.As(err, &name):
		return http.StatusUnprocessableEntity, "This domain can't be claimed: " + name.Hint + "."
	case errors.As(err, &address):
		return http.StatusUnprocessableEntity, "This is no address: " + address.Hint + "."
	case errors.Is(err, errRecord):
		return http.StatusUnprocessableEntity, err.Error() + "."
	case errors.As(err, &often):
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(often.wait.Seconds()))))
		return http.StatusTooManyRequests, "DNS was looked at many times in a row. Wait a minute; it is looked at in the background as well."
	case errors.Is(err, errTaken):
		return http.StatusConflict, "You have claimed this domain already."
	case errors.Is(err, errFull):
		return http.StatusConflict, "You have as many claims as there can be. Withdraw one."
	case errors.Is(err, errConflict):
		return http.StatusConflict, "Somebody else has changed this claim at the same moment. This is how it stands now."
	case errors.Is(err, errGone):
		return http.StatusNotFound, "There is no such claim."
	}
	a.log.Printf("fault: %v", err)
	return http.StatusServiceUnavailable, "This does not work at the moment. Try again later."
}
