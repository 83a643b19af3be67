package newid_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/internal/newid"
)

func TestOf(t *testing.T) {
	shape := regexp.MustCompile(`^org-[a-z2-7]{26}$`)
	seen, letters := map[string]bool{}, map[rune]bool{}
	for range 1000 {
		id := newid.Of("org")
		if !shape.MatchString(id) || seen[id] {
			t.Fatalf("%q, seen before: %v", id, seen[id])
		}
		seen[id] = true
		for _, r := range id[len("org-"):] {
			letters[r] = true
		}
	}
	if len(letters) != 32 {
		t.Errorf("made of %d letters, want 32", len(letters))
	}
	if long := strings.Repeat("x", 100); len(newid.Of(long)) != 127 {
		t.Error("a long noun is cut")
	}
}

func BenchmarkOf(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newid.Of("usr")
	}
}
