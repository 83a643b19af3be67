package password_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec/password"
)

func TestCheckNew(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		password string
		want     string // code; "" is accepted
	}{
		"empty":                            {"", password.CodeTooShort},
		"eleven":                           {strings.Repeat("a", 11), password.CodeTooShort},
		"twelve":                           {strings.Repeat("a", 12), ""},
		"twelve of four bytes":             {strings.Repeat("\U0001F511", 12), ""},
		"eleven of four bytes":             {strings.Repeat("\U0001F511", 11), password.CodeTooShort},
		"spaces count and stay":            {"  two words  ", ""},
		"eleven, decomposed to twenty-two": {strings.Repeat("u\u0308", 11), password.CodeTooShort},
		"twelve, decomposed":               {strings.Repeat("u\u0308", 12), ""},
		"256":                              {strings.Repeat("a", 256), ""},
		"257":                              {strings.Repeat("a", 257), password.CodeTooLong},
		"256 of four bytes":                {strings.Repeat("\U0001F511", 256), ""},
		"above 1024 bytes":                 {strings.Repeat("a", 1<<20), password.CodeTooLong},
		"invalid UTF-8":                    {"correct horse \xff", password.CodeNotText},
		"NUL":                              {"correct horse\x00battery", password.CodeNotText},
		"line end":                         {"correct horse battery\n", password.CodeNotText},
		"tab":                              {"correct\thorse battery", password.CodeNotText},
		"C1 control":                       {"correct horse\u0085battery", password.CodeNotText},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := password.CheckNew(tt.password)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var rejected *password.RejectedError
			if !errors.As(err, &rejected) {
				t.Fatalf("err = %v", err)
			}
			var codes []string
			for _, p := range rejected.Problems {
				codes = append(codes, p.Code)
				if !strings.HasSuffix(p.Say, ".") {
					t.Errorf("%q is no sentence", p.Say)
				}
			}
			if diff := cmp.Diff([]string{tt.want}, codes); diff != "" {
				t.Error(diff)
			}
			if got, want := err.Error(), "password: rejected: "+tt.want; got != want {
				t.Errorf("Error() = %q, want %q", got, want)
			}
		})
	}
}

// What may be chosen can be hashed, and is found again.
func FuzzCheckNew(f *testing.F) {
	f.Add("correct horse battery")
	f.Add("Gru\u0308ße aus Ko\u0308ln")
	f.Add(strings.Repeat("\u0958", 256))
	f.Add("\xff\x00")
	h := quick()
	f.Fuzz(func(t *testing.T, pw string) {
		if password.CheckNew(pw) != nil {
			return
		}
		if len(pw) > 1024 || !utf8.ValidString(pw) || strings.ContainsAny(pw, "\x00\r\n") {
			t.Fatalf("%q was accepted", pw)
		}
		hash, err := h.Hash(t.Context(), pw)
		if err != nil {
			t.Fatal(err)
		}
		if ok, _, err := h.Verify(t.Context(), pw, hash); !ok || err != nil {
			t.Fatalf("%q is not found again: %v", pw, err)
		}
	})
}
