package password_test

import (
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/password"
)

// The vectors of others: of bcrypt those of its first implementation's tests, of scrypt that of
// RFC 7914, section 12, of PBKDF2 that of RFC 6070, section 2, with SHA-2 in place of SHA-1 (and
// both of Python's hashlib).
func theirs() map[string]string {
	const (
		twice   = "saltSALTsaltSALTsaltSALTsaltSALTsalt"
		salt    = "c2FsdFNBTFRzYWx0U0FMVHNhbHRTQUxUc2FsdFNBTFRzYWx0"
		sha256  = "NIyJ28vTKy8y2BS4EW6EzysXNH68GAAYHE4qH7jdU+HGNVGMfaxH6Q"
		sha512  = "jAUR9Mbll8asYxXY8DYuIl88UBSVuiO4aMAFF03E7nERW1n55gzZUy+jPg91rv4wIlxYOhhs2CvU2uqXJKPTuA"
		twofold = "passwordPASSWORDpassword"
	)
	return map[string]string{
		"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW":                                                                     "U*U",
		"$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK":                                                                     "U*U*",
		"$2y$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a":                                                                     "U*U*U",
		"$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui":                                                                     seventyTwo,
		"$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw": "pleaseletmein",
		"$pbkdf2-sha256$i=4096$" + salt + "$" + sha256:                                                                                     twofold,
		"$pbkdf2-sha256$i=4096,l=40$" + salt + "$" + sha256:                                                                                twofold,
		"$pbkdf2-sha256$4096$" + salt + "$" + dotted(sha256):                                                                               twofold,
		"pbkdf2_sha256$4096$" + twice + "$" + sha256 + "==":                                                                                twofold,
		"$pbkdf2-sha512$i=4096$" + salt + "$" + sha512:                                                                                     twofold,
		"$pbkdf2-sha512$4096$" + salt + "$" + dotted(sha512):                                                                               twofold,
	}
}

// seventyTwo is as much as bcrypt looks at.
const seventyTwo = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// dotted is base64 as Passlib writes it.
func dotted(s string) string { return strings.ReplaceAll(s, "+", ".") }

func TestOtherSystems(t *testing.T) {
	t.Parallel()
	h := quick()
	for hash, pw := range theirs() {
		if err := password.CheckHash(hash); err != nil {
			t.Errorf("%s: %v", hash, err)
		}
		last := strings.LastIndexByte(hash, '$') + 1
		another := hash[:last+10] + string(hash[last+10]^1) + hash[last+11:] // a digit of base64 all the same
		for name, tt := range map[string]struct {
			password, hash string
			want           bool
		}{
			"right":        {pw, hash, true},
			"wrong":        {pw[:len(pw)-1], hash, false},
			"longer":       {pw + "x", hash, false},
			"NUL behind":   {pw + "\x00", hash, false},
			"other output": {pw, another, false},
			"cut":          {pw, hash[:last+15], false},
		} {
			before := h.Runs()
			ok, stale, err := h.Verify(t.Context(), tt.password, tt.hash)
			if ok != tt.want || stale != tt.want || err != nil {
				t.Errorf("%s of %s: %v, %v, %v", name, hash, ok, stale, err)
			}
			if n := h.Runs() - before; n != 1 {
				t.Errorf("%s of %s: %d runs", name, hash, n)
			}
		}
	}
}

