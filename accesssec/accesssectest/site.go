package accesssectest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// closing is how long a site waits for requests in flight before it cuts them off.
const closing = 3 * time.Second

// site is one HTTP server on a port of its own. net/http/httptest is not used: it ends
// the program where there is no port, and puts a flag into that of the host.
type site struct {
	url    string
	ln     net.Listener
	server *http.Server
	cancel context.CancelFunc
	done   chan error
}

// newSite takes the port, so that its URL is known before there is anything to serve.
func newSite() (*site, error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("accesssectest: %w", err)
	}
	return &site{url: "http://" + ln.Addr().String(), ln: ln}, nil
}

// serve begins to. What goes wrong in a handler goes to log.
func (s *site) serve(h http.Handler, log *slog.Logger) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.server = &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelError),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	s.done = make(chan error, 1)
	go func() { s.done <- s.server.Serve(s.ln) }()
}

// close waits for the requests in flight, whose contexts end now, but not for ever.
func (s *site) close() error {
	if s.server == nil {
		return s.ln.Close()
	}
	s.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.server.Close() // a handler that does not look at its context
	}
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if err != nil {
		return fmt.Errorf("accesssectest: close: %w", err)
	}
	return nil
}
