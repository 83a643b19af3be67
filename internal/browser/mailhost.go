package main

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/signin"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// mailHost is a host with the pages and one page of its own, whose mails are kept for whoever
// walks, which has an OpenID provider on a site of its own, and whose clock goes ahead when it is told to.
type mailHost struct {
	origin string
	svc    *accesssec.Service
	server *http.Server
	openID *accesssectest.OpenID
	ahead  atomic.Int64

	mu    sync.Mutex
	mails []accesssec.Notice
}

var hello = template.Must(template.New("hello").Parse(`<!DOCTYPE html><html lang="en"><title>Host</title><h1>Hello {{.FirstName}} {{.LastName}}</h1>`))

func startMailHost() (*mailHost, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	h := &mailHost{origin: "http://localhost:" + port}
	if h.openID, err = accesssectest.NewOpenID(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	h.svc, err = accesssec.New(memory.New(), h.origin, seal.GenerateRing(), &accesssec.Options{
		Notify: h, Now: h.now, Google: h.openID, Support: "help@host.example",
		Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true}),
	})
	if err != nil {
		return nil, errors.Join(err, h.openID.Close(), listener.Close())
	}
	h.openID.ReturnTo(h.origin+h.svc.Path()+"google/callback", h.now)
	mux := http.NewServeMux()
	mux.Handle(h.svc.Path(), signin.New(h.svc, &signin.Options{Name: "Host"}))
	mux.Handle("/", h.svc.Protect(http.HandlerFunc(h.greet)))
	h.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go h.server.Serve(listener)
	return h, nil
}

func (h *mailHost) close() error { return errors.Join(h.server.Close(), h.openID.Close()) }

func (h *mailHost) now() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

// Notify keeps a mail.
func (h *mailHost) Notify(_ context.Context, n accesssec.Notice) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mails = append(h.mails, n)
	return nil
}

// mail is what the newest mail of a kind says.
func (h *mailHost) mail(ctx context.Context, kind accesssec.Template, value string) (string, error) {
	for range 2 { // one decides about a mail that was asked for, the next delivers it
		if _, err := h.svc.Tick(ctx); err != nil {
			return "", err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.mails) - 1; i >= 0; i-- {
		if text := h.mails[i].Values[value]; h.mails[i].Template == kind && text != "" {
			return text, nil
		}
	}
	return "", fmt.Errorf("no mail %s with a %s", kind, value)
}

// greet is the host's page.
func (h *mailHost) greet(w http.ResponseWriter, r *http.Request) {
	p, _ := accesssec.FromContext(r.Context())
	profile, err := h.svc.Me(p).Profile(r.Context())
	if err != nil {
		http.Error(w, "no profile", http.StatusInternalServerError)
		return
	}
	if err := hello.Execute(w, profile); err != nil {
		http.Error(w, "no page", http.StatusInternalServerError)
	}
}
