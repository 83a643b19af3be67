package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// localServer is the name server in this process.
func localServer(t *testing.T) string {
	t.Helper()
	in, end := io.Pipe()
	said, say := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- beNameServer(in, say) }()
	t.Cleanup(func() {
		end.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	at, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(at)
}

// Each look asks, reads the records, and finds the proof, and each bar is about two rows.
func TestLooksFindTheProof(t *testing.T) {
	t.Parallel()
	at := localServer(t)
	for _, many := range []int{1, crowd} {
		subjects, err := lookSubjects(at, many)
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{"": true}
		for _, s := range subjects {
			names[s.name] = true
			if err := s.run(); err != nil {
				t.Errorf("%s, %d at once: %v", s.name, many, err)
			}
		}
		for _, b := range lookBars() {
			if b.who != checker || !names[b.of] || b.most < 1 {
				t.Errorf("bar %+v", b)
			}
		}
	}
}

// A Checker that takes any record would be fast.
func TestLooksSeeWhatIsNotThere(t *testing.T) {
	t.Parallel()
	r, err := domainclaim.NewResolver(localServer(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	other := claimed()
	other.Token = strings.Repeat("a", len(other.Token))
	check := domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: []domainclaim.Resolver{r}, Authority: nobody{}})
	if o := check.Check(context.Background(), other); o.Outcome != domainclaim.Mismatch {
		t.Errorf("%s: %s", o.Outcome, o.Hint)
	}
}

// nobody knows no name servers.
type nobody struct{}

func (nobody) Zone(context.Context, string) (domainclaim.Zone, error) {
	return domainclaim.Zone{}, io.ErrUnexpectedEOF
}
