package accesssec

import (
	"errors"
	"regexp"
	"strings"

	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/store"
)

// longestHash bounds what is kept of another system's making, in bytes.
const longestHash = 512

// errForeignHash says nothing of the hash: it may stand in a log.
var errForeignHash = errors.New("accesssec: Person.PasswordHash is no hash of a known kind: want bcrypt, scrypt, PBKDF2 or Argon2id, as one line")

// The beginnings of hashes, as other systems write them.
var (
	bcryptHash = regexp.MustCompile(`^\$2[abxy]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$`)
	otherHash  = regexp.MustCompile(`^(\$(argon2id|scrypt|s0|7|pbkdf2(-sha(1|256|512))?)\$|pbkdf2_sha(1|256|512)\$|pbkdf2:sha(1|256|512)|scrypt[:$])[-A-Za-z0-9./+=,:_$]+$`)
)

// checkForeignHash refuses what can't be a hash, a password in clear above all.
func checkForeignHash(hash string) error {
	if len(hash) > longestHash {
		return errForeignHash
	}
	if bcryptHash.MatchString(hash) {
		return nil
	}
	// The last part is what the password came to: one that was cut off opens too much, or nothing.
	last := hash[strings.LastIndexByte(hash, '$')+1:]
	if !otherHash.MatchString(hash) || len(last) < 16 || strings.Count(strings.TrimPrefix(hash, "$"), "$") < 2 {
		return errForeignHash
	}
	return nil
}

// hasPassword reports whether the account has a password that could be verified here: a hash
// that was brought from elsewhere and that Hasher can't verify is none.
func (s *Service) hasPassword(u store.User) bool {
	if s.opts.PasswordCheck != nil {
		return u.Password != ""
	}
	return password.CheckHash(u.Password) == nil
}
