package password_test

import (
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/password"
)

func TestCheckHash(t *testing.T) {
	t.Parallel()
	const (
		salt = "c29tZXNhbHQ"
		out  = "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	)
	good := []string{
		"$argon2id$v=19$m=47104,t=1,p=1$" + salt + "$" + out,
		"$argon2id$v=19$m=8,t=1,p=1$" + salt + "$" + out,
		"$argon2id$v=19$m=64,t=10,p=8$" + salt + "$" + out,
		"$argon2id$v=19$m=262144,t=1,p=1$" + strings.Repeat("A", 86) + "$" + strings.Repeat("A", 86),
		"$argon2id$v=19$m=8,t=1,p=1$" + salt + "$AAAAAAAAAAAAAAAAAAAAAA",
	}
	for _, hash := range good {
		if err := password.CheckHash(hash); err != nil {
			t.Errorf("%s: %v", hash, err)
		}
	}
	bad := map[string]string{
		"empty":               "",
		"too much memory":     "$argon2id$v=19$m=262145,t=1,p=1$" + salt + "$" + out,
		"all the memory":      "$argon2id$v=19$m=4294967295,t=1,p=1$" + salt + "$" + out,
		"memory runs over":    "$argon2id$v=19$m=4294967360,t=1,p=1$" + salt + "$" + out,
		"memory below lanes":  "$argon2id$v=19$m=63,t=1,p=8$" + salt + "$" + out,
		"no memory":           "$argon2id$v=19$m=0,t=1,p=1$" + salt + "$" + out,
		"too many passes":     "$argon2id$v=19$m=64,t=11,p=1$" + salt + "$" + out,
		"no pass":             "$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + out,
		"too many lanes":      "$argon2id$v=19$m=128,t=1,p=9$" + salt + "$" + out,
		"lanes run over":      "$argon2id$v=19$m=64,t=1,p=257$" + salt + "$" + out,
		"no lane":             "$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + out,
		"leading zero":        "$argon2id$v=19$m=064,t=1,p=1$" + salt + "$" + out,
		"sign":                "$argon2id$v=19$m=+64,t=1,p=1$" + salt + "$" + out,
		"underscore":          "$argon2id$v=19$m=6_4,t=1,p=1$" + salt + "$" + out,
		"other order":         "$argon2id$v=19$t=1,m=64,p=1$" + salt + "$" + out,
		"a fourth parameter":  "$argon2id$v=19$m=64,t=1,p=1,keyid=aa$" + salt + "$" + out,
		"old version":         "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + out,
		"no version":          "$argon2id$m=64,t=1,p=1$" + salt + "$" + out,
		"argon2i":             "$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + out,
		"something in front":  "x$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + out,
		"something behind":    "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + out + "$",
		"short salt":          "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAA$" + out[:20],
		"no salt":             "$argon2id$v=19$m=64,t=1,p=1$$" + out,
		"short output":        "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$AAAAAAAAAAAAAAAAAAAA",
		"long output":         "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + strings.Repeat("A", 88),
		"padding":             "$argon2id$v=19$m=64,t=1,p=1$" + salt + "==$" + out,
		"loose bits":          "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHR$" + out,
		"line end in salt":    "$argon2id$v=19$m=64,t=1,p=1$c29t\nZXNhbHQ$" + out,
		"url alphabet":        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNh-_Q$" + out,
		"longer than any":     "$argon2id$v=19$m=64,t=1,p=1$" + strings.Repeat("A", 300) + "$" + out,
		"separators and none": "$$$$$",
	}
	for name, hash := range bad {
		err := password.CheckHash(hash)
		if err == nil {
			t.Errorf("%s: %s was accepted", name, hash)
		} else if len(hash) > 20 && strings.Contains(err.Error(), out[:16]) {
			t.Errorf("%s: the error shows the hash: %v", name, err)
		}
	}
}

func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=47104,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=256,t=10,p=8$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=1$$")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, hash string) {
		again, err := password.Reformat(hash)
		if err != nil {
			return
		}
		if again != hash {
			t.Errorf("%q was read as %q", hash, again)
		}
		if len(hash) > 256 {
			t.Errorf("%d bytes were accepted", len(hash))
		}
	})
}
