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
	url  string
	form string // base64 AuthnRequest; "" is a redirect
}

// URL is where the browser is sent: for a redirect the whole URL with the request in
// its query, for a form its action.
func (b *Bounce) URL() string { return b.url }

const bounceScript = `document.forms[0].submit()`

const bouncePage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Signing in</title></head>
<body><form method="post" action="{{.URL}}"><input type="hidden" name="SAMLRequest" value="{{.Request}}">
<p>You are being sent to your organization's sign-in page.</p><button type="submit">Continue</button></form>
<script>` + bounceScript + `</script></body></html>
`

// ServeHTTP writes the redirect or the page. It reads nothing of the request but its
// method, so it can be called from any handler that has kept the Request.
func (b *Bounce) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "strict-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	if b.form == "" {
		http.Redirect(w, r, b.url, http.StatusSeeOther)
		return
	}
	page, err := b.page()
	if err != nil {
		http.Error(w, "the sign-in page could not be written", http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256([]byte(bounceScript))
	// Browsers apply form-action to the redirects behind the form too, and where the
	// provider redirects to is its own affair: so it names schemes, not the host.
	action := "https:"
	if strings.HasPrefix(b.url, "http:") {
		action = "https: http:"
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'sha256-"+
		base64.StdEncoding.EncodeToString(sum[:])+"'; form-action "+action+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.Write(page)
}

func (b *Bounce) page() ([]byte, error) {
	t, err := template.New("bounce").Parse(bouncePage)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	err = t.Execute(&buf, struct{ URL, Request string }{b.url, b.form})
	return buf.Bytes(), err
}
