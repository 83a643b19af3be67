package totp_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/totp"
)

// known are ten codes of a caller's, as Show would give them.
func known() []string {
	var out []string
	for _, c := range "0123456789" {
		out = append(out, strings.ReplaceAll("ABCD-EFGH-JKMN-PQR_", "_", string(c)))
	}
	return out
}

func codesFrom(t *testing.T, shown []string) totp.Codes {
	t.Helper()
	codes, err := totp.ParseCodes(shown)
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

// TestRecoveryCodeHas80Bits: NIST SP 800-63B-4, section 4.2, wants 64.
func TestRecoveryCodeHas80Bits(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$`)
	places := make([]map[byte]bool, 19)
	for i := range places {
		places[i] = map[byte]bool{}
	}
	seen := map[string]bool{}
	for range 100 {
		_, codes := newSet(t)
		for _, code := range codes {
			if !form.MatchString(code) || seen[code] {
				t.Fatalf("%q, seen before: %v", code, seen[code])
			}
			seen[code] = true
			for i := range places {
				places[i][code[i]] = true
			}
		}
	}
	// A thousand draws miss one of 32 characters once in 10^11.
	for i, chars := range places {
		if want := 32; i%5 != 4 && len(chars) != want {
			t.Errorf("place %d: %d characters", i, len(chars))
		}
	}
}

// TestSpellingsOfARecoveryCodeAreOneCode: what is typed from paper works, once.
func TestSpellingsOfARecoveryCodeAreOneCode(t *testing.T) {
	t.Parallel()
	const code = "0A1B-CDE0-1FGH-J01K" // every character that is misread
	other := known()[0]
	var set totp.RecoveryCodes
	salt := []byte("saltsaltsaltsalt")
	var hashes [][]byte
	for _, c := range []string{code, other} {
		hash, err := quick(context.Background(), []byte(strings.ReplaceAll(c, "-", "")), salt)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, hash)
	}
	if err := json.Unmarshal(marshal(t, map[string]any{"id": "x", "salt": salt, "hashes": hashes}), &set); err != nil {
		t.Fatal(err)
	}
	bare := strings.ReplaceAll(code, "-", "")
	reread := strings.NewReplacer("0", "O", "1", "I")
	for name, typed := range map[string]string{
		"as it is":          code,
		"without hyphens":   bare,
		"lower case":        strings.ToLower(code),
		"spaces":            strings.ReplaceAll(code, "-", " "),
		"spaces around":     " \t" + code + "\r\n",
		"long dashes":       strings.ReplaceAll(code, "-", "—"),
		"no-break hyphens":  strings.ReplaceAll(code, "-", "\u2011"),
		"each by itself":    strings.Join(strings.Split(bare, ""), " "),
		"O and I":           reread.Replace(code),
		"o and l":           strings.ToLower(strings.ReplaceAll(reread.Replace(code), "I", "L")),
		"L":                 strings.ReplaceAll(code, "1", "L"),
		"byte order mark":   "\ufeff" + code,
		"soft hyphens":      strings.ReplaceAll(code, "-", "\u00ad"),
		"longest":           code + strings.Repeat(" ", 128-len(code)),
		"hyphens elsewhere": bare[:1] + "-" + bare[1:9] + "--" + bare[9:],
	} {
		next, err := redeem(t, set, quick, typed)
		if err != nil || next.Left() != 1 {
			t.Errorf("%s, %q: %v", name, typed, err)
			continue
		}
		if _, err := redeem(t, next, quick, code); !errors.Is(err, totp.ErrWrongCode) {
			t.Errorf("%s: good again: %v", name, err)
		}
	}
	for name, typed := range map[string]string{
		"one less":  bare[1:],
		"one more":  bare + "0",
		"U":         "U" + bare[1:],
		"full stop": code + ".",
		"129 bytes": code + strings.Repeat(" ", 129-len(code)),
		"no UTF-8":  code + "\xff",
		"two codes": code + other,
		"NUL":       code + "\x00",
	} {
		if next, err := redeem(t, set, quick, typed); !errors.Is(err, totp.ErrWrongCode) || next.Left() != 2 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseCodes(t *testing.T) {
	t.Parallel()
	shown := known()
	codes := codesFrom(t, shown)
	if diff := cmp.Diff(known(), codes.Show()); diff != "" {
		t.Error(diff)
	}
	shown[0] = "changed"
	codes.Show()[1] = "changed"
	if diff := cmp.Diff(known(), codes.Show()); diff != "" {
		t.Errorf("a caller's slice is the codes themselves: %s", diff)
	}
	for _, n := range []int{1, 10} {
		if got := codesFrom(t, known()[:n]).Show(); len(got) != n {
			t.Errorf("%d codes of %d", len(got), n)
		}
	}
	_, fresh := newSet(t)
	if diff := cmp.Diff(fresh, codesFrom(t, fresh).Show()); diff != "" {
		t.Error(diff)
	}
	if got := (totp.Codes{}).Show(); got != nil {
		t.Errorf("the zero Codes: %q", got)
	}

	for name, bad := range map[string][]string{
		"nil":          nil,
		"none":         {},
		"eleven":       append(known(), known()[0]),
		"an empty":     {""},
		"lower case":   {"abcd-efgh-jkmn-pqr0"},
		"no hyphens":   {"ABCDEFGHJKMNPQR0"},
		"five groups":  {"ABCD-EFGH-JKMN-PQR0-1234"},
		"one more":     {"ABCD-EFGH-JKMN-PQR0-1"},
		"three groups": {"ABCD-EFGH-JKMN"},
		"a letter O":   {"ABCD-EFGH-JKMN-PQRO"},
		"a line":       {"ABCD-EFGH-JKMN-PQR0\n"},
		"a header":     {"ABCD-EFGH-JKMN-PQR0\r\nX: y"},
		"HTML":         {"<script>"},
		"other dash":   {"ABCD–EFGH–JKMN–PQR0"},
		"full width":   {"ABCD-EFGH-JKMN-PQR０"},
		"a megabyte":   {strings.Repeat("A", 1<<20)},
		"one of ten":   append(known()[:9], "ABCD"),
		"one of them":  {known()[0], "", known()[1]},
	} {
		codes, err := totp.ParseCodes(bad)
		if err == nil || codes.Show() != nil {
			t.Errorf("%s: taken", name)
		} else if msg := err.Error(); !strings.HasPrefix(msg, "totp: ") || strings.Contains(msg, "ABCD") || strings.Contains(msg, "script") {
			t.Errorf("%s: %q", name, msg)
		}
	}
}

const textOfKnown = `Recovery codes for Acme & Co
Account: ann@example.com
Made on: 28 February 2026

Each code works once.

ABCD-EFGH-JKMN-PQR0
ABCD-EFGH-JKMN-PQR1
`

// TestDownload: the body has the codes; no header, which logs and proxies keep, has
// anything of them or of whose they are.
func TestDownload(t *testing.T) {
	t.Parallel()
	codes := codesFrom(t, known()[:2])
	day := time.Date(2026, 3, 1, 0, 30, 0, 0, time.FixedZone("", 3600)) // in UTC the day before
	w := httptest.NewRecorder()
	codes.Download(w, "Acme & Co", "ann@example.com", day)
	if diff := cmp.Diff(textOfKnown, w.Body.String()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(textOfKnown, codes.Text("Acme & Co", "ann@example.com", day)); diff != "" {
		t.Error(diff)
	}
	want := http.Header{
		"Content-Type":           {"text/plain; charset=utf-8"},
		"Content-Disposition":    {`attachment; filename="recovery-codes.txt"`},
		"Cache-Control":          {"no-store"},
		"X-Content-Type-Options": {"nosniff"},
	}
	if diff := cmp.Diff(want, w.Header()); diff != "" {
		t.Error(diff)
	}
	if w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}

// TestNamesAddNoLines: an account that ends its line could say that codes are of another,
// or add one.
func TestNamesAddNoLines(t *testing.T) {
	t.Parallel()
	codes := codesFrom(t, known())
	want := strings.Count(codes.Text("Acme", "ann", t0), "\n")
	for _, end := range []string{"\n", "\r\n", "\r", "\v", "\f", "\x00", "\u0085", "\u2028", "\u2029", "\x1b[2J", "\xff\n\xfe"} {
		evil := "ann" + end + "ZZZZ-ZZZZ-ZZZZ-ZZZZ"
		w := httptest.NewRecorder()
		codes.Download(w, evil, evil, t0)
		body := w.Body.String()
		lines := strings.FieldsFunc(body, func(r rune) bool { return strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", r) })
		if got := strings.Count(body, "\n"); got != want || slices.Contains(lines, "ZZZZ-ZZZZ-ZZZZ-ZZZZ") {
			t.Errorf("%q: %d lines, not %d:\n%s", end, got, want, body)
		}
		if strings.ContainsAny(body, "\x00\x1b\r") || strings.ToValidUTF8(body, "?") != body {
			t.Errorf("%q stands in the file", end)
		}
	}
	if got := (totp.Codes{}).Text("Acme", "ann", t0); strings.Contains(got, "-") {
		t.Errorf("the zero Codes: %q", got)
	}
}
