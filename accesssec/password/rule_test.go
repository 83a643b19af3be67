package password_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec/password"
)

// codes are of what is wrong with a password.
func codes(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var rejected *password.RejectedError
	if !errors.As(err, &rejected) {
		t.Fatalf("err = %v", err)
	}
	var out []string
	for _, p := range rejected.Problems {
		out = append(out, p.Code)
		if !strings.HasSuffix(p.Say, ".") {
			t.Errorf("%q is no sentence", p.Say)
		}
	}
	if got, want := err.Error(), "password: rejected: "+strings.Join(out, ", "); got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	return out
}

// keys is n code points that nobody would guess, of four bytes each.
func keys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteRune('\U0001F300' + rune(i*i%613))
	}
	return b.String()
}

const (
	short, long, text           = password.CodeTooShort, password.CodeTooLong, password.CodeNotText
	upper, lower, digit, symbol = password.CodeNoUpper, password.CodeNoLower, password.CodeNoDigit, password.CodeNoSymbol
	commonOne, personal         = password.CodeCommon, password.CodePersonal
)

func TestClassic(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		password string
		want     []string
	}{
		"good":                        {"Correct horse 7 battery staple", nil},
		"twelve":                      {"tR8#kq-Lw2$x", nil},
		"eleven":                      {"tR8#kq-Lw2$", []string{short}},
		"empty":                       {"", []string{short}},
		"everything at once":          {"passwor", []string{short, upper, digit, symbol, commonOne}},
		"no upper":                    {"tr8#kq-lw2$x", []string{upper}},
		"no lower":                    {"TR8#KQ-LW2$X", []string{lower}},
		"no digit":                    {"tRb#kq-LwM$x", []string{digit}},
		"no symbol":                   {"tR8xkqzLw2hx", []string{symbol}},
		"a space is a symbol":         {"tR8xkqzLw2 x", nil},
		"an accent is none":           {"tR8xkqzLw2ha\u0301", []string{symbol}},
		"letters of other scripts":    {"Пч8#кщ-Ыю2$ъ", nil},
		"digits of others":            {"tR٣#kq-LwM$x", nil},
		"a script without cases":      {"正しい馬電池ホッチキス", []string{short, upper, lower, digit, symbol}},
		"invalid UTF-8":               {"Correct horse 7 \xff", []string{text}},
		"NUL":                         {"Correct horse 7\x00battery", []string{text}},
		"line end":                    {"Correct horse 7 battery\n", []string{text}},
		"C1 control":                  {"Correct horse 7\u0085battery", []string{text}},
		"above 1024 bytes":            {strings.Repeat("a", 1<<20), []string{long}},
		"256":                         {"aB1" + keys(253), nil},
		"257":                         {"aB1" + keys(254), []string{long}},
		"composed as it is compared":  {"tR8#kq-Lw2" + "u\u0308", []string{short}},
		"spaces count, and stay":      {"  tR8kqzLw2 ", nil},
		"the usual one":               {"Password123!", []string{commonOne}},
		"common, digits for letters":  {"P4$$w0rd2026!", []string{commonOne}},
		"common, symbols in front":    {"!!1Dragon!!99", []string{commonOne}},
		"common, between its letters": {"p-A-s-s-w-0-r-d", []string{commonOne}},
		"common, in full width":       {"Ｐassword123!", []string{commonOne}},
		"common, twice":               {"Monkey-1Monkey-1", []string{commonOne}},
		"common, twice within":        {"MonkeyMonkey-12", []string{commonOne}},
		"keys side by side":           {"1Qaz2wsx3edc!", []string{commonOne}},
		"the alphabet":                {"Abcdefghijkl-1", []string{commonOne}},
		"four characters":             {"aB1-aB1-aB1-aB1", []string{commonOne}},
		"one character":               {"Aaaaaaaaaaaaaa1!", []string{commonOne}},
		"a common part":               {"Dragon#kq-Lw2$", nil},
		"a word of three letters":     {"8204!Cat#7713a"[:12], nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []*password.Rules{nil, password.Classic()} {
				for _, factor := range []bool{false, true} {
					if diff := cmp.Diff(tt.want, codes(t, r.Check(tt.password, password.Whose{SecondFactor: factor}))); diff != "" {
						t.Error(diff)
					}
				}
			}
		})
	}
}

