package totp_test

import (
	"bytes"
	"context"
	"encoding"
	"encoding/base32"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/totp"
)

const (
	secretCanary   = "CanaryOfTheSecret+/?"
	recoveryCanary = "CANA-RYFR-PAPE-R0N2"
	pepperCanary   = "Salamander, ground to 33 bytes..."
)

// canaries are what must stand nowhere, with every form that an encoder gives it.
func canaries(code string) map[string]string {
	out := map[string]string{"the modules of a QR code": "false false false false"}
	for name, text := range map[string]string{
		"secret": secretCanary, "recovery code": recoveryCanary, "code": code, "pepper": pepperCanary,
		"recovery code without groups": strings.ReplaceAll(recoveryCanary, "-", ""),
		"secret in base 32":            inBase32(secretCanary),
		"secret in groups":             grouped(inBase32(secretCanary)),
	} {
		b := []byte(text)[:min(8, len(text))]
		decimal := strings.Trim(fmt.Sprint(b[:6]), "[]")
		for form, s := range map[string]string{
			"as it is":      string(b),
			"hex":           hex.EncodeToString(b[:6]),
			"spaced hex":    fmt.Sprintf("% x", b[:6]),
			"Go hex":        strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", b[:6]), "[]byte{"), "}"),
			"long hex":      fmt.Sprintf("%#x", b[:6])[2:],
			"decimal":       decimal,
			"decimal, JSON": strings.ReplaceAll(decimal, " ", ","),
			"octal":         strings.Trim(fmt.Sprintf("%o", b[:6]), "[]"),
			"binary":        strings.Trim(fmt.Sprintf("%b", b[:6]), "[]"),
			"base32":        base32.StdEncoding.EncodeToString(b[:5]),
			"base64":        base64.StdEncoding.EncodeToString(b[:6]),
			"base64, one":   base64.StdEncoding.EncodeToString(b[1:7]),
			"base64, two":   base64.StdEncoding.EncodeToString(b[2:8]),
			"base64url":     base64.RawURLEncoding.EncodeToString(b[:6]),
		} {
			out[name+", "+form] = strings.ToLower(s)
		}
	}
	return out
}

func grouped(s string) string {
	var out []string
	for part := range slices.Chunk([]byte(s), 4) {
		out = append(out, string(part))
	}
	return strings.Join(out, " ")
}

// holders are v in every place that a caller may keep it in.
func holders[T any](v T) []any {
	type open struct {
		V T
		P *T
		A any
	}
	type hidden struct {
		v T
		p *T
		a any
		s []T
		m map[string]T
		o *open
	}
	type embedding struct{ open }
	in := open{v, &v, v}
	h := hidden{v, &v, v, []T{v}, map[string]T{"k": v}, &in}
	_, _, _, _, _, _ = h.v, h.p, h.a, h.s, h.m, h.o
	p := &v
	return []any{v, p, &p, []T{v}, []*T{p}, [1]T{v}, map[string]T{"k": v}, map[string]any{"k": v},
		in, &in, h, &h, []hidden{h}, embedding{in}, func() T { return v }, fmt.Errorf("%v %+v", v, p)}
}

