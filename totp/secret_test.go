package totp_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/accesssec/accesssec-go/totp"
)

// emptyKeyCode is the code that a verifier without a secret expects at now.
func emptyKeyCode(now time.Time) string {
	mac := hmac.New(sha1.New, nil)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(now.Unix()/30)))
	sum := mac.Sum(nil)
	at := sum[19] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%1000000)
}

// TestSecretHas160Bits: CVE-2024-8796 (devise-two-factor): 120 bits, where RFC 4226,
// section 4, wants 128 and recommends 160.
func TestSecretHas160Bits(t *testing.T) {
	t.Parallel()
	var zeros, ones [20]byte
	seen := map[string]bool{}
	for range 200 {
		_, s, err := totp.New(t0, nil)
		if err != nil {
			t.Fatal(err)
		}
		raw := s.Bytes()
		if len(raw) != 20 || seen[string(raw)] {
			t.Fatalf("%d bytes, seen before: %v", len(raw), seen[string(raw)])
		}
		seen[string(raw)] = true
		for i, b := range raw {
			zeros[i] |= ^b
			ones[i] |= b
		}
	}
	all := bytes.Repeat([]byte{0xff}, 20)
	if !bytes.Equal(zeros[:], all) || !bytes.Equal(ones[:], all) {
		t.Errorf("bits that never change: %x %x", zeros, ones)
	}
}

// TestNewsSecretIsThatOfTheCodes: what New hands out is what the phone and Check use.
func TestNewsSecretIsThatOfTheCodes(t *testing.T) {
	t.Parallel()
	for _, opts := range []*totp.Options{nil, {Algorithm: totp.SHA512, Digits: 8}} {
		e, s, err := totp.New(t0, opts)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := totp.SecretFrom(s.Bytes()) // as unsealed from a database
		if err != nil {
			t.Fatal(err)
		}
		confirm(t, e, kept, phoneOf(t, e, s).Code(t0), t0)
	}
}

func TestSecretIsACopy(t *testing.T) {
	t.Parallel()
	raw := []byte(digits20)
	s, err := totp.SecretFrom(raw)
	if err != nil {
		t.Fatal(err)
	}
	clear(raw)
	clear(s.Bytes())
	if string(s.Bytes()) != digits20 {
		t.Error("a caller's slice is the secret itself")
	}
	_, fresh, err := totp.New(t0, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Clone(fresh.Bytes())
	clear(fresh.Bytes())
	if !bytes.Equal(fresh.Bytes(), want) {
		t.Error("a caller's slice is the new secret itself")
	}
}

// stream is 1, 2, 3, ... without end.
type stream struct{ n byte }

func (s *stream) Read(p []byte) (int, error) {
	for i := range p {
		s.n++
		p[i] = s.n
	}
	return len(p), nil
}

// TestRandomThatComesInPieces: pquerna/otp before 1.5.0 took what one Read gave, and had
// zeros for the rest (pull request 100). crypto/rand's source is the process's, so this is
// a process of its own.
func TestRandomThatComesInPieces(t *testing.T) {
	const asked = "ACCESSSEC_TOTP_RANDOM"
	source := os.Getenv(asked)
	if source == "" {
		t.Parallel()
		child := func(source string) (string, error) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestRandomThatComesInPieces$")
			cmd.Env = append(os.Environ(), asked+"="+source)
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
		out, err := child("pieces")
		want := "secret 0102030405060708090a0b0c0d0e0f1011121314\n" +
			"code Z012-3456-789A-BCDE\n" // bytes 63 to 78: the secret took 20, the id 26, the salt 16
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("random bytes one at a time: %v\n%s\nwant %s", err, out, want)
		}
		for _, broken := range []string{"ends", "fails"} {
			out, err := child(broken)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || strings.Contains(out, "secret ") || !strings.Contains(out, "crypto/rand") {
				t.Errorf("a source that %s: %v\n%s", broken, err, out)
			}
		}
		return
	}
	switch source {
	case "pieces":
		rand.Reader = iotest.OneByteReader(new(stream))
	case "ends":
		rand.Reader = io.LimitReader(new(stream), 12)
	case "fails":
		rand.Reader = iotest.ErrReader(errors.New("no entropy"))
	}
	_, s, err := totp.New(t0, nil)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("secret %s\n", hex.EncodeToString(s.Bytes()))
	_, codes, err := totp.NewRecoveryCodes(context.Background(), quick)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("code %s\n", codes.Show()[0])
}
