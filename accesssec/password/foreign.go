package password

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"regexp"
	"strings"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// The bounds on what other systems' hashes cost, for the reason that those of Argon2id have
// theirs: about a second, and as much memory as Argon2id's at most.
const (
	maxBcrypt     = 72       // bytes of a password that bcrypt looks at
	maxBlocks     = 2 << 20  // of 128 bytes, which scrypt keeps: 256 MiB
	maxScryptWork = 4 << 20  // blocks, times how often scrypt goes through them
	maxScryptR    = 32       // blocks in a row
	maxScryptP    = 16       // times
	maxIterations = 2000_000 // of PBKDF2
)

// foreign is a hash that another system has made.
type foreign interface {
	// matches computes it of password, with the same work for every one.
	matches(password []byte) bool
}

// parseForeign reads the hashes of other systems that can be verified.
func parseForeign(hash string) (foreign, error) {
	if len(hash) > maxPHC {
		return nil, errHash
	}
	switch scheme, _, _ := strings.Cut(strings.TrimPrefix(hash, "$"), "$"); scheme {
	case "2a", "2b", "2y":
		return parseBcrypt(hash)
	case "scrypt":
		return parseScrypt(hash)
	case "pbkdf2-sha256", "pbkdf2-sha512", "pbkdf2_sha256":
		return parsePBKDF2(hash)
	}
	return nil, errHash
}

type bcryptHash string

var bcryptForm = regexp.MustCompile(`^\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}$`)

func parseBcrypt(hash string) (foreign, error) {
	if !bcryptForm.MatchString(hash) {
		return nil, errHash
	}
	return bcryptHash(hash), nil
}

func (h bcryptHash) matches(password []byte) bool {
	seen := password[:min(len(password), maxBcrypt)]
	return bcrypt.CompareHashAndPassword([]byte(h), seen) == nil && len(seen) == len(password)
}

type scryptHash struct {
	n, r, p   int
	salt, out []byte
}

// parseScrypt reads "$scrypt$ln=16,r=8,p=1$salt$hash" (RFC 7914).
func parseScrypt(hash string) (foreign, error) {
	part := strings.Split(hash, "$")
	if len(part) != 5 || part[0] != "" {
		return nil, errHash
	}
	param := strings.Split(part[2], ",")
	if len(param) != 3 {
		return nil, errHash
	}
	ln, okN := parseParam(param[0], "ln=", 30)
	r, okR := parseParam(param[1], "r=", maxScryptR)
	p, okP := parseParam(param[2], "p=", maxScryptP)
	salt, okS := parseBytes(part[3], minSalt, maxSalt)
	out, okO := parseBytes(part[4], minOut, maxOut)
	blocks := uint64(r) << ln
	if !okN || !okR || !okP || !okS || !okO || blocks > maxBlocks || blocks*uint64(p) > maxScryptWork {
		return nil, errHash
	}
	return scryptHash{n: 1 << ln, r: int(r), p: int(p), salt: salt, out: out}, nil
}

func (h scryptHash) matches(password []byte) bool {
	got, err := scrypt.Key(password, h.salt, h.n, h.r, h.p, len(h.out))
	return err == nil && subtle.ConstantTimeCompare(got, h.out) == 1
}

type pbkdf2Hash struct {
	sha512    bool
	iter      int
	salt, out []byte
}

// parsePBKDF2 reads the three forms of it (RFC 8018, section 5.2).
func parsePBKDF2(hash string) (foreign, error) {
	if rest, ok := strings.CutPrefix(hash, "pbkdf2_sha256$"); ok {
		return parseDjango(rest)
	}
	part := strings.Split(hash, "$")
	if len(part) != 5 || part[0] != "" {
		return nil, errHash
	}
	h := pbkdf2Hash{sha512: part[1] == "pbkdf2-sha512"}
	name, length, hasLength := "", "", false
	if strings.HasPrefix(part[2], "i=") {
		name = "i="
		part[2], length, hasLength = strings.Cut(part[2], ",")
	} else { // Passlib's own alphabet
		part[3], part[4] = strings.ReplaceAll(part[3], ".", "+"), strings.ReplaceAll(part[4], ".", "+")
	}
	iter, okI := parseParam(part[2], name, maxIterations)
	var okS, okO bool
	h.iter = int(iter)
	h.salt, okS = parseBytes(part[3], minSalt, maxSalt)
	h.out, okO = parseBytes(part[4], minOut, maxOut)
	if !okI || !okS || !okO {
		return nil, errHash
	}
	if l, ok := parseParam(length, "l=", maxOut); hasLength && (!ok || int(l) != len(h.out)) {
		return nil, errHash
	}
	return h, nil
}

// parseDjango reads "iterations$salt$hash", where the salt is text and the hash padded.
func parseDjango(s string) (foreign, error) {
	part := strings.Split(s, "$")
	if len(part) != 3 || len(part[1]) < minSalt || len(part[1]) > maxSalt || strings.ContainsAny(part[2], "\r\n") {
		return nil, errHash
	}
	iter, ok := parseParam(part[0], "", maxIterations)
	out, err := base64.StdEncoding.Strict().DecodeString(part[2])
	if !ok || err != nil || len(out) < minOut || len(out) > maxOut {
		return nil, errHash
	}
	return pbkdf2Hash{iter: int(iter), salt: []byte(part[1]), out: out}, nil
}

func (h pbkdf2Hash) matches(password []byte) bool {
	sum := sha256.New
	if h.sha512 {
		sum = sha512.New
	}
	got, err := pbkdf2.Key(sum, string(password), h.salt, h.iter, len(h.out))
	return err == nil && subtle.ConstantTimeCompare(got, h.out) == 1
}
