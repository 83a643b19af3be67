package seal_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/store/seal"
)

func TestNewRingRefuses(t *testing.T) {
	t.Parallel()
	good := newKey("k1")
	named := func(id string) seal.Key { return seal.Key{ID: id, Secret: good.Secret} }
	cases := map[string]struct {
		current seal.Key
		old     []seal.Key
	}{
		"empty ID":         {named(""), nil},
		"long ID":          {named(strings.Repeat("k", 65)), nil},
		"ID with a space":  {named("k 1"), nil},
		"ID with a break":  {named("k\n1"), nil},
		"ID beyond ASCII":  {named("kü"), nil},
		"no secret":        {seal.Key{ID: "k1"}, nil},
		"old without one":  {good, []seal.Key{{ID: "k0"}}},
		"same ID":          {good, []seal.Key{newKey("k1")}},
		"same secret":      {good, []seal.Key{named("k0")}},
		"old with no ID":   {good, []seal.Key{newKey("")}},
		"current again":    {good, []seal.Key{good}},
		"two old the same": {good, []seal.Key{newKey("k0"), newKey("k0")}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r, err := seal.NewRing(c.current, c.old...); err == nil || r != nil {
				t.Errorf("NewRing = %v, %v; want an error", r, err)
			} else if !strings.HasPrefix(err.Error(), "seal: ") {
				t.Errorf("error %q does not name the package", err)
			}
		})
	}
	long := named(strings.Repeat("k", 64))
	r := newRing(t, long)
	if got, err := r.Open(r.Seal([]byte("x"), "p"), "p"); err != nil || string(got) != "x" {
		t.Errorf("an ID of 64 bytes: %q, %v", got, err)
	}
}

func TestGeneratedRingsDiffer(t *testing.T) {
	t.Parallel()
	a, b := seal.GenerateRing(), seal.GenerateRing()
	box := a.Seal([]byte("a secret"), "totp")
	if _, err := a.Open(box, "totp"); err != nil {
		t.Error(err)
	}
	if _, err := b.Open(box, "totp"); err == nil {
		t.Error("two generated rings share a key")
	}
}

// TestNothingPrintsTheSecret tries every way a value ends up in a log.
func TestNothingPrintsTheSecret(t *testing.T) {
	t.Parallel()
	k := newKey("k1")
	r := newRing(t, k, newKey("k0"))
	type service struct {
		ring  *seal.Ring
		value seal.Ring
	}
	holders := []any{k, &k, []seal.Key{k}, map[string]seal.Key{"k": k}, struct{ Key seal.Key }{k},
		r, *r, service{r, *r}, &service{r, *r}, struct{ Ring *seal.Ring }{r}, []*seal.Ring{r}}

	var out bytes.Buffer
	for _, v := range holders {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%b", "%c", "%o"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if err := json.NewEncoder(&out).Encode(v); err != nil {
			fmt.Fprintln(&out, err)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
	}
	shown := out.String()
	if !strings.Contains(shown, "k1") {
		t.Fatal("nothing was printed")
	}
	part := k.Secret[:6]
	for _, form := range []string{
		hex.EncodeToString(part), strings.ToUpper(hex.EncodeToString(part)),
		strings.Trim(fmt.Sprint(part), "[]"), fmt.Sprintf("%o", part[:4])[1:8],
		string(part), fmt.Sprintf("%#v", part)[7:20],
		strings.ReplaceAll(strings.Trim(fmt.Sprint(part), "[]"), " ", ","),
	} {
		if strings.Contains(shown, form) {
			t.Errorf("the secret was printed as %q", form)
		}
	}
}

func TestAPrintedKeyIsNotReadBack(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(newKey("k1"))
	if err != nil {
		t.Fatal(err)
	}
	var k seal.Key
	if err := json.Unmarshal(text, &k); err == nil {
		t.Errorf("%s was read as a key", text)
	}
}
