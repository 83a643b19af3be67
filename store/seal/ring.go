package seal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// maxID is the longest key ID in bytes.
const maxID = 64

// Key is a master key. ID stands in clear in front of everything the key sealed, so
// it is a name such as "2026-03" and nothing secret. Secret is 32 random bytes.
//
// A Key prints as its ID. Printing a struct that holds a Key in an unexported field
// goes past that; hand the Key to [NewRing] and keep the Ring.
type Key struct {
	ID     string
	Secret [32]byte
}

// Format implements [fmt.Formatter] for every verb, without the secret.
func (k Key) Format(s fmt.State, _ rune) { io.WriteString(s, k.String()) }

// String names the key without its secret.
func (k Key) String() string { return fmt.Sprintf("seal.Key(%q)", k.ID) }

// GoString is [Key.String].
func (k Key) GoString() string { return k.String() }

// MarshalText is [Key.String], so that no encoder writes the secret. Nothing reads
// it back.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText refuses: a printed key holds no secret to read.
func (k *Key) UnmarshalText([]byte) error {
	return errors.New("seal: a key cannot be read from text")
}

// LogValue implements [slog.LogValuer].
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Ring seals with its current key and opens with any of its keys. It is immutable
// and safe for concurrent use. Make one with [NewRing]; the zero value opens nothing
// and panics when asked to seal.
type Ring struct {
	// A function, because fmt does not look into one: a struct that keeps a Ring in
	// an unexported field can be printed whole, with any verb.
	held func() keys
}

// keys are what a Ring holds.
type keys struct {
	current *Key // nil in the zero Ring
	byID    map[string]*Key
}

func ringOf(k keys) *Ring { return &Ring{held: func() keys { return k }} }

func (r *Ring) keys() keys {
	if r == nil || r.held == nil {
		return keys{}
	}
	return r.held()
}

// NewRing returns a ring that seals with current. Keys that are to go stay among old
// until nothing is [Ring.Stale] any more. A key that is to come may stand there as well:
// then an instance opens what others, which have it in front already, have sealed. It refuses an ID that is empty, longer
// than 64 bytes or not printable ASCII without space, a secret of zeros, and two
// keys with the same ID or the same secret.
func NewRing(current Key, old ...Key) (*Ring, error) {
	ring := keys{current: &current, byID: make(map[string]*Key, 1+len(old))}
	secrets := make(map[[32]byte]bool, 1+len(old))
	for _, k := range append([]Key{current}, old...) {
		if err := checkID(k.ID); err != nil {
			return nil, err
		}
		if k.Secret == ([32]byte{}) {
			return nil, fmt.Errorf("seal: key %q has no secret", k.ID)
		}
		if _, ok := ring.byID[k.ID]; ok {
			return nil, fmt.Errorf("seal: two keys are called %q", k.ID)
		}
		if secrets[k.Secret] {
			return nil, fmt.Errorf("seal: key %q has the secret of another", k.ID)
		}
		ring.byID[k.ID], secrets[k.Secret] = &k, true
	}
	return ringOf(ring), nil
}

// GenerateRing returns a ring with one random key, for tests and first runs: what it
// sealed is lost with the process.
func GenerateRing() *Ring {
	k := &Key{ID: "generated-" + rand.Text()}
	rand.Read(k.Secret[:]) // crypto/rand.Read returns no error
	return ringOf(keys{current: k, byID: map[string]*Key{k.ID: k}})
}

func checkID(id string) error {
	if len(id) < 1 || len(id) > maxID {
		return fmt.Errorf("seal: a key ID has 1 to %d bytes", maxID)
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return errors.New("seal: a key ID is printable ASCII without space")
		}
	}
	return nil
}

// Format implements [fmt.Formatter] for every verb, without secrets.
func (r *Ring) Format(s fmt.State, _ rune) { io.WriteString(s, r.String()) }

// String names the current key and no secret.
func (r *Ring) String() string {
	k := r.keys()
	if k.current == nil {
		return "seal.Ring(empty)"
	}
	return fmt.Sprintf("seal.Ring(%q and %d old)", k.current.ID, len(k.byID)-1)
}

// GoString is [Ring.String].
func (r *Ring) GoString() string { return r.String() }

// MarshalText is [Ring.String].
func (r *Ring) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// LogValue implements [slog.LogValuer].
func (r *Ring) LogValue() slog.Value { return slog.StringValue(r.String()) }