func TestNIST(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		password   string
		alone, two []string // without and with a second factor
	}{
		"fifteen":            {"quiet marmalade", nil, nil},
		"fourteen":           {"quiet marmelad", []string{short}, nil},
		"eight":              {"marm lad", []string{short}, nil},
		"seven":              {"marm la", []string{short}, []string{short}},
		"another script":     {"正しい馬電池ホッチキスと青い鳥", nil, nil},
		"common":             {"qwertyuiop", []string{short, commonOne}, []string{commonOne}},
		"common and a year":  {"sunshine2026...", []string{commonOne}, []string{commonOne}},
		"digits in a row":    {"1234567890123456", []string{commonOne}, []string{commonOne}},
		"backwards":          {"zyxwvutsrqponml", []string{commonOne}, []string{commonOne}},
		"one digit":          {"777777777777777", []string{commonOne}, []string{commonOne}},
		"digits by chance":   {"803914716252093", nil, nil},
		"257":                {keys(257), []string{long}, []string{long}},
		"a tab":              {"quiet\tmarmalade", []string{text}, []string{text}},
		"256 of four bytes":  {keys(256), nil, nil},
		"emptier than empty": {"", []string{short}, []string{short}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.alone, codes(t, password.NIST().Check(tt.password, password.Whose{}))); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.two, codes(t, password.NIST().Check(tt.password, password.Whose{SecondFactor: true}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A host's own rules can ask for more, and for no less than what a second factor makes good.
func TestOwnRules(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rules      password.Rules
		alone, two int
	}{
		"zero":                {password.Rules{}, 15, 15},
		"less than may be":    {password.Rules{Least: 4, LeastWithFactor: 1}, 8, 8},
		"negative":            {password.Rules{Least: -1, LeastWithFactor: -1}, 8, 8},
		"more than may be":    {password.Rules{Least: 100, LeastWithFactor: 90}, 64, 64},
		"more with a factor":  {password.Rules{Least: 10, LeastWithFactor: 20}, 10, 10},
		"as they are":         {password.Rules{Least: 20, LeastWithFactor: 10}, 20, 10},
		"alone alone":         {password.Rules{Least: 20}, 20, 20},
		"with a factor alone": {password.Rules{LeastWithFactor: 9}, 15, 9},
	}
	for name, tt := range tests {
		for factor, want := range map[bool]int{false: tt.alone, true: tt.two} {
			w := password.Whose{SecondFactor: factor}
			if got := codes(t, tt.rules.Check(keys(want), w)); got != nil {
				t.Errorf("%s, %v: %d: %v", name, factor, want, got)
			}
			if got := codes(t, tt.rules.Check(keys(want-1), w)); !slices.Equal(got, []string{short}) {
				t.Errorf("%s, %v: %d: %v", name, factor, want-1, got)
			}
		}
	}
}

func TestPersonal(t *testing.T) {
	t.Parallel()
	ann := password.Whose{
		Address: "Ann.Lindqvist@mail.fabrikam-works.example",
		Words:   []string{"Ann", "Lindqvist", "Fabrikam & Söhne GmbH", "host.product.test", "", "Bo", strings.Repeat("w", 5000)},
	}
	refused := []string{
		"ann.lindqvist@mail.fabrikam-works.example", "Ann.Lindqvist-1!", "Lindqvist2026!", "AnnLindqvist#1", "LindqvistAnn#1",
		"F4brikam2026!", "fabrikamFABRIKAM1!", "Fabrikam.Söhne.2026", "Fabrikam-works.1", "!!!Fabrikam!!!1", "L1ndqv1st...1",
		"Fabrikam_&_Söhne_GmbH_1", "Product-Product-1", "Host.product.test-1",
	}
	fine := []string{
		"Fabrikam marmalade 7", "Ann 7 and the quiet horse", "84!Ann!7261xK", "8204!Bo!7713xy", "Lindqvist's 3rd marmalade",
		"Correct horse 7 battery staple",
	}
	for _, r := range []*password.Rules{{Least: 8}, password.Classic()} {
		for _, pw := range refused {
			if !slices.Contains(codes(t, r.Check(pw, ann)), personal) {
				t.Errorf("%q may be chosen", pw)
			}
		}
		for _, pw := range fine {
			if got := codes(t, r.Check(pw, ann)); got != nil {
				t.Errorf("%q: %v", pw, got)
			}
			if got := codes(t, r.Check(pw, password.Whose{})); got != nil {
				t.Errorf("%q of nobody: %v", pw, got)
			}
		}
	}
}

// What is looked at is bounded: the first words, and not the thousandth.
func TestPersonalBounds(t *testing.T) {
	t.Parallel()
	var w password.Whose
	for i := range 100_000 {
		w.Words = append(w.Words, strings.Repeat(string(rune('a'+i%26)), 30)+strings.Repeat("x", i%40))
	}
	w.Words = append([]string{"Fabrikam"}, append(w.Words, "Lindqvist")...)
	if got := codes(t, password.Classic().Check("Fabrikam2026!", w)); !slices.Equal(got, []string{personal}) {
		t.Errorf("the first: %v", got)
	}
	if got := codes(t, password.Classic().Check("Lindqvist2026!", w)); got != nil {
		t.Errorf("the last: %v", got)
	}
}

// What may be chosen can be hashed, and is found again.
func FuzzCheck(f *testing.F) {
	f.Add("Correct horse 7 battery staple", "ann@example.com", "Acme")
	f.Add("Gru\u0308ße aus Ko\u0308ln 1", "", "Grüße")
	f.Add(strings.Repeat("\u0958", 256), "\u0958@\u0958", "\u0958")
	f.Add(strings.Repeat("\ufdfa", 256), "\ufdfa", "\ufdfa")
	f.Add("\xff\x00", "\xff", "\x00")
	f.Add("aaaabaaaabaaaab", "a@b", "aaa b")
	h := quick()
	f.Fuzz(func(t *testing.T, pw, address, word string) {
		w := password.Whose{Address: address, Words: []string{word}}
		if password.NIST().Check(pw, w) != nil {
			return
		}
		if len(pw) > 1024 || !utf8.ValidString(pw) || strings.ContainsAny(pw, "\x00\r\n") || utf8.RuneCountInString(pw) < 8 {
			t.Fatalf("%q was accepted", pw)
		}
		if utf8.RuneCountInString(word) <= 64 && len(pw) < 60 && strings.Count(word, "")-1 >= 4 && pw == word {
			t.Fatalf("%q is a word that it must not be", pw)
		}
		hash, err := h.Hash(t.Context(), pw)
		if err != nil {
			t.Fatal(err)
		}
		if ok, _, err := h.Verify(t.Context(), pw, hash); !ok || err != nil {
			t.Fatalf("%q is not found again: %v", pw, err)
		}
	})
}

func TestSay(t *testing.T) {
	t.Parallel()
	const end = " Common passwords and names are refused; several words that don't belong together are good."
	for want, r := range map[string]*password.Rules{
		"Use at least 12 characters, with an upper-case and a lower-case letter, a digit, and a symbol or space." + end: nil,
		"Use at least 15 characters (8 while a second factor is set up)." + end:                                         password.NIST(),
		"Use at least 15 characters." + end: {},
	} {
		if got := r.Say(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
