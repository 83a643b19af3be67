package accounts

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"github.com/accesssec/accesssec-go/store/sqlstore"
)

const (
	hashMark   = "pbkdf2-sha256"
	hashRounds = 600_000 // OWASP Password Storage Cheat Sheet, PBKDF2
	hashBytes  = 32
	mostRounds = 10_000_000 // of a hash that is read
)

// Passwords are the host's own hashes, "pbkdf2-sha256$rounds$salt$key". It is safe for
// concurrent use; make one, for it bounds how many are computed at once.
type Passwords struct {
	q      sqlstore.Querier
	rounds int
	turns  chan struct{}
}

// NewPasswords reads the hashes from q, the pool. InsecureRounds makes them nearly free,
// for tests: 0 is what they cost in earnest.
func NewPasswords(q sqlstore.Querier, insecureRounds int) *Passwords {
	p := &Passwords{q: q, rounds: hashRounds, turns: make(chan struct{}, runtime.GOMAXPROCS(0))}
	if insecureRounds > 0 {
		p.rounds = insecureRounds
	}
	return p
}

// Hash is what to keep of a password.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails: crypto/rand ends the program instead
	key, err := p.compute(ctx, password, salt, p.rounds)
	if err != nil {
		return "", err
	}
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("%s$%d$%s$%s", hashMark, p.rounds, text(salt), text(key)), nil
}

// Check is accesssec.Options.PasswordCheck. An account that is not there costs what one
// that is there does, and so does one whose hash can't be read. What fails is an error
// and never a wrong password: the person shall not be told to try others.
func (p *Passwords) Check(ctx context.Context, userID, password string) (bool, error) {
	var hash string
	err := p.q.QueryRowContext(ctx, `SELECT pw FROM accounts WHERE access_id = ?1`, userID).Scan(&hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, wrap("password", err)
	}
	rounds, salt, want, ok := parseHash(hash)
	if !ok {
		rounds, salt, want = p.rounds, make([]byte, 16), make([]byte, hashBytes)
	}
	got, err := p.compute(ctx, password, salt, rounds)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && ok, nil
}

// compute waits for a turn, so that a crowd at the door does not take all processors.
func (p *Passwords) compute(ctx context.Context, password string, salt []byte, rounds int) ([]byte, error) {
	select {
	case p.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, wrap("password", ctx.Err())
	}
	defer func() { <-p.turns }()
	key, err := pbkdf2.Key(sha256.New, password, salt, rounds, hashBytes)
	return key, wrap("password", err)
}

func parseHash(s string) (rounds int, salt, key []byte, ok bool) {
	parts := strings.Split(s, "$")
	if len(parts) != 4 || parts[0] != hashMark {
		return 0, nil, nil, false
	}
	rounds, err := strconv.Atoi(parts[1])
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[2])
	key, errKey := base64.RawStdEncoding.DecodeString(parts[3])
	ok = err == nil && errSalt == nil && errKey == nil && 0 < rounds && rounds <= mostRounds && len(key) == hashBytes
	return rounds, salt, key, ok
}
