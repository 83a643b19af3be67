package samltest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The names of the sign-in form's fields, by which [Login] knows it.
const (
	fieldTicket = "ticket"
	fieldPerson = "person"
	fieldAttack = "attack"
)

func (idp *IdP) serveSSO(w http.ResponseWriter, r *http.Request) {
	if sp := r.URL.Query().Get("sp"); sp != "" && isRead(r) {
		if _, err := idp.provider(sp); err != nil {
			refuse(w, err)
			return
		}
		idp.writePeople(w, Request{Issuer: sp, RelayState: r.URL.Query().Get("RelayState")})
		return
	}
	req, err := idp.ReadRequest(r)
	if err != nil {
		refuse(w, err)
		return
	}
	if req.Passive {
		answer, err := idp.answer(req, Person{Email: "nobody@invalid"}, nil)
		if err != nil {
			refuse(w, err)
			return
		}
		writeAnswer(w, answer)
		return
	}
	idp.writePeople(w, req)
}

func (idp *IdP) serveLogin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	if err := r.ParseForm(); err != nil {
		refuse(w, fmt.Errorf("%w: the form cannot be read", ErrRequest))
		return
	}
	req, err := idp.openTicket(r.PostForm.Get(fieldTicket))
	if err != nil {
		refuse(w, err)
		return
	}
	person, ok := idp.person(r.PostForm.Get(fieldPerson))
	if !ok {
		refuse(w, fmt.Errorf("%w: no such person", ErrRequest))
		return
	}
	var attacks []Attack
	for _, name := range r.PostForm[fieldAttack] {
		attacks = append(attacks, Attack(name))
	}
	answer, err := idp.answer(req, person, attacks)
	if err != nil {
		refuse(w, err)
		return
	}
	writeAnswer(w, answer)
}

// startable is a service provider as the start page shows it.
type startable struct {
	Name, URL string
	Sessions  []Session
	Bindings  []Binding
}

func (idp *IdP) serveStart(w http.ResponseWriter, _ *http.Request) {
	var all []startable
	idp.mu.RLock()
	for _, id := range sortedKeys(idp.providers) {
		s := startable{Name: id, URL: idp.SSOURL() + "?sp=" + url.QueryEscape(id)}
		for _, e := range idp.providers[id].logout {
			if slices.Contains(idp.product.logout, e.binding) {
				s.Bindings = append(s.Bindings, e.binding)
			}
		}
		all = append(all, s)
	}
	idp.mu.RUnlock()
	for i := range all {
		if all[i].Sessions = idp.Sessions(all[i].Name); len(all[i].Sessions) > maxShown {
			all[i].Sessions = all[i].Sessions[len(all[i].Sessions)-maxShown:]
		}
	}
	writePage(w, startPage, http.StatusOK, map[string]any{"Providers": all, "SSO": idp.SSOURL(), "Logout": idp.base + "/logout"})
}

// maxShown is how many sessions of a service provider the start page lists.
const maxShown = 100

func (idp *IdP) writePeople(w http.ResponseWriter, req Request) {
	ticket, err := idp.sealTicket(req)
	if err != nil {
		refuse(w, err)
		return
	}
	writePage(w, peoplePage, http.StatusOK, map[string]any{
		"Action": idp.base + "/login", "Ticket": ticket, "Provider": req.Issuer,
		"People": idp.people, "Attacks": Attacks(),
	})
}

func writeAnswer(w http.ResponseWriter, answer Response) {
	form := url.Values{fieldResponse: {answer.SAMLResponse}}
	if answer.RelayState != "" {
		form.Set("RelayState", answer.RelayState)
	}
	writeForm(w, "Signing you in", answer.ACS, form)
}

// writeForm writes a form that posts itself.
func writeForm(w http.ResponseWriter, title, action string, form url.Values) {
	writePage(w, answerPage, http.StatusOK, map[string]any{"Title": title, "Action": action, "Form": form})
}

// refuse shows the reason: whoever sees this page is testing.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	if errors.Is(err, ErrUntrusted) {
		status = http.StatusForbidden
	}
	writePage(w, refusalPage, status, err.Error())
}

// sealTicket carries a checked request through the sign-in page, so that the page
// cannot change it and nothing needs to be kept.
func (idp *IdP) sealTicket(req Request) (string, error) {
	body, err := json.Marshal(req)
	if err != nil {
		return "", fmt.Errorf("samltest: write ticket: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode(body) + "." + encode(idp.ticketMAC(body)), nil
}

func (idp *IdP) openTicket(ticket string) (Request, error) {
	first, second, _ := strings.Cut(ticket, ".")
	body, err := base64.RawURLEncoding.DecodeString(first)
	mac, macErr := base64.RawURLEncoding.DecodeString(second)
	if err != nil || macErr != nil || !hmac.Equal(mac, idp.ticketMAC(body)) {
		return Request{}, fmt.Errorf("%w: the ticket is not from this sign-in page", ErrRequest)
	}
	var req Request
	if err := json.Unmarshal(body, &req); err != nil {
		return Request{}, fmt.Errorf("%w: the ticket cannot be read", ErrRequest)
	}
	return req, nil
}

func (idp *IdP) ticketMAC(body []byte) []byte {
	mac := hmac.New(sha256.New, idp.ticketKey)
	mac.Write(body)
	return mac.Sum(nil)
}

// writePage allows exactly the style and the script of this package. There is no
// form-action: browsers hold it also against where the service provider redirects
// after it took the form.
func writePage(w http.ResponseWriter, page *template.Template, status int, data any) {
	var b strings.Builder
	if err := page.Execute(&b, data); err != nil {
		http.Error(w, "samltest: the page cannot be written", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+hashSource(style)+
		"; script-src "+hashSource(script)+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write([]byte(b.String()))
}

func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
