package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// The bars of a check of a session that is known: in hashes of its token with one look into a
// map, in pieces of memory, and how much more two cores do than one.
const (
	mostHashes     = 2
	mostPieces     = 2
	leastTwoOfOne  = 1.7
	scaleRounds    = 7
	scaleChecks    = 200_000
	sessionsAtOnce = 256 // that take turns: more than what a processor has at hand
)

// signedIn is a host with people in it.
type signedIn struct {
	cached, bare *accesssec.Service
	tokens       []string
	known        map[[32]byte]accesssec.Principal // as a map would have them
}

func newSignedIn(ctx context.Context) (*signedIn, error) {
	const secret = "Correct horse 7 battery staple"
	st, keys, hasher := memory.New(), seal.GenerateRing(), password.NewHasher(&password.HasherOptions{InsecureCost: true})
	out := &signedIn{known: map[[32]byte]accesssec.Principal{}}
	var err error
	for svc, keeps := range map[**accesssec.Service]time.Duration{&out.cached: 5 * time.Second, &out.bare: 0} {
		if *svc, err = accesssec.New(st, "https://app.example.com", keys, &accesssec.Options{Hasher: hasher, SessionCache: keeps}); err != nil {
			return nil, err
		}
	}
	owner, err := out.bare.CreateOrg(ctx, "Acme", accesssec.Person{Address: "owner@example.com", Verified: true})
	if err != nil {
		return nil, err
	}
	for i := range sessionsAtOnce {
		address := fmt.Sprintf("p%d@example.com", i)
		if err := out.bare.ImportPeople(ctx, owner.OrgID, accesssec.Person{Address: address, Verified: true, Password: secret, Role: policy.Member}); err != nil {
			return nil, err
		}
		step, err := out.bare.SignIn().Password(ctx, accesssec.Visit{}, address, secret)
		if err != nil {
			return nil, err
		}
		token := step.Entered.Token()
		out.tokens = append(out.tokens, token)
		out.known[sha256.Sum256([]byte(token))] = step.Entered.Principal
	}
	return out, nil
}

// hash is the least that a check can be: the hash of the token, and a look into a map.
func (s *signedIn) hash(n int) error {
	token := s.tokens[n%len(s.tokens)]
	if _, ok := s.known[sha256.Sum256([]byte(token))]; !ok {
		return errors.New("bench: the map has lost somebody")
	}
	return nil
}

func check(ctx context.Context, svc *accesssec.Service, tokens []string) func(int) error {
	return func(n int) error {
		_, err := svc.Authenticate(ctx, tokens[n%len(tokens)])
		return err
	}
}

// sessions measures the check of a session.
func sessions(out io.Writer, rounds int) (missed int, err error) {
	ctx := context.Background()
	s, err := newSignedIn(ctx)
	if err != nil {
		return 0, err
	}
	known := check(ctx, s.cached, s.tokens)
	// One by one they are too short to be timed.
	all := func(one func(int) error) func() error {
		return func() error {
			for n := range s.tokens {
				if err := one(n); err != nil {
					return err
				}
			}
			return nil
		}
	}
	subjects := []subject{
		{"hashed and looked up", all(s.hash)},
		{"checked, with a cache", all(known)},
		{"checked, without", all(check(ctx, s.bare, s.tokens))},
	}
	costs, err := measure(subjects, rounds, 1)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(out, "%d sessions, in memory\n", len(s.tokens))
	show(out, subjects, costs)
	missed = judge(out, []bar{
		{who: subjects[1].name, of: subjects[0].name, most: mostHashes},
		{who: subjects[1].name, what: "allocations", most: float64(mostPieces * len(s.tokens))},
	}, subjects, costs)
	more, wall, err := twoOfOne(known)
	if err != nil {
		return missed, err
	}
	verdict := "ok"
	if more < leastTwoOfOne {
		verdict = "MISSED"
		missed++
	}
	fmt.Fprintf(out, "    %-6s two cores: %.3g of one, at least %.3g (%.3g by the clock on the wall, with whatever else runs here)\n", verdict, more, leastTwoOfOne, wall)
	return missed, nil
}

// twoOfOne is how much more two cores do than one, as the median over rounds: by the processor's
// time, which is all there is of it where nothing waits for a lock, and by the wall's.
func twoOfOne(one func(int) error) (more, wall float64, err error) {
	var cores, walls []float64
	for range scaleRounds {
		alone, began, err := together(1, one)
		if err != nil {
			return 0, 0, err
		}
		both, ended, err := together(2, one)
		if err != nil {
			return 0, 0, err
		}
		cores = append(cores, 2*float64(2*alone)/float64(both))
		walls = append(walls, 2*float64(began)/float64(ended))
	}
	return median(cores), median(walls), nil
}

// together has so many do it at once, each as often, and is what it took of the processor, and
// by the wall's time.
func together(n int, one func(int) error) (cores, wall time.Duration, err error) {
	errs := make([]error, n)
	var all sync.WaitGroup
	began, work := time.Now(), worked()
	for k := range n {
		all.Go(func() {
			for i := range scaleChecks {
				if err := one(i + k*sessionsAtOnce/2); err != nil {
					errs[k] = err
					return
				}
			}
		})
	}
	all.Wait()
	return worked() - work, time.Since(began), errors.Join(errs...)
}