// pour writes v into every sink of the standard library.
func pour(out *bytes.Buffer, v any) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%#x", "%d", "%o", "%b", "%c", "%U", "%e", "%t", "%T", "%p", "%10.3v", "%!"} {
		fmt.Fprintf(out, verb+"\n", v)
	}
	fmt.Fprintln(out, v)
	encode := func(b []byte, err error) {
		out.Write(b)
		fmt.Fprintf(out, "\n%v %+v\n", err, err)
	}
	encode(json.Marshal(v))
	encode(json.MarshalIndent(map[string]any{"in": v}, "", " "))
	encode(xml.Marshal(v))
	encode(nil, gob.NewEncoder(out).Encode(v))
	encode(nil, gob.NewEncoder(out).Encode(&v))
	if m, ok := v.(encoding.TextMarshaler); ok {
		encode(m.MarshalText())
	}
	if s, ok := v.(fmt.Stringer); ok {
		fmt.Fprintln(out, s.String())
	}
	if s, ok := v.(fmt.GoStringer); ok {
		fmt.Fprintln(out, s.GoString())
	}
	opts := &slog.HandlerOptions{AddSource: true, Level: slog.LevelDebug}
	for _, l := range []*slog.Logger{slog.New(slog.NewTextHandler(out, opts)), slog.New(slog.NewJSONHandler(out, opts))} {
		l.Info("x", "v", v)
		l.With("v", v).WithGroup("g").Debug("x", slog.Group("h", "v", v), slog.Any("a", []any{v}))
	}
	log.New(out, "", 0).Print(v)
	encode(nil, template.Must(template.New("").Parse("{{.}} {{printf `%#v` .}}")).Execute(out, v))
	fmt.Fprintf(out, "%v", errors.Join(fmt.Errorf("wrapped: %v", v), fmt.Errorf("%#v", v)))
}

func search(t *testing.T, what string, out *bytes.Buffer, code string) {
	t.Helper()
	text := strings.ToLower(out.String())
	if len(text) < 10 {
		t.Errorf("%s: nothing was written", what)
	}
	for name, form := range canaries(code) {
		if at := strings.Index(text, form); at >= 0 {
			t.Errorf("%s: the %s, stands in: ...%q...", what, name, text[max(0, at-60):min(len(text), at+60)])
		}
	}
}

// samples are a value of every exported type, holding as much as it can. The ones before
// it went into each are the canaries.
func samples(t *testing.T) (map[string][]any, string) {
	t.Helper()
	ctx := context.Background()
	pending, _, _ := newFactor(t, t0, &totp.Options{Digits: 8})
	s := secretFrom(t, secretCanary)
	setup, err := pending.Setup("Acme", "ann@example.com", s)
	if err != nil {
		t.Fatal(err)
	}
	code := phoneOf(t, pending, s).Code(t0)
	attempt, err := pending.BeginConfirmation(t0)
	if err != nil {
		t.Fatal(err)
	}
	booked := attempt.Booked()
	live, err := attempt.Check(s, code)
	if err != nil {
		t.Fatal(err)
	}

	codes := codesFrom(t, []string{recoveryCanary})
	kdf := totp.Peppered([]byte(pepperCanary), quick)
	salt := []byte("saltsaltsaltsalt")
	hash, err := kdf(ctx, []byte(strings.ReplaceAll(recoveryCanary, "-", "")), salt)
	if err != nil {
		t.Fatal(err)
	}
	var set totp.RecoveryCodes
	if err := json.Unmarshal(marshal(t, map[string]any{"id": "x", "salt": salt, "hashes": [][]byte{hash}}), &set); err != nil {
		t.Fatal(err)
	}
	redemption, err := set.Begin(t0)
	if err != nil {
		t.Fatal(err)
	}
	bookedSet := redemption.Booked()
	emptied, err := redemption.Check(ctx, kdf, recoveryCanary)
	if err != nil {
		t.Fatal(err)
	}

	return map[string][]any{
		"Algorithm":     holders(totp.SHA1),
		"Options":       holders(live.Options()),
		"Secret":        holders(s),
		"Setup":         holders(setup),
		"QR":            holders(setup.QR()),
		"Enrollment":    slices.Concat(holders(pending), holders(booked), holders(live)),
		"Attempt":       holders(attempt),
		"Codes":         holders(codes),
		"RecoveryCodes": slices.Concat(holders(set), holders(bookedSet), holders(emptied)),
		"Redemption":    holders(redemption),
		"KDF":           holders(kdf),
		"LockedError":   slices.Concat(holders(totp.LockedError{RetryAfter: 1}), holders(&totp.LockedError{RetryAfter: 1})),
	}, code
}

