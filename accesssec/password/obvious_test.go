package password_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/password"
)

// The list is that of the generator: so long, in order, with what was read off by hand.
func TestCommonList(t *testing.T) {
	t.Parallel()
	n, ordered := password.CommonList()
	if n != 10_000 || !ordered {
		t.Errorf("%d entries, in order: %v", n, ordered)
	}
	for word, want := range map[string]bool{
		"123456": true, "password": true, "letmein": true, "trustno1": true, "1qaz2wsx3edc4rfv": true, "sonyericsson": true,
		"Password": false, "": false, "correcthorse": false, "tR8#kq-Lw2$x": false,
	} {
		if got := password.Listed(word); got != want {
			t.Errorf("%q is listed: %v", word, got)
		}
	}
}
