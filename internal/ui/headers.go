package ui

import (
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
)

// SetHeaders sets what protects a page: no scripts, no frames, no other site's parts,
// no copies in caches, and no address of the page told to other sites.
//
// The referrer policy is same-origin and not no-referrer, because with the latter
// browsers post our own forms with the Origin "null", which a browser without
// Sec-Fetch-Site could then not tell from another site's.
//
// With formsLeave a form may end on another site. Chrome holds form-action also
// against the redirects that follow a form, and where an identity provider sends the
// browser next is its own affair, so the policy then names a scheme and no host.
// Plain http is added for a loopback host alone, where an identity provider of a
// developer may run.
func SetHeaders(w http.ResponseWriter, r *http.Request, formsLeave bool) {
	forms := "'self'"
	if formsLeave {
		forms += " https:"
		if loopback(r.Host) {
			forms += " http:"
		}
	}
	sum := sha256.Sum256([]byte(style))
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; img-src 'self'; form-action "+forms+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// loopback reports whether the Host header names this machine.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