// TestNothingPrintsASecret: CVE-2025-11794 (Mattermost) had hashes and secrets of factors
// in answers; casdoor carries both in the user of its tokens.
func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	all, code := samples(t)
	for name, values := range all {
		var out bytes.Buffer
		for _, v := range values {
			pour(&out, v)
		}
		search(t, name, &out, code)
	}
}

// TestSecretsPrintAsRedacted: what is blank is seen to be blank, by every verb, alone and
// inside of what a caller has.
func TestSecretsPrintAsRedacted(t *testing.T) {
	t.Parallel()
	setup, err := newPending(t).Setup("Acme", "ann", secretFrom(t, secretCanary))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{
		"Secret": secretFrom(t, secretCanary), "Setup": setup, "QR": setup.QR(), "Codes": codesFrom(t, []string{recoveryCanary}),
		"zero Secret": totp.Secret{}, "zero Setup": totp.Setup{}, "zero QR": totp.QR{}, "zero Codes": totp.Codes{},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%t", "%5.1f"} {
			if got := fmt.Sprintf(verb, v); got != "[redacted]" {
				t.Errorf("%s by %s: %q", name, verb, got)
			}
			if got := fmt.Sprintf(verb, struct{ V any }{v}); !strings.Contains(got, "[redacted]") {
				t.Errorf("a struct with %s by %s: %q", name, verb, got)
			}
		}
		if got := string(marshal(t, map[string]any{"v": v})); got != `{"v":"[redacted]"}` {
			t.Errorf("%s in JSON: %s", name, got)
		}
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		if got := strings.Count(out.String(), "[redacted]"); got != 2 {
			t.Errorf("%s in a log: %s", name, out.String())
		}
	}
}

// TestEveryExportedTypeIsPoured: a new type is one more that could hold a secret.
func TestEveryExportedTypeIsPoured(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.IsExported() {
				types = append(types, spec.Name.Name)
			}
			return true
		})
	}
	slices.Sort(types)
	all, _ := samples(t)
	if diff := cmp.Diff(types, slices.Sorted(maps.Keys(all))); diff != "" {
		t.Errorf("exported types, and those of samples: %s", diff)
	}
}

// TestNoErrorHasASecret collects the errors of every call that fails with one in hand.
func TestNoErrorHasASecret(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	e, _, _ := newFactor(t, t0, &totp.Options{Digits: 8})
	s := secretFrom(t, secretCanary)
	code := phoneOf(t, e, s).Code(t0)
	live := confirm(t, e, s, code, t0)
	set, _ := newSet(t)
	var errs []error
	add := func(err error) {
		t.Helper()
		if err == nil {
			t.Error("no error")
		}
		errs = append(errs, err)
	}
	second := func(_ any, err error) { t.Helper(); add(err) }

	second(totp.SecretFrom([]byte(secretCanary)[:15]))
	second(totp.SecretFrom(bytes.Repeat([]byte(secretCanary), 7)))
	second(totp.ParseCodes([]string{strings.ToLower(recoveryCanary)}))
	second(totp.ParseCodes([]string{recoveryCanary, recoveryCanary + "\n"}))
	second(totp.ParseCodes(slices.Repeat([]string{recoveryCanary}, 11)))
	for _, names := range [][2]string{{"", "ann"}, {"Acme", "a:b"}, {"Acme", "a\nb"}, {"Acme", strings.Repeat("x", 255)}, {"Acme", strings.Repeat("🔑", 254)}} {
		second(e.Setup(names[0], names[1], s))
	}
	second(totp.Enrollment{}.Setup("Acme", "ann", s))
	for _, c := range []string{code, code + "0", secretCanary, recoveryCanary, inBase32(secretCanary)} { // used, or wrong
		second(try(t, live, s, c, t0))
		second(try(t, live, totp.Secret{}, c, t0))
		attempt, err := live.Begin(t0)
		if err != nil {
			t.Fatal(err)
		}
		second(attempt.Check(s, c))
	}
	for _, kdf := range []totp.KDF{
		quick, nil, totp.Peppered([]byte(pepperCanary)[:31], quick), totp.Peppered([]byte(pepperCanary), nil),
		func(_ context.Context, secret, _ []byte) ([]byte, error) { return secret[:8], nil },
	} {
		for _, c := range []string{recoveryCanary, code} {
			attempt, err := set.Begin(t0)
			if err != nil {
				t.Fatal(err)
			}
			second(attempt.Check(ctx, kdf, c))
			attempt.Booked()
			second(attempt.Check(ctx, kdf, c))
		}
	}
	for _, row := range []string{secretCanary, recoveryCanary, code, inBase32(secretCanary)} {
		for _, target := range []any{new(totp.Enrollment), new(totp.RecoveryCodes), new(totp.Secret), new(totp.Codes), new(totp.Setup), new(totp.QR)} {
			add(json.Unmarshal([]byte(row), target))
			add(json.Unmarshal(marshal(t, row), target))
			add(json.Unmarshal(marshal(t, []any{row}), target))
		}
		add(json.Unmarshal(marshal(t, map[string]any{"digits": row}), new(totp.Enrollment)))
		add(json.Unmarshal(marshal(t, map[string]any{"fails": row}), new(totp.RecoveryCodes)))
	}

	var out bytes.Buffer
	for _, err := range errs {
		if err != nil {
			fmt.Fprintln(&out, err.Error())
			pour(&out, err)
		}
	}
	search(t, "errors", &out, code)
}

