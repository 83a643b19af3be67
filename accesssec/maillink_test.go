package accesssec

import (
	"strings"
	"testing"
)

// FuzzLinkCode: what is typed is folded to eight characters or to nothing, and folding that
// again changes nothing.
func FuzzLinkCode(f *testing.F) {
	for _, seed := range []string{"7K4Q-M2XD", "7k4q m2xd", "o0il-OILU", "", "--------", "7K4Q-M2XD0", "ıııııııı", "\xff\xff\xff\xff\xff\xff\xff\xff", strings.Repeat("0", 65)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		folded := foldCode(typed)
		if folded == "" {
			return
		}
		if len(folded) != 8 || strings.IndexFunc(folded, func(r rune) bool { return !strings.ContainsRune("0123456789ABCDEFGHJKMNPQRSTVWXYZ", r) }) >= 0 {
			t.Fatalf("%q is folded to %q", typed, folded)
		}
		for _, again := range []string{folded, strings.ToLower(folded), folded[:4] + "-" + folded[4:], folded[:2] + " " + folded[2:]} {
			if foldCode(again) != folded {
				t.Fatalf("%q is folded to %q", again, foldCode(again))
			}
		}
	})
}

// Every code that is made can be typed.
func TestLinkCodesFold(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		code := newTrace()
		if folded := foldCode(code); folded != strings.ReplaceAll(code, "-", "") || seen[folded] {
			t.Fatalf("%q is folded to %q", code, folded)
		}
		seen[foldCode(code)] = true
	}
}
