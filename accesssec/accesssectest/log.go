package accesssectest

import (
	"io"
	"log/slog"
	"sync"
)

// listen says where the faults go that no caller sees: in a test, to its output.
func (s *surroundings) listen() {
	s.log = s.opts.Service.Log
	if s.log == nil && s.tb != nil {
		s.output = &gate{out: s.tb.Output()}
		s.log = slog.New(slog.NewTextHandler(s.output, nil))
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.opts.Service.Log = s.log
}

// gate lets through what is written until it is shut: a test's output must not be used
// when the test is over.
type gate struct {
	mu   sync.Mutex
	out  io.Writer
	over bool
}

func (g *gate) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return len(p), nil
	}
	return g.out.Write(p)
}

func (g *gate) shut() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
}
