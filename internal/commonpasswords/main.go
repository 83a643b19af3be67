// Commonpasswords makes the list of common passwords that package password refuses,
// of lib/frequency_lists.js of the npm package zxcvbn 4.4.2 on its standard input, as the line for
// go generate in accesssec/password says.
package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// How many passwords, the most common ones first, and how many bytes of the hash of each.
const (
	most     = 10_000
	hashLen  = 5
	maxInput = 16 << 20
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "commonpasswords:", err)
		os.Exit(1)
	}
}

// run writes the hashes, in order.
func run(in io.Reader, out io.Writer) error {
	source, err := io.ReadAll(io.LimitReader(in, maxInput))
	if err != nil {
		return err
	}
	_, list, ok := strings.Cut(string(source), `passwords: "`)
	if ok {
		list, _, ok = strings.Cut(list, `"`)
	}
	words := strings.Split(list, ",")
	if !ok || len(words) < most {
		return errors.New("no list of passwords: want lib/frequency_lists.js of zxcvbn 4.4.2")
	}
	hashes := make([]string, most)
	for i, w := range words[:most] {
		sum := sha256.Sum256([]byte(strings.ToLower(w)))
		hashes[i] = string(sum[:hashLen])
	}
	slices.Sort(hashes)
	hashes = slices.Compact(hashes)
	_, err = io.WriteString(out, strings.Join(hashes, ""))
	return err
}
