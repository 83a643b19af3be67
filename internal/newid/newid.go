// Package newid makes the ids of records.
package newid

import "crypto/rand"

// of is what they are made of: no digit that looks like a letter, no upper case, and no "_",
// because ids stand in URLs and some identity providers refuse those.
const of = "abcdefghijklmnopqrstuvwxyz234567"

// Of makes an id of 130 random bits after a noun: "org-4f2k…".
func Of(noun string) string {
	var room [64]byte
	id := append(append(room[:0], noun...), '-')
	var random [26]byte
	rand.Read(random[:]) // never fails: the program is ended instead
	for _, b := range random {
		id = append(id, of[b%32])
	}
	return string(id)
}
