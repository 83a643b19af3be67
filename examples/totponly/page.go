package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the pages
	"encoding/base64"
	"html/template"
	"net/http"
)

//go:embed pages.html
var pagesHTML string

//go:embed style.css
var styleCSS string

// page is all that a page may show.
type page struct {
	Alert     string
	Title     string // of a message
	Text      string
	Address   string
	Forced    bool // the factor is set up before anything else
	Unguarded bool // and until then the password is all there is
	QR        template.HTML
	Link      template.URL
	Secret    string
	Codes     []string
	Factor    *shownFactor // nil: none
}

type shownFactor struct {
	Since             string
	Set               string // the recovery codes, by name
	Left              int
	Few, Saved        bool
	NoApp, NoRecovery bool // disabled
}

// pages writes HTML. Everything in it is escaped by html/template, and no script runs.
type pages struct {
	all    *template.Template
	policy string
}

func newPages() (*pages, error) {
	all, err := template.New("pages").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(styleCSS) },
	}).Parse(pagesHTML)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(styleCSS))
	return &pages{all: all, policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}, nil
}

// guarded sets the headers of every answer, refusals of the router included. No cache may
// keep a secret or a code, no page may be framed, and no script runs, not even one of ours.
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
