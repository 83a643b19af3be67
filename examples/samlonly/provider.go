package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// provider is the other side, by the last good metadata.
type provider struct {
	source saml.Source // without a URL it was a file
	log    *log.Logger

	mu   sync.Mutex
	kept saml.Kept
}

// newProvider reads metadata from an https URL or a file.
func newProvider(ctx context.Context, from, entityID string, log *log.Logger, now time.Time) (*provider, error) {
	p := &provider{source: saml.Source{EntityID: entityID}, log: log}
	if strings.HasPrefix(from, "http://") {
		return nil, fmt.Errorf("-metadata %s: keys that come without https could be anybody's; download the file, look at it, and give its name", from)
	}
	var m *saml.Metadata
	var err error
	if strings.HasPrefix(from, "https://") {
		p.source.URL = from
		m, err = p.source.Fetch(ctx, now)
	} else {
		var xml []byte
		if xml, err = readFile(from); err == nil {
			m, err = p.source.Parse(xml, now)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("-metadata %s: %w", from, err)
	}
	p.kept = p.kept.Next(m, nil, now)
	return p, nil
}

// idp fails when the metadata is no longer valid.
func (p *provider) idp(now time.Time) (*saml.IdP, error) { return p.state().IdP(now) }

func (p *provider) state() saml.Kept {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept
}

// follow fetches the metadata again whenever it is due, until ctx ends.
func (p *provider) follow(ctx context.Context) {
	for p.source.URL != "" {
		timer := time.NewTimer(time.Until(p.state().DueAt))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			p.refresh(ctx, time.Now())
		}
	}
}

// refresh fetches once. New keys are taken at once, and said: a service whose admins
// are to look at them first has Source.Fetch, Compare and Kept.Next for that.
func (p *provider) refresh(ctx context.Context, now time.Time) {
	before := p.state()
	after, err := before.Refresh(ctx, &p.source, now)
	if err != nil {
		p.log.Printf("metadata: %s; the last good one is kept", tell(err))
	} else {
		for _, c := range saml.Compare(before.Metadata.IdP, after.Metadata.IdP) {
			p.log.Printf("metadata: %s was %q, is %q", c.What, c.Before, c.After)
		}
	}
	p.mu.Lock()
	p.kept = after
	p.mu.Unlock()
}

// mostFile is more than any file that is read here has.
const mostFile = 8 << 20

func readFile(name string) (content []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if content, err = io.ReadAll(io.LimitReader(f, mostFile+1)); err == nil && len(content) > mostFile {
		err = errors.New("the file is larger than 8 MiB")
	}
	return content, err
}