// TestTheSearchFindsWhatIsThere: each form of each canary, from values that hide nothing.
func TestTheSearchFindsWhatIsThere(t *testing.T) {
	t.Parallel()
	_, code := samples(t)
	var out bytes.Buffer
	for _, text := range []string{secretCanary, recoveryCanary, code, pepperCanary, strings.ReplaceAll(recoveryCanary, "-", ""), inBase32(secretCanary), grouped(inBase32(secretCanary))} {
		for _, v := range holders([]byte(text)) {
			pour(&out, v)
		}
		for off := range 3 {
			fmt.Fprintln(&out, base64.StdEncoding.EncodeToString([]byte("ab"[:off%3]+text)), base64.RawURLEncoding.EncodeToString([]byte(text)))
		}
		fmt.Fprintln(&out, base32.StdEncoding.EncodeToString([]byte(text)), text)
		fmt.Fprintln(&out, strings.ReplaceAll(fmt.Sprint([]byte(text)), " ", ","))
	}
	pour(&out, make([]bool, 5))
	found := strings.ToLower(out.String())
	for name, form := range canaries(code) {
		if !strings.Contains(found, form) {
			t.Errorf("the %s, %q, is not found where it is", name, form)
		}
	}
}

// TestASetPrintsNoHashes: what is kept of recovery codes is JSON for the database, and is
// read nowhere else.
func TestASetPrintsNoHashes(t *testing.T) {
	t.Parallel()
	all, _ := samples(t)
	kept := string(marshal(t, all["RecoveryCodes"][0]))
	salt := base64.StdEncoding.EncodeToString([]byte("saltsaltsaltsalt"))
	if !strings.Contains(kept, salt) {
		t.Fatalf("%s has no salt", kept)
	}
	for _, name := range []string{"RecoveryCodes", "Redemption"} {
		if got := fmt.Sprintf("%v %+v %#v", all[name][0], all[name][0], all[name][0]); got != "[redacted] [redacted] [redacted]" {
			t.Errorf("%s prints %.60q", name, got)
		}
		for _, v := range all[name] { // the salt stands beside the hashes
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
				got := fmt.Sprintf(verb, v)
				for _, salt := range []string{"saltsalt", "115 97 108 116", "0x73, 0x61, 0x6c, 0x74", "73616c74"} {
					if strings.Contains(got, salt) {
						t.Errorf("%s of %s in a %T: the salt is printed", verb, name, v)
					}
				}
			}
		}
	}
}
