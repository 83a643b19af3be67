package accesssec

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTeamName(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, kept, key string }{
		"plain":                {"Design", "Design", "design"},
		"blanks and lines":     {"  Data \t\n Science\u00a0 ", "Data Science", "data science"},
		"what can't be seen":   {"Ad\u200bmins\u202e", "Admins", "admins"},
		"a picture's style":    {"Fire \u2764\ufe0f", "Fire \u2764\ufe0f", "fire \u2764"},
		"composed or not":      {"Cafe\u0301", "Caf\u00e9", "caf\u00e9"},
		"full width":           {"\uff2f\uff50\uff53", "\uff2f\uff50\uff53", "ops"},
		"a ligature":           {"O\ufb03ce", "O\ufb03ce", "office"},
		"more than one letter": {"Straße", "Straße", "strasse"},
		"two lower cases":      {"ΟΔΟΣ", "ΟΔΟΣ", "οδοσ"},
		"dotted":               {"\u0130stanbul", "\u0130stanbul", "i\u0307stanbul"},
		"invalid bytes":        {"A\xffB", "AB", "ab"},
		"a NUL":                {"A\x00B", "AB", "ab"},
		"a hundred":            {strings.Repeat("Ü", 100), strings.Repeat("Ü", 100), strings.Repeat("ü", 100)},
	} {
		kept, key, ok := teamName(tt.in)
		if !ok || kept != tt.kept || key != tt.key {
			t.Errorf("%s: kept as %+q by %+q, %v; want %+q by %+q", name, kept, key, ok, tt.kept, tt.key)
		}
	}
	for name, in := range map[string]string{
		"empty":            "",
		"blanks":           " \t\u2003",
		"nothing to see":   "\u200b\ufe0f\u3164\u115f",
		"a hundred and 1":  strings.Repeat("a", 101),
		"a key too long":   strings.Repeat("\ufdfa", 100), // of 18 letters each, in compatible form
		"far too long":     strings.Repeat("a b ", 1<<20),
		"invalid and else": "\xff\xfe",
	} {
		if kept, key, ok := teamName(in); ok {
			t.Errorf("%s: kept as %+q by %+q", name, kept, key)
		}
	}
	if teamKey("a") == teamKey("\u0430") {
		t.Error("Latin and Cyrillic are one")
	}
}

// FuzzTeamName: the key is a fixed point, of the name as of what is kept of it, and of no
// spelling of the name in another case.
func FuzzTeamName(f *testing.F) {
	for _, s := range []string{"Design", "Straße", "\u0130", "\u1e9b\u0323", "\ufdfa", "\u0345\u0301", "\u3164", "a\u034fb", "\xff", "\u0340\u0344", "\uff9e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key := teamKey(s)
		if !utf8.ValidString(key) || strings.ContainsRune(key, 0) {
			t.Fatalf("%+q: not fit to be kept: %+q", s, key)
		}
		if again := teamKey(key); again != key {
			t.Fatalf("%+q: the key of %+q is %+q", s, key, again)
		}
		kept, by, ok := teamName(s)
		if !ok {
			return
		}
		if kept2, by2, ok := teamName(kept); !ok || kept2 != kept || by2 != by {
			t.Fatalf("%+q: kept as %+q by %+q, and that as %+q by %+q, %v", s, kept, by, kept2, by2, ok)
		}
		if len([]rune(s)) <= 100 && by != key {
			t.Fatalf("%+q: its key is %+q, and that of what is kept, %+q, is %+q", s, key, kept, by)
		}
	})
}
