package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	_ "embed" // the pages
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

//go:embed pages.html
var pagesHTML string

//go:embed style.css
var styleCSS string

// pages writes HTML. Everything in it is escaped by html/template, and no script runs.
type pages struct {
	all    *template.Template
	policy string
	slots  chan struct{} // of diagnoses at the same time
}

// newPages may send forms to http addresses where plain says so.
func newPages(plain bool) (*pages, error) {
	all, err := template.New("pages").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(styleCSS) },
		"when":  when,
		"side":  side,
		"sorted": func(m map[string][]string) []string {
			return slices.Sorted(maps.Keys(m))
		},
	}).Parse(pagesHTML)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(styleCSS))
	// Browsers hold form-action against redirects too, and a logout is redirected to
	// the provider.
	action := "https:"
	if plain {
		action = "https: http:"
	}
	return &pages{all: all, slots: make(chan struct{}, 2), policy: "default-src 'none'; style-src 'sha256-" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action " + action + "; base-uri 'none'; frame-ancestors 'none'"}, nil
}

func (p *pages) write(w http.ResponseWriter, status int, name string, data any) {
	var page bytes.Buffer
	if err := p.all.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, "The page can't be shown.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(page.Bytes())
}

func (p *pages) message(w http.ResponseWriter, status int, title, text string) {
	p.write(w, status, "message", map[string]string{"Title": title, "Text": text})
}

// start is the page of somebody who is not signed in.
func (p *pages) start(w http.ResponseWriter, a *app, now time.Time) {
	idp, err := a.provider.idp(now)
	data := map[string]any{"SP": a.sp, "Origin": a.origin, "Ours": shown(a.sp.Keys[0].Cert, now),
		"PEM": string(certificatePEM(a.sp.Keys[0].Cert)), "Publishes": a.publish.Encryption}
	if err != nil {
		data["Problem"] = tell(err)
		p.write(w, http.StatusServiceUnavailable, "start", data)
		return
	}
	var theirs []certificate
	for _, c := range idp.Certificates {
		theirs = append(theirs, shown(c, now))
	}
	data["IdP"], data["Theirs"], data["Product"], data["Kept"] = idp, theirs, idp.Product(), a.provider.state()
	p.write(w, http.StatusOK, "start", data)
}

// identity is the page of somebody who is.
func (p *pages) identity(w http.ResponseWriter, s *session, now time.Time) {
	p.write(w, http.StatusOK, "identity", map[string]any{
		"Identity": s.identity, "Certificate": shown(s.certificate, now), "Number": s.identity.Certificate + 1,
		"Until": s.until, "Report": s.report,
	})
}

// refuse shows all that is wrong with a response.
func (a *app) refuse(w http.ResponseWriter, seen report, err error, noCookie bool) {
	status := http.StatusForbidden
	if errors.Is(err, errFull) {
		status = http.StatusServiceUnavailable
	}
	code := "used or full"
	if e := (*saml.Error)(nil); errors.As(err, &e) {
		code = string(e.Code)
	}
	a.log.Printf("response refused: %s", code)
	a.pages.write(w, status, "refused", map[string]any{"Reason": err.Error(), "Report": seen, "NoCookie": noCookie, "Origin": a.origin})
}

func (a *app) unavailable(w http.ResponseWriter, err error) {
	a.pages.message(w, http.StatusServiceUnavailable, "Signing in does not work now", tell(err))
}

// report is the diagnosis of one response.
type report struct {
	At       time.Time
	Findings []saml.Finding
	XML      string
	Busy     bool // too many at the same time: no findings
}

// shownXML is how much of a response is kept for the page.
const shownXML = 128 << 10

// report makes all checks once more, and keeps what each found. refused is why the
// caller refuses, which may be for a check of its own.
func (a *app) report(idp *saml.IdP, m saml.Message, req *saml.Request, posted string, refused error, now time.Time) report {
	out := report{At: now, XML: decoded(posted)}
	select {
	case a.pages.slots <- struct{}{}:
		defer func() { <-a.pages.slots }()
	default:
		out.Busy = true
		return out
	}
	out.Findings = a.sp.Explain(idp, a.rules, m, req, now)
	failed := slices.ContainsFunc(out.Findings, func(f saml.Finding) bool { return f.Err != nil })
	if e := (*saml.Error)(nil); !failed && errors.As(refused, &e) {
		out.Findings = append(out.Findings, saml.Finding{Check: "domain", Saw: e.Received, Err: e})
	}
	return out
}

// decoded is the XML of a response, in lines. It is not parsed for this, so that what is
// shown is what came.
func decoded(posted string) string {
	if len(posted) > 2*shownXML {
		return fmt.Sprintf("%d bytes of base64, too long to show", len(posted))
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(posted), ""))
	if err != nil {
		return posted
	}
	const deepest = 16
	var out strings.Builder
	depth := 0
	for i, part := range strings.Split(strings.ToValidUTF8(string(raw), "\uFFFD"), "><") {
		if i > 0 {
			out.WriteString(">\n")
			part = "<" + part
		}
		if strings.HasPrefix(part, "</") {
			depth--
		}
		out.WriteString(strings.Repeat("  ", min(max(depth, 0), deepest)))
		out.WriteString(part)
		if !strings.HasPrefix(part, "</") && !strings.HasPrefix(part, "<?") && !strings.Contains(part, "</") && !strings.HasSuffix(part, "/") {
			depth++
		}
		if out.Len() > shownXML {
			return strings.ToValidUTF8(out.String()[:shownXML], "") + " ..."
		}
	}
	return out.String()
}

// certificate is one as an admin looks at it.
type certificate struct {
	Subject, SHA256 string
	State           saml.CertState
	Days            int
	NotAfter        time.Time
}

func shown(c *x509.Certificate, now time.Time) certificate {
	sum := sha256.Sum256(c.Raw)
	state, days := saml.CertificateState(c, now)
	return certificate{Subject: c.Subject.String(), SHA256: hex.EncodeToString(sum[:]), State: state, Days: days, NotAfter: c.NotAfter}
}

func certificatePEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// side is who fixes it, in words.
func side(s saml.Side) string {
	switch s {
	case saml.FixServiceProvider:
		return "the service provider"
	case saml.FixIdentityProvider:
		return "the identity provider"
	case saml.FixPerson:
		return "the person"
	}
	return "not known; it was broken on the way, or is an attack"
}

func when(t time.Time) string {
	if t.IsZero() {
		return "not said"
	}
	return t.UTC().Format("2006-01-02 15:04:05 MST")
}

// tell is an error as an admin needs it, on a page or in the terminal.
func tell(err error) string {
	var e *saml.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	out := err.Error()
	if e.Expected != "" {
		out += "; expected " + e.Expected
	}
	if e.Received != "" {
		out += "; received " + e.Received
	}
	if e.Hint != "" {
		out += ". What helps: " + e.Hint
	}
	return out
}