func TestOtherSystemsBounds(t *testing.T) {
	t.Parallel()
	const salt, out, bits = "c29tZXNhbHQ", "tialtnUVXehIAQR5duFwgQ/NykFia+syCsDEaTVcejk", "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	good := []string{
		"$2a$04$" + bits, "$2b$14$" + bits,
		"$scrypt$ln=18,r=8,p=1$" + salt + "$" + out, "$scrypt$ln=21,r=1,p=2$" + salt + "$" + out,
		"$scrypt$ln=13,r=8,p=10$" + salt + "$" + out, "$scrypt$ln=1,r=1,p=1$" + salt + "$" + out,
		"$pbkdf2-sha256$i=2000000$" + salt + "$" + out, "$pbkdf2-sha512$1$" + salt + "$" + out,
		"pbkdf2_sha256$2000000$somesalt$" + out + "=",
	}
	for _, hash := range good {
		if err := password.CheckHash(hash); err != nil {
			t.Errorf("%s: %v", hash, err)
		}
	}
	bad := []string{
		"$2a$03$" + bits, "$2a$15$" + bits, "$2x$05$" + bits, "$2$05$" + bits, "$2a$5$" + bits, "$2a$05$" + bits + "\n", "$2a$05$" + bits[1:],
		"2a$05$" + bits, "$2a$05$" + bits + "a", "$2a$05$" + strings.Replace(bits, ".", "+", 1),
		"$scrypt$ln=19,r=8,p=1$" + salt + "$" + out, "$scrypt$ln=22,r=1,p=1$" + salt + "$" + out, "$scrypt$ln=18,r=8,p=3$" + salt + "$" + out,
		"$scrypt$ln=4,r=33,p=1$" + salt + "$" + out, "$scrypt$ln=4,r=1,p=17$" + salt + "$" + out, "$scrypt$ln=0,r=8,p=1$" + salt + "$" + out,
		"$scrypt$ln=31,r=1,p=1$" + salt + "$" + out, "$scrypt$ln=99999999999,r=1,p=1$" + salt + "$" + out, "$scrypt$ln=14,r=8$" + salt + "$" + out,
		"$scrypt$r=8,ln=14,p=1$" + salt + "$" + out, "$scrypt$ln=14,r=8,p=1$$" + out, "$scrypt$ln=14,r=8,p=1$" + salt + "$", "$scrypt$ln=14,r=8,p=1$" + salt,
		"$scrypt$ln=14,r=8,p=1$" + salt + "$" + out + "$", "x$scrypt$ln=14,r=8,p=1$" + salt + "$" + out, "scrypt$ln=14,r=8,p=1$" + salt + "$" + out,
		"$scrypt$ln=14,r=8,p=1$" + salt + "$" + out[:20], "$scrypt$ln=14,r=8,p=1$" + salt[:8] + "$" + out,
		"$pbkdf2-sha256$i=2000001$" + salt + "$" + out, "$pbkdf2-sha256$i=0$" + salt + "$" + out, "$pbkdf2-sha256$i=1e3$" + salt + "$" + out,
		"$pbkdf2-sha256$i=1,l=31$" + salt + "$" + out, "$pbkdf2-sha256$i=1,$" + salt + "$" + out, "$pbkdf2-sha256$i=1,l=32,x=1$" + salt + "$" + out,
		"$pbkdf2-sha256$1000,l=32$" + salt + "$" + out, "$pbkdf2-sha256$01000$" + salt + "$" + out, "$pbkdf2-sha256$i=1$" + salt + "$" + dotted(out) + ".",
		"$pbkdf2-sha1$1000$" + salt + "$" + out, "$pbkdf2$1000$" + salt + "$" + out, "$pbkdf2-sha256$1000$" + salt, "$pbkdf2-sha256$1000$$" + out,
		"pbkdf2_sha256$2000001$somesalt$" + out + "=", "pbkdf2_sha256$1000$somesalt$" + out, "pbkdf2_sha256$1000$salt$" + out + "=",
		"pbkdf2_sha256$1000$somesalt$" + out + "=\n", "pbkdf2_sha256$-1$somesalt$" + out + "=", "pbkdf2_sha256$1000$" + strings.Repeat("s", 65) + "$" + out + "=",
		"pbkdf2_sha1$1000$somesalt$" + out + "=", "$pbkdf2_sha256$1000$somesalt$" + out + "=", "pbkdf2_sha256$1000$somesalt$aaaa",
		"$scrypt$", "$2a$", "pbkdf2_sha256$", "$pbkdf2-sha256$", "$scrypt$ln=14,r=8,p=1$" + strings.Repeat("A", 300) + "$" + out,
	}
	for _, hash := range bad {
		err := password.CheckHash(hash)
		if err == nil {
			t.Errorf("%s was accepted", hash)
		} else if strings.Contains(err.Error(), "tialt") || strings.Contains(err.Error(), "CCCC") {
			t.Errorf("the error shows the hash: %v", err)
		}
	}
}

// What is accepted costs no more than the bounds say.
func FuzzForeign(f *testing.F) {
	for hash := range theirs() {
		f.Add(hash)
	}
	f.Add("$scrypt$ln=30,r=32,p=16$c29tZXNhbHQ$tialtnUVXehIAQR5duFwgQ")
	f.Add("$pbkdf2-sha256$i=4294967295,l=1$$")
	f.Fuzz(func(t *testing.T, hash string) {
		memory, work, err := password.ForeignCost(hash)
		if err != nil {
			return
		}
		if len(hash) > 256 || memory > 256<<20 || work > 1 || password.CheckHash(hash) != nil {
			t.Errorf("%q was accepted: %d bytes, %v of what may be", hash, memory, work)
		}
	})
}
