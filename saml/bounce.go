package saml

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
)

// Bounce sends a browser to the identity provider: a 303 redirect, or a page whose
// form posts itself (by a button where scripts are off).
type Bounce struct {
	url     string
	field   string // the name of form
	form    string // base64 document; "" is a redirect
	relay   string // "" is none
	purpose purpose
}

// purpose is what the browser is sent for.
type purpose int

const (
	signIn purpose = iota
	signOut
	answer // to a logout request; may be shown in a frame
)

// URL is where the browser is sent: for a redirect the whole URL with the message in
// its query, for a form its action.
func (b *Bounce) URL() string { return b.url }

const bounceScript = `document.forms[0].submit()`

const bouncePage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title></head>
<body><form method="post" action="{{.URL}}"><input type="hidden" name="{{.Field}}" value="{{.Form}}">
{{- with .Relay}}<input type="hidden" name="RelayState" value="{{.}}">{{end}}
<p>{{.Text}}</p><button type="submit">Continue</button></form>
<script>` + bounceScript + `</script></body></html>
`

// ServeHTTP writes the redirect or the page. It reads nothing of the request but its
// method, so it can be called from any handler that has kept the Request.
//
// The page runs one script, allowed by its hash, and no other site can frame it. The
// page of AnswerLogout is the exception: a provider that signs a person out everywhere
// loads the logout address of each application in a frame, from whatever host it
// likes, and the answer has to leave that frame by itself. So it names no
// frame-ancestors, and it takes off an X-Frame-Options that a middleware has set. There
// is nothing on it to be tricked into: its one button sends an answer that is already
// signed back to where the question came from.
func (b *Bounce) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "strict-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	if b.purpose == answer {
		h.Del("X-Frame-Options")
	}
	if b.form == "" {
		h.Set("Content-Security-Policy", "default-src 'none'") // and no rule about frames
		http.Redirect(w, r, b.url, http.StatusSeeOther)
		return
	}
	page, err := b.page()
	if err != nil {
		http.Error(w, "the page could not be written", http.StatusInternalServerError)
		return
	}
	h.Set("Content-Security-Policy", b.policy())
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.Write(page)
}

// policy is the Content-Security-Policy of the page.
func (b *Bounce) policy() string {
	sum := sha256.Sum256([]byte(bounceScript))
	// Browsers apply form-action to the redirects behind the form too, and where the
	// provider redirects to is its own affair: so it names schemes, not the host.
	action := "https:"
	if strings.HasPrefix(b.url, "http:") {
		action = "https: http:"
	}
	policy := "default-src 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action " + action + "; base-uri 'none'"
	if b.purpose != answer {
		policy += "; frame-ancestors 'none'"
	}
	return policy
}

func (b *Bounce) page() ([]byte, error) {
	t, err := template.New("bounce").Parse(bouncePage)
	if err != nil {
		return nil, err
	}
	title, text := "Signing in", "You are being sent to your organization's sign-in page."
	if b.purpose != signIn {
		title, text = "Signing out", "You are being signed out at your organization as well."
	}
	var buf bytes.Buffer
	err = t.Execute(&buf, struct{ Title, Text, URL, Field, Form, Relay string }{title, text, b.url, b.field, b.form, b.relay})
	return buf.Bytes(), err
}
