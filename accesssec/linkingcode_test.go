package accesssec

import (
	"strings"
	"testing"
)

// FuzzLinkingKey: whatever is typed names one code or none, and spelling makes no difference.
func FuzzLinkingKey(f *testing.F) {
	f.Add(newLinkingCode())
	f.Add("7k4q m2xd-oil0")
	f.Add(strings.Repeat("-", 300))
	f.Fuzz(func(t *testing.T, typed string) {
		key := linkingKey(typed)
		if key == "" {
			return
		}
		if len(typed) > 200 || len(key) != 64 {
			t.Fatalf("%q of %d bytes is the key %q", typed, len(typed), key)
		}
		plain := strings.NewReplacer("-", "", " ", "", "\t", "", "\n", "", "\r", "").Replace(typed)
		for _, same := range []string{plain, strings.ToLower(plain), strings.ToUpper(plain)} {
			if linkingKey(same) != key {
				t.Errorf("%q and %q are two codes", typed, same)
			}
		}
	})
}

// TestLinkingKey: what people mistake for each other is the same, and nothing else is.
func TestLinkingKey(t *testing.T) {
	t.Parallel()
	code := "7K4Q-M2XD-0011-ABCD-EFGH-JKMN-PQRS"
	for typed, same := range map[string]bool{
		code:                                    true,
		"7k4qm2xd0011abcdefghjkmnpqrs":          true,
		" 7k4q m2xd ooli abcd efgh jkmn pqrs\n": true,
		"7K4Q-M2XD-0011-ABCD-EFGH-JKMN-PQRT":    false,
		"7K4Q-M2XD-0011-ABCD-EFGH-JKMN-PQR":     false,
		code + "0":                              false,
		"":                                      false,
		"7K4Q_M2XD_0011_ABCD_EFGH_JKMN_PQRS":    false,
	} {
		if key := linkingKey(typed); (key == linkingKey(code)) != same || same && key == "" {
			t.Errorf("%q: %q", typed, key)
		}
	}
}

// FuzzForeignHash: a hash that is taken is one line of bounded text, and no password in clear.
func FuzzForeignHash(f *testing.F) {
	f.Add("$2b$12$" + strings.Repeat("a", 53))
	f.Add("pbkdf2_sha256$600000$salt$" + strings.Repeat("b", 44))
	f.Add("correct horse battery staple")
	f.Fuzz(func(t *testing.T, hash string) {
		if checkForeignHash(hash) == nil && (len(hash) > longestHash || strings.Count(hash, "$") < 2 || strings.ContainsAny(hash, " \n\r\t\x00")) {
			t.Errorf("%q is taken for a hash", hash)
		}
	})
}
