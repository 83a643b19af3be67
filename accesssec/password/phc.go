package password

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// The bounds on parameters that come with a hash: whoever can put a hash into the
// database must not be able to take the process's memory.
const (
	maxMemory = 256 << 10 // KiB
	maxTime   = 10
	maxLanes  = 8
	minSalt   = 8
	maxSalt   = 64
	minOut    = 16
	maxOut    = 64
	maxPHC    = 256
)

// phc is the content of "$argon2id$v=19$m=…,t=…,p=…$salt$hash", base64 without
// padding.
type phc struct {
	cost
	salt, out []byte
}

func (p phc) String() string {
	b := make([]byte, 0, maxPHC)
	b = append(b, "$argon2id$v=19$m="...)
	b = strconv.AppendUint(b, uint64(p.memory), 10)
	b = append(b, ",t="...)
	b = strconv.AppendUint(b, uint64(p.time), 10)
	b = append(b, ",p="...)
	b = strconv.AppendUint(b, uint64(p.lanes), 10)
	b = append(b, '$')
	b = base64.RawStdEncoding.AppendEncode(b, p.salt)
	b = append(b, '$')
	b = base64.RawStdEncoding.AppendEncode(b, p.out)
	return string(b)
}

// errHash says nothing of the hash: it may stand in a log.
var errHash = errors.New("password: not a hash that can be verified here")

// CheckHash returns an error unless hash is one that [Hasher.Verify] can verify, for hosts that
// bring hashes from elsewhere. These are, all with a bound on what they cost:
//
//   - Argon2id version 19 as a PHC string, up to 256 MiB, 10 passes and 8 lanes;
//   - bcrypt ("$2a$", "$2b$" or "$2y$") of cost 4 to 14;
//   - scrypt as a PHC string ("$scrypt$ln=16,r=8,p=1$..."), up to 256 MiB;
//   - PBKDF2 with SHA-256 or SHA-512, up to 2,000,000 iterations: as a PHC string
//     ("$pbkdf2-sha256$i=600000$..."), as Passlib writes it ("$pbkdf2-sha256$29000$...") or as
//     Django does ("pbkdf2_sha256$600000$...").
//
// Salts have 8 to 64 bytes and outputs 16 to 64. The password it was made of must have been in
// Normalization Form C. bcrypt sees no more than 72 bytes of a password: one that is longer
// never matches a hash of it, for what comes after those has never been looked at.
func CheckHash(hash string) error {
	if _, err := parseForeign(hash); err == nil {
		return nil
	}
	_, err := parsePHC(hash)
	return err
}

// parsePHC accepts exactly what String writes, within the bounds.
func parsePHC(s string) (phc, error) {
	if len(s) > maxPHC {
		return phc{}, errHash
	}
	part := strings.Split(s, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != "v=19" {
		return phc{}, errHash
	}
	param := strings.Split(part[3], ",")
	if len(param) != 3 {
		return phc{}, errHash
	}
	memory, okM := parseParam(param[0], "m=", maxMemory)
	time, okT := parseParam(param[1], "t=", maxTime)
	lanes, okP := parseParam(param[2], "p=", maxLanes)
	if !okM || !okT || !okP || memory < 8*lanes { // RFC 9106, section 3.1
		return phc{}, errHash
	}
	salt, okS := parseBytes(part[4], minSalt, maxSalt)
	out, okO := parseBytes(part[5], minOut, maxOut)
	if !okS || !okO {
		return phc{}, errHash
	}
	return phc{cost: cost{memory: memory, time: time, lanes: uint8(lanes)}, salt: salt, out: out}, nil
}

// parseParam reads a decimal from 1 to most, without sign or leading zero.
func parseParam(s, name string, most uint32) (uint32, bool) {
	digits, ok := strings.CutPrefix(s, name)
	if !ok || digits == "" || digits[0] < '1' || digits[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), err == nil && n <= uint64(most)
}

func parseBytes(s string, least, most int) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") { // the decoder would skip them
		return nil, false
	}
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	return b, err == nil && len(b) >= least && len(b) <= most
}
