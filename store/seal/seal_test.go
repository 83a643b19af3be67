package seal_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/accesssec/accesssec-go/store/seal"
)

func newKey(id string) seal.Key {
	k := seal.Key{ID: id}
	rand.Read(k.Secret[:])
	return k
}

func newRing(t testing.TB, current seal.Key, old ...seal.Key) *seal.Ring {
	t.Helper()
	r, err := seal.NewRing(current, old...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	r := newRing(t, newKey("k1"))
	for _, plain := range [][]byte{nil, {}, {0}, []byte("a secret"), bytes.Repeat([]byte{7}, 1<<16)} {
		a, b := r.Seal(plain, "totp", "u1"), r.Seal(plain, "totp", "u1")
		if bytes.Equal(a, b) {
			t.Errorf("two boxes of %d bytes are equal", len(plain))
		}
		if len(plain) > 4 && bytes.Contains(a, plain) {
			t.Errorf("a box of %d bytes shows what it holds", len(plain))
		}
		for _, box := range [][]byte{a, b} {
			got, err := r.Open(box, "totp", "u1")
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("Open: %d bytes, %v; want %d bytes", len(got), err, len(plain))
			}
		}
	}
}

func TestSealKeepsItsArguments(t *testing.T) {
	t.Parallel()
	r := newRing(t, newKey("k1"))
	plain := []byte("a secret")
	box := r.Seal(plain, "totp")
	kept := bytes.Clone(box)
	got, err := r.Open(box, "totp")
	if err != nil {
		t.Fatal(err)
	}
	got[0] = 'X'
	if string(plain) != "a secret" || !bytes.Equal(box, kept) {
		t.Error("sealing or opening changed its argument")
	}
}

// TestLayout pins the bytes that outlive a release.
func TestLayout(t *testing.T) {
	t.Parallel()
	box := newRing(t, newKey("2026-03")).Seal([]byte("four"), "totp")
	if want := append([]byte{1, 7}, "2026-03"...); !bytes.HasPrefix(box, want) {
		t.Errorf("box starts with %x, want %x", box[:len(want)], want)
	}
	if want := 2 + 7 + 16 + 12 + 4 + 16; len(box) != want {
		t.Errorf("box has %d bytes, want %d", len(box), want)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	k1, k2 := newKey("k1"), newKey("k2")
	r := newRing(t, k1, k2)
	box := r.Seal([]byte("a secret"), "a", "bc")
	same := seal.Key{ID: "k1", Secret: k2.Secret}

	cases := map[string]struct {
		ring *seal.Ring
		box  []byte
		what string
		who  []string
	}{
		"part moved over":     {r, box, "ab", []string{"c"}},
		"parts joined":        {r, box, "abc", nil},
		"part missing":        {r, box, "a", nil},
		"empty part more":     {r, box, "a", []string{"bc", ""}},
		"parts turned round":  {r, box, "bc", []string{"a"}},
		"length inside":       {r, box, "a\x00\x00\x00\x02bc", nil},
		"no place at all":     {r, box, "", nil},
		"key not in the ring": {newRing(t, k2), box, "a", []string{"bc"}},
		"ID with another key": {newRing(t, same), box, "a", []string{"bc"}},
		"zero ring":           {&seal.Ring{}, box, "a", []string{"bc"}},
		"nothing":             {r, nil, "a", []string{"bc"}},
		"byte more":           {r, append(bytes.Clone(box), 0), "a", []string{"bc"}},
		"other key's ID":      {r, bytes.Replace(box, []byte("k1"), []byte("k2"), 1), "a", []string{"bc"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plain, err := c.ring.Open(c.box, c.what, c.who...)
			if !errors.Is(err, seal.ErrSealed) || plain != nil {
				t.Errorf("Open = %q, %v; want ErrSealed", plain, err)
			}
		})
	}
	if _, err := r.Open(box, "a", "bc"); err != nil {
		t.Errorf("the box does not open where it belongs: %v", err)
	}
}

func TestEveryBitCounts(t *testing.T) {
	t.Parallel()
	r := newRing(t, newKey("k1"), newKey("k0"))
	box := r.Seal([]byte("a secret"), "totp", "u1")
	for i := range box {
		for bit := range 8 {
			bad := bytes.Clone(box)
			bad[i] ^= 1 << bit
			if plain, err := r.Open(bad, "totp", "u1"); !errors.Is(err, seal.ErrSealed) || plain != nil {
				t.Errorf("byte %d, bit %d: Open = %q, %v", i, bit, plain, err)
			}
		}
	}
}

func TestEveryCutIsRefused(t *testing.T) {
	t.Parallel()
	r := newRing(t, newKey("k1"))
	box := r.Seal([]byte("a secret"), "totp", "u1")
	for n := range box {
		if _, err := r.Open(box[:n], "totp", "u1"); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("first %d bytes: %v", n, err)
		}
		if _, err := r.Open(box[len(box)-n:], "totp", "u1"); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("last %d bytes: %v", n, err)
		}
	}
}

