// Scimonly is a SCIM service provider on package scim alone: no Store, no Service. It is two
// things at once. To read: this file is all that a host writes, but for a Backend over its own
// database in place of the one in memory. To use: any client or test tool can be pointed at it,
// and each request is printed with what it came to and with what in it breaks the standard.
//
//	go run ./examples/scimonly                     prints its URL and a token
//	go run ./examples/scimonly -profile strict     tells a client's author what is wrong
//	go run ./examples/scimonly -listen :8080 -origin https://a-tunnel.example.com -profile entra
//	go run ./examples/scimonly -check              walks through all of it
//
// There are two tenants, each with a token and a directory of its own. All is forgotten at the
// end.
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/scim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "scimonly:", err)
		os.Exit(1)
	}
}

// basePath is where SCIM is mounted.
const basePath = "/scim/v2"

// app is a service with two tenants.
type app struct {
	tenants map[[sha256.Size]byte]scim.Tenant // by the digest of their token
	log     *log.Logger
}

func newApp(o options, origin string, log *log.Logger) *app {
	a := &app{tenants: map[[sha256.Size]byte]scim.Tenant{}, log: log}
	for name, token := range map[string]string{"acme": o.token, "globex": o.token2} {
		a.tenants[sha256.Sum256([]byte(token))] = scim.Tenant{
			Backend: scim.NewMemory(nil, time.Now),
			Profile: scim.Profile(o.profile),
			Scope:   name,
			BaseURL: origin + basePath,
		}
	}
	return a
}

func (a *app) routes() (http.Handler, error) {
	h, err := scim.NewHandler(a.tenant, &scim.Options{BasePath: basePath, Served: a.served, Event: a.event})
	if err != nil {
		return nil, err
	}
	return scim.Mount(basePath, h, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "SCIM is at "+basePath+".", http.StatusNotFound)
	})), nil
}

// region tenant

// tenant finds whose the token is. Digests are compared, so that the time it takes says
// nothing of a token.
func (a *app) tenant(r *http.Request) (scim.Tenant, error) {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(kind, "Bearer") {
		if tenant, ok := a.tenants[sha256.Sum256([]byte(token))]; ok && token != "" {
			return tenant, nil
		}
	}
	return scim.Tenant{}, &scim.Error{Status: http.StatusUnauthorized, Detail: "This needs a token: Authorization: Bearer and the token that was printed at the start."}
}

// endregion

// served prints what a request came to.
func (a *app) served(_ context.Context, r scim.Request) {
	line := fmt.Sprintf("%s %s: %d", r.Method, shortened(r.Path), r.Status)
	if r.Detail != "" {
		line += fmt.Sprintf(" %s %q", r.ErrorType, r.Detail)
	}
	if len(r.Tolerated) > 0 {
		line += fmt.Sprintf(" tolerated %q", r.Tolerated)
	}
	if len(r.Skipped) > 0 {
		line += fmt.Sprintf(" members that are nobody %q", r.Skipped)
	}
	a.log.Print(line)
}

// event prints what has changed. A host deactivates sessions here, or tells other systems.
func (a *app) event(_ context.Context, e scim.Event) {
	line := fmt.Sprintf("  %s %s %s", strings.TrimPrefix(e.Type, "urn:ietf:params:scim:event:"), e.ResourceType, e.ID)
	if len(e.Attributes) > 0 {
		line += fmt.Sprintf(" %q", e.Attributes)
	}
	if e.Replaced {
		line += " all members replaced:"
	}
	if len(e.Added)+len(e.Removed) > 0 {
		line += fmt.Sprintf(" +%d -%d members", len(e.Added), len(e.Removed))
	}
	a.log.Print(line)
}

func shortened(path string) string {
	if len(path) > 200 {
		path = path[:200] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, path)
}
