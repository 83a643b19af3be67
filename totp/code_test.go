package totp_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/totp"
)

// spelled is code in each way in which people and apps write it.
func spelled(code string) map[string]string {
	in := func(zero rune) string {
		return strings.Map(func(r rune) rune { return r - '0' + zero }, code)
	}
	half := len(code) / 2
	return map[string]string{
		"as it is":           code,
		"in halves":          code[:half] + " " + code[half:],
		"hyphen":             code[:half] + "-" + code[half:],
		"en dash":            code[:half] + "–" + code[half:],
		"no-break space":     code[:half] + "\u00a0" + code[half:],
		"narrow space":       code[:half] + "\u202f" + code[half:],
		"ideographic space":  code[:half] + "\u3000" + code[half:],
		"zero-width space":   code[:half] + "\u200b" + code[half:],
		"marks of direction": "\u200e" + code + "\u202c",
		"byte order mark":    "\ufeff" + code,
		"spaces around":      "  " + code + "\t\r\n",
		"each by itself":     strings.Join(strings.Split(code, ""), " "),
		"Arabic-Indic":       in('\u0660'),
		"Persian":            in('\u06f0'),
		"Devanagari":         in('\u0966'),
		"full width":         in('\uff10'),
		"mixed":              in('\uff10')[:3*half] + code[half:],
	}
}

// TestSpellingsOfACodeAreOneCode: CVE-2025-55003 (OpenBao) and CVE-2025-6015 (Vault) are
// spaces that made another code of one, for the limit and for the mark of what was used;
// review of blot, pull request 1839, is the same for "123 456".
func TestSpellingsOfACodeAreOneCode(t *testing.T) {
	t.Parallel()
	for _, digits := range []int{6, 8} {
		before, s, phone := liveFactor(t, &totp.Options{Digits: digits})
		after, err := try(t, before, s, phone.Code(t0), t0)
		if err != nil {
			t.Fatal(err)
		}
		for name, code := range spelled(phone.Code(t0)) {
			used, err := try(t, before, s, code, t0)
			if err != nil {
				t.Errorf("%s, %q: %v", name, code, err)
				continue
			}
			if lastStep(t, used) != lastStep(t, after) {
				t.Errorf("%s: it used up step %d, not %d", name, lastStep(t, used), lastStep(t, after))
			}
			if _, err := try(t, after, s, code, t0); !errors.Is(err, totp.ErrUsedCode) {
				t.Errorf("%s, %q, after the code itself was used: %v", name, code, err)
			}
		}
		for name, code := range spelled(wrongFor(phone, t0, step)) {
			counted, err := try(t, before, s, code, t0)
			if !errors.Is(err, totp.ErrWrongCode) || counted.Fails() != 1 {
				t.Errorf("wrong, %s: %v, %d counted", name, err, counted.Fails())
			}
		}
	}
}

func TestNoCodes(t *testing.T) {
	t.Parallel()
	e, s, phone := liveFactor(t, nil)
	code := phone.Code(t0)
	eight, err := totp.SecretFrom(s.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	long, _, err := totp.New(t0, &totp.Options{Digits: 8})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]string{
		"empty":               "",
		"spaces":              "      ",
		"hyphens":             "------",
		"one digit less":      code[1:],
		"one digit less, end": code[:5],
		"one digit more":      code + "0",
		"a zero before":       "0" + code,
		"twice":               code + code,
		"of eight digits":     phoneOf(t, long, eight).Code(t0),
		"a letter":            code[:5] + "O",
		"a letter more":       code + "a",
		"plus":                "+" + code,
		"point":               code[:3] + "." + code[3:],
		"comma":               code + ",",
		"hex":                 "0x" + code,
		"a digit of maths":    "\U0001d7ce" + code[1:],
		"superscript":         "¹" + code[1:],
		"Roman":               "Ⅳ" + code[1:],
		"NUL":                 code + "\x00",
		"no UTF-8":            code + "\xff",
		"65 bytes":            code + strings.Repeat(" ", 59),
		"a megabyte":          strings.Repeat(" ", 1<<20) + code,
		"a million digits":    strings.Repeat(code, 200000),
	} {
		if _, err := try(t, e, s, c, t0); !errors.Is(err, totp.ErrWrongCode) || errors.Is(err, totp.ErrUsedCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := try(t, e, s, code+strings.Repeat(" ", 58), t0); err != nil {
		t.Errorf("64 bytes: %v", err)
	}
}

// TestOneVerifier: pquerna/otp, issue 112, and CVE-2026-33473 (Vikunja): its Validate
// knows no code that was used. Of it we take the arithmetic alone, in one file.
func TestOneVerifier(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, im := range file.Imports {
			if path := strings.Trim(im.Path.Value, `"`); strings.HasPrefix(path, "github.com/pquerna/otp") && name != "code.go" && !strings.HasSuffix(name, "_test.go") {
				t.Errorf("%s imports %s", name, path)
			}
		}
		if name != "code.go" {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && (x.Name == "otp" || x.Name == "hotp") {
					used[x.Name+"."+sel.Sel.Name] = true
				}
			}
			return true
		})
	}
	want := []string{"hotp.GenerateCodeCustom", "hotp.ValidateOpts", "otp.Algorithm", "otp.AlgorithmSHA1", "otp.AlgorithmSHA256", "otp.AlgorithmSHA512", "otp.Digits"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(used))); diff != "" {
		t.Error(diff)
	}
}

// TestOtherPeoplesCodes: a code is good for its own secret alone.
func TestOtherPeoplesCodes(t *testing.T) {
	t.Parallel()
	e, s, phone := liveFactor(t, nil)
	other := secretFrom(t, "22345678901234567890")
	if _, err := try(t, e, s, phoneOf(t, e, other).Code(t0), t0); !errors.Is(err, totp.ErrWrongCode) {
		t.Errorf("another person's code: %v", err)
	}
	if _, err := try(t, e, other, phone.Code(t0), t0); !errors.Is(err, totp.ErrWrongCode) {
		t.Errorf("a code under another person's secret: %v", err)
	}
}

// TestTheLatestOfEqualCodesIsUsedUp: where two steps near each other have one code, it is
// used up for both; else it would be good twice.
func TestTheLatestOfEqualCodesIsUsedUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step, apart int64 // found by search over four million steps
		code        string
	}{
		{58261606, 2, "905913"},
		{58292673, 2, "813623"},
		{59061240, 1, "963181"},
	} {
		now := time.Unix((c.step+1)*30, 0) // both are good
		before := now.Add(-time.Hour)
		e, s, phone := newFactor(t, before, nil)
		for _, at := range []int64{c.step, c.step + c.apart} {
			if got := phone.Code(time.Unix(at*30, 0)); got != c.code {
				t.Fatalf("step %d has the code %s", at, got)
			}
		}
		e = confirm(t, e, s, phone.Code(before), before)
		e, err := try(t, e, s, c.code, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := lastStep(t, e); got != c.step+c.apart {
			t.Errorf("steps %d and %d have one code, and %d is the last used", c.step, c.step+c.apart, got)
		}
		for later := range 4 {
			if _, err := try(t, e, s, c.code, now.Add(time.Duration(later)*step)); !errors.Is(err, totp.ErrWrongCode) {
				t.Errorf("again, %d steps later: %v", later, err)
			}
		}
	}
}
