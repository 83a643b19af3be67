package totp_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/totp"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

// An attempt from Begin to what Check says: the three must not differ. internal/bench
// compares them in turn, beside another library.
func BenchmarkCheck(b *testing.B) {
	began := time.Unix(1_700_000_000, 0)
	now := began.Add(5 * time.Minute)
	pending, secret, err := totp.New(began, nil)
	if err != nil {
		b.Fatal(err)
	}
	setup, err := pending.Setup("Acme", "ann@example.com", secret)
	if err != nil {
		b.Fatal(err)
	}
	app, err := totptest.NewApp(setup.URI())
	if err != nil {
		b.Fatal(err)
	}
	confirm, err := pending.BeginConfirmation(began)
	if err != nil {
		b.Fatal(err)
	}
	confirm.Booked()
	live, err := confirm.Check(secret, app.Code(began))
	if err != nil {
		b.Fatal(err)
	}
	miss := "000000"
	for d := range 3 {
		if app.Code(now.Add(time.Duration(d-1)*30*time.Second)) == miss {
			miss = "111111"
		}
	}
	for _, try := range []struct {
		name string
		at   time.Time
		code string
		want error
	}{
		{"hit", now, app.Code(now), nil},
		{"miss", now, miss, totp.ErrWrongCode},
		{"used", began, app.Code(began), totp.ErrUsedCode},
	} {
		b.Run(try.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				attempt, err := live.Begin(try.at)
				if err != nil {
					b.Fatal(err)
				}
				attempt.Booked()
				if _, err := attempt.Check(secret, try.code); !errors.Is(err, try.want) {
					b.Fatal(err)
				}
			}
		})
	}
}

// The link and its picture: for short names, and for as long as there may be.
func BenchmarkSetup(b *testing.B) {
	for name, account := range map[string]string{"short": "ann@example.com", "longest": strings.Repeat("漢", 247) + "ab"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := pictured("Acme", account); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What one picture costs once its Setup is there.
func BenchmarkQR(b *testing.B) {
	q := mustPicture(b, "Acme", "ann@example.com").QR()
	for name, picture := range map[string]func() error{
		"PNG":      func() error { return q.PNG(io.Discard, 4) },
		"SVG":      func() error { _, err := io.WriteString(io.Discard, q.SVG()); return err },
		"Terminal": func() error { _, err := io.WriteString(io.Discard, q.Terminal()); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := picture(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
