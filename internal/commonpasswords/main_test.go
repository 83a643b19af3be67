package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	words := make([]string, 10_001)
	for i := range words {
		words[i] = fmt.Sprintf("Word%d", i)
	}
	var out bytes.Buffer
	if err := run(strings.NewReader(`x = { passwords: "`+strings.Join(words, ",")+`".split(",")}`), &out); err != nil {
		t.Fatal(err)
	}
	var got []string
	for part := range slices.Chunk(out.Bytes(), 5) {
		got = append(got, string(part))
	}
	first, last := sha256.Sum256([]byte("word0")), sha256.Sum256([]byte("word10000"))
	if len(got) != 10_000 || !slices.IsSorted(got) || !slices.Contains(got, string(first[:5])) || slices.Contains(got, string(last[:5])) {
		t.Errorf("%d hashes", len(got))
	}
	for _, bad := range []string{"", `passwords: "a,b"`, `passwords: "` + strings.Join(words, ",")} {
		if err := run(strings.NewReader(bad), &out); err == nil {
			t.Errorf("%.20q is a list", bad)
		}
	}
}
