package engine

import (
	"encoding/base64"
	"strings"
)

// DecodeBase64 tolerates the white space of pretty printers and form encoders, and
// nothing else that is not base64.
func DecodeBase64(s string) ([]byte, error) {
	return base64.StdEncoding.Strict().DecodeString(compact(s))
}

// DecodeText is DecodeBase64 into a string, which no one can change afterwards.
func DecodeText(s string) (string, error) {
	s = compact(s)
	enc := base64.StdEncoding.Strict()
	var out strings.Builder
	out.Grow(enc.DecodedLen(len(s)))
	var piece [768]byte
	for len(s) > 0 {
		n := min(len(s), len(piece)/3*4)
		// Padding is for the last piece: in another one it would join two texts.
		if n < len(s) && s[n-1] == '=' {
			return "", base64.CorruptInputError(n)
		}
		k, err := enc.Decode(piece[:], []byte(s[:n]))
		if err != nil {
			return "", err
		}
		out.Write(piece[:k])
		s = s[n:]
	}
	return out.String(), nil
}

// compact takes the white space out.
func compact(s string) string {
	for _, c := range []byte(whites) {
		if strings.IndexByte(s, c) >= 0 {
			return strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(s)
		}
	}
	return s
}