func TestUnknownVersionIsRefused(t *testing.T) {
	t.Parallel()
	r := newRing(t, newKey("k1"))
	box := r.Seal([]byte("a secret"), "totp")
	for v := range 256 {
		if v == 1 {
			continue
		}
		box[0] = byte(v)
		if _, err := r.Open(box, "totp"); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("version %d: %v", v, err)
		}
		if !r.Stale(box) {
			t.Errorf("version %d is not stale", v)
		}
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	k1, k2 := newKey("k1"), newKey("k2")
	before, during, after := newRing(t, k1), newRing(t, k2, k1), newRing(t, k2)
	old := before.Seal([]byte("a secret"), "totp")
	if before.Stale(old) {
		t.Error("stale under its own key")
	}
	if !during.Stale(old) {
		t.Error("not stale after rotation")
	}
	plain, err := during.Open(old, "totp")
	if err != nil {
		t.Fatalf("an old key does not open: %v", err)
	}
	fresh := during.Seal(plain, "totp")
	if during.Stale(fresh) {
		t.Error("stale though sealed anew")
	}
	if got, err := newRing(t, k1, k2).Open(fresh, "totp"); err != nil || string(got) != "a secret" {
		t.Errorf("with the key that is to come: %q, %v", got, err)
	}
	if got, err := after.Open(fresh, "totp"); err != nil || string(got) != "a secret" {
		t.Errorf("Open = %q, %v", got, err)
	}
	if _, err := after.Open(old, "totp"); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("a key that is gone still opens: %v", err)
	}
}

func TestZeroRingDoesNotSeal(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a Ring without a key sealed")
		}
	}()
	new(seal.Ring).Seal([]byte("a secret"), "totp")
}

// FuzzOpen feeds boxes nobody sealed: none opens, none panics.
func FuzzOpen(f *testing.F) {
	k := newKey("k1")
	r := newRing(f, k, newKey("k0"))
	whole := r.Seal([]byte("a secret"), "totp", "u1")
	f.Add(whole, "totp", "u1")
	f.Add(whole[:20], "totp", "u1")
	f.Add([]byte{1, 255}, "", "")
	f.Add([]byte{1, 2, 'k', '1'}, "totp", "u1")
	f.Add(append([]byte{1, 2, 'k', '1'}, make([]byte, 44)...), "totp", "u1")
	f.Fuzz(func(t *testing.T, box []byte, what, whose string) {
		r.Stale(box)
		plain, err := r.Open(box, what, whose)
		if err != nil {
			if !errors.Is(err, seal.ErrSealed) || plain != nil {
				t.Fatalf("Open = %q, %v", plain, err)
			}
			return
		}
		if !bytes.Equal(box, whole) || what != "totp" || whose != "u1" {
			t.Fatalf("a forged box opened: %x for %q, %q", box, what, whose)
		}
	})
}

// FuzzPlace seals for one place and opens at another: only equal places open.
func FuzzPlace(f *testing.F) {
	f.Add([]byte("plain"), "a", "bc", "ab", "c")
	f.Add([]byte(""), "a", "b", "a", "b")
	f.Fuzz(func(t *testing.T, plain []byte, what, whose, what2, whose2 string) {
		r := seal.GenerateRing()
		got, err := r.Open(r.Seal(plain, what, whose), what2, whose2)
		same := what == what2 && whose == whose2
		if same != (err == nil) || same && !bytes.Equal(got, plain) {
			t.Fatalf("Open = %q, %v; same place: %t", got, err, same)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	r := newRing(b, newKey("k1"))
	plain := make([]byte, 32)
	for b.Loop() {
		r.Seal(plain, "totp", "u1", "f1")
	}
}

func BenchmarkOpen(b *testing.B) {
	r := newRing(b, newKey("k1"))
	box := r.Seal(make([]byte, 32), "totp", "u1", "f1")
	for b.Loop() {
		if _, err := r.Open(box, "totp", "u1", "f1"); err != nil {
			b.Fatal(err)
		}
	}
}
