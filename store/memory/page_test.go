package memory

import "testing"

// FuzzParsePlace reads page tokens that somebody made up.
func FuzzParsePlace(f *testing.F) {
	f.Add(place{num: -1, text: "a", id: "b"}.token())
	f.Add(place{missing: true, id: "b"}.token())
	f.Add("AQAAAAAAAAAAAP8")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		p, err := parsePlace(token)
		if err != nil {
			if p != (place{}) {
				t.Fatalf("%+v beside %v", p, err)
			}
			return
		}
		again, err := parsePlace(p.token())
		if err != nil || again != p {
			t.Fatalf("%+v came back as %+v, %v", p, again, err)
		}
	})
}
