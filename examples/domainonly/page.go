package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the pages
	"encoding/base64"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
)

//go:embed pages.html
var pagesHTML string

//go:embed style.css
var styleCSS string

// page is all that a page may show. What DNS said is hostile text: html/template escapes
// it, and domainclaim has bounded it and made it printable.
type page struct {
	Alert, Title   string
	Org, Name      string // the organization, by path and by name
	Others         map[string]string
	Now            time.Time
	Simulated      bool
	Typed, Address string // as it was sent
	Whose          string
	Claims         []shownClaim

	Claim   *shownClaim
	Zone    string // of the panel
	Panel   []record
	Weather string
}

type shownClaim struct {
	Path string
	domainclaim.Claim
	domainclaim.Guide
	Notices []shownNotice
}

type shownNotice struct {
	At         time.Time
	What, Text string
}

func shown(r row) (shownClaim, error) {
	c, err := r.read()
	s := shownClaim{Path: r.path(), Claim: c, Guide: c.Guide()}
	for _, n := range slices.Backward(r.notices) {
		s.Notices = append(s.Notices, shownNotice{n.at, n.what, n.text})
	}
	return s, err
}

// orgPage lists the claims of an org.
func (a *app) orgPage(w http.ResponseWriter, status int, org string, p page) {
	for _, r := range a.registry.memory.of(org) {
		s, err := shown(r)
		if err != nil {
			status, p.Alert = a.refuse(w, err)
			continue
		}
		p.Claims = append(p.Claims, s)
	}
	a.pages.write(w, status, "org", a.framed(org, p))
}

// claimPage is all about one claim.
func (a *app) claimPage(w http.ResponseWriter, status int, org, id, alert string) {
	r, err := a.registry.memory.row(org, id)
	var s shownClaim
	if err == nil {
		s, err = shown(r)
	}
	if err != nil {
		status, text := a.refuse(w, err)
		a.pages.write(w, status, "message", page{Title: text})
		return
	}
	p := page{Alert: alert, Claim: &s}
	if a.internet != nil {
		p.Zone = zoneOf(r.name)
		p.Panel, p.Weather = a.internet.of(p.Zone), a.internet.forecast()
	}
	a.pages.write(w, status, "claim", a.framed(org, p))
}

func (a *app) framed(org string, p page) page {
	p.Org, p.Name, p.Others = org, orgs()[org], orgs()
	p.Now, p.Simulated = a.clock.now(), a.internet != nil
	return p
}

// pages writes HTML. No script runs.
type pages struct {
	all    *template.Template
	policy string
}

func newPages() (*pages, error) {
	all, err := template.New("pages").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(styleCSS) },
		"time":  func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
		"long":  func(d time.Duration) string { return d.Round(time.Second).String() },
	}).Parse(pagesHTML)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(styleCSS))
	return &pages{all: all, policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}, nil
}

// guarded sets the headers of every answer, refusals of the router included.
func (p *pages) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", p.policy)
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

func (p *pages) write(w http.ResponseWriter, status int, name string, data page) {
	var out bytes.Buffer
	if err := p.all.ExecuteTemplate(&out, name, data); err != nil {
		http.Error(w, "The page can't be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(out.Bytes())
}
