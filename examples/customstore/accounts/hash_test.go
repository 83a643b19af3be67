package accounts_test

import (
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/examples/customstore/accounts"
)

func TestPasswords(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, _ := open(t)
	p := accounts.NewPasswords(db, 2)
	hash, err := p.Hash(ctx, "open sesame")
	must(t, err)
	again, err := p.Hash(ctx, "open sesame")
	must(t, err)
	if hash == again || !strings.HasPrefix(hash, "pbkdf2-sha256$2$") {
		t.Errorf("hashes %q and %q", hash, again)
	}
	id, err := accounts.SignUp(ctx, db, "ann@example.com", "Ann", "")
	must(t, err)
	parts := strings.Split(hash, "$")
	zeros := strings.Repeat("A", 43) // 32 bytes of 0, which is what is compared for nobody
	for name, c := range map[string]struct {
		stored, id, typed string
		want              bool
	}{
		"right":              {hash, id, "open sesame", true},
		"wrong":              {hash, id, "Open sesame", false},
		"empty":              {hash, id, "", false},
		"nobody":             {hash, "", "open sesame", false},
		"somebody else":      {hash, "acct-9", "open sesame", false},
		"no password":        {"", id, "", false},
		"a hash of no kind":  {"plain", id, "plain", false},
		"another kind":       {"argon2$2$" + parts[2] + "$" + parts[3], id, "open sesame", false},
		"other rounds":       {parts[0] + "$3$" + parts[2] + "$" + parts[3], id, "open sesame", false},
		"no rounds":          {parts[0] + "$0$" + parts[2] + "$" + parts[3], id, "open sesame", false},
		"rounds for a year":  {parts[0] + "$99999999999$" + parts[2] + "$" + parts[3], id, "open sesame", false},
		"a key cut short":    {parts[0] + "$2$" + parts[2] + "$" + parts[3][:20], id, "open sesame", false},
		"no key at all":      {parts[0] + "$2$" + parts[2] + "$", id, "open sesame", false},
		"the key of nobody":  {parts[0] + "$2$" + parts[2] + "$" + zeros, id, "open sesame", false},
		"a part too many":    {hash + "$", id, "open sesame", false},
		"salt that is no 64": {parts[0] + "$2$!!$" + parts[3], id, "open sesame", false},
	} {
		_, err := db.ExecContext(ctx, `UPDATE accounts SET pw = ?1`, c.stored)
		must(t, err)
		if got, err := p.Check(ctx, c.id, c.typed); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
