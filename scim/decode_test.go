package scim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{`{}`, `{}`},
		{" \t\r\n{ \"a\" : [ 1 , 2 ] } \n", `{"a":[1,2]}`},
		{`{"a":null,"b":true,"c":false,"d":"","e":[],"f":{}}`, `{"a":null,"b":true,"c":false,"d":"","e":[],"f":{}}`},
		{`{"a":"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00é😀"}`, `{"a":"\"\\/\b\f\n\r\té😀é😀"}`},
		{`{"\u0061b":1}`, `{"ab":1}`},
		{`{"a":-0.5e+10,"b":0,"c":12345678901234567890}`, `{"a":-0.5e+10,"b":0,"c":12345678901234567890}`},
	}
	for _, tt := range tests {
		got, err := scim.Decode(tt.in)
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		if d := cmp.Diff(jsonOf(t, tt.want), got); d != "" {
			t.Errorf("%s: %s", tt.in, d)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	many := strings.Builder{}
	for i := range 40 {
		fmt.Fprintf(&many, `"n%d":1,`, i)
	}
	tests := []struct{ name, in, want string }{
		{"nothing", ``, "invalidSyntax"},
		{"blanks", "  \n", "invalidSyntax"},
		{"no object", `[]`, "invalidSyntax"},
		{"a text", `"x"`, "invalidSyntax"},
		{"a byte order mark", "\ufeff{}", "invalidSyntax"},
		{"trailing data", `{} {}`, "invalidSyntax"},
		{"trailing comma", `{"a":1,}`, "invalidSyntax"},
		{"trailing comma of an array", `{"a":[1,]}`, "invalidSyntax"},
		{"no colon", `{"a" 1}`, "invalidSyntax"},
		{"no end", `{"a":1`, "invalidSyntax"},
		{"no end of an array", `{"a":[1`, "invalidSyntax"},
		{"no end of a text", `{"a":"x`, "invalidSyntax"},
		{"no end of an escape", `{"a":"\`, "invalidSyntax"},
		{"no end of a unicode escape", `{"a":"\u00`, "invalidSyntax"},
		{"single quotes", `{'a':1}`, "invalidSyntax"},
		{"name without quotes", `{a:1}`, "invalidSyntax"},
		{"comment", `{/**/"a":1}`, "invalidSyntax"},
		{"NaN", `{"a":NaN}`, "invalidSyntax"},
		{"word", `{"a":truth}`, "invalidSyntax"},
		{"capital word", `{"a":True}`, "invalidSyntax"},
		{"plus", `{"a":+1}`, "invalidSyntax"},
		{"leading zero", `{"a":01}`, "invalidSyntax"},
		{"no fraction", `{"a":1.}`, "invalidSyntax"},
		{"no exponent", `{"a":1e}`, "invalidSyntax"},
		{"minus alone", `{"a":-}`, "invalidSyntax"},
		{"hexadecimal", `{"a":0x1}`, "invalidSyntax"},
		{"number without end", `{"a":` + strings.Repeat("1", 65) + `}`, "invalidValue"},
		{"twice", `{"a":1,"a":2}`, "invalidSyntax"},
		{"twice in another case", `{"userName":"a","USERNAME":"b"}`, "invalidSyntax"},
		{"twice by an escape", `{"a":1,"\u0061":2}`, "invalidSyntax"},
		{"twice, further in", `{"a":{"b":1,"B":2}}`, "invalidSyntax"},
		{"twice in an array", `{"a":[{"b":1,"B":2}]}`, "invalidSyntax"},
		{"twice among many", `{` + many.String() + `"N7":1}`, "invalidSyntax"},
		{"twice, both late", `{` + many.String() + `"x":1,"X":1}`, "invalidSyntax"},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", "invalidSyntax"},
		{"overlong UTF-8", "{\"a\":\"\xc0\x80\"}", "invalidSyntax"},
		{"invalid UTF-8 behind an escape", "{\"a\":\"\\n\xff\"}", "invalidSyntax"},
		{"surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", "invalidSyntax"},
		{"lone high surrogate", `{"a":"\ud83d"}`, "invalidSyntax"},
		{"lone low surrogate", `{"a":"\ude00"}`, "invalidSyntax"},
		{"surrogates turned round", `{"a":"\ude00\ud83d"}`, "invalidSyntax"},
		{"high surrogate and a letter", `{"a":"\ud83d\u0061"}`, "invalidSyntax"},
		{"NUL", `{"a":"x\u0000"}`, "invalidValue"},
		{"NUL in a name", `{"a\u0000":1}`, "invalidValue"},
		{"NUL as a byte", "{\"a\":\"\x00\"}", "invalidSyntax"},
		{"line break in a text", "{\"a\":\"\n\"}", "invalidSyntax"},
		{"line break behind an escape", "{\"a\":\"\\t\n\"}", "invalidSyntax"},
		{"unknown escape", `{"a":"\x41"}`, "invalidSyntax"},
		{"no hexadecimal", `{"a":"\u00g0"}`, "invalidSyntax"},
		{"deep", strings.Repeat(`{"a":`, 33) + `1` + strings.Repeat(`}`, 33), "invalidSyntax"},
		{"deep arrays", `{"a":` + strings.Repeat(`[`, 100000), "invalidSyntax"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := scim.Decode(tt.in)
			var e *scim.Error
			if !errors.As(err, &e) || got != nil {
				t.Fatalf("decode gives %v, %v", got, err)
			}
			if string(e.Type) != tt.want || e.Status != 400 || len(e.Detail) > 300 {
				t.Errorf("%+v, want %s", e, tt.want)
			}
		})
	}
	if _, err := scim.Decode(strings.Repeat(`{"a":`, 32) + `1` + strings.Repeat(`}`, 32)); err != nil {
		t.Errorf("32 levels: %v", err)
	}
}

// What decode takes, encoding/json takes as well, and finds the same in it.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":[1,-2.5e3,"x\u00e9\n",true,null,{"b":{}}]}`, `{"a":1,"A":2}`, `{"a":"\ud83d\ude00"}`,
		`{"a":"\ud83d"}`, "{\"a\":\"\xff\"}", `{"a":01}`, `[`, `{"a":"\u0000"}`, strings.Repeat(`{"a":`, 40),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := scim.Decode(s)
		if err != nil {
			var e *scim.Error
			if !errors.As(err, &e) || e.Status != 400 {
				t.Fatalf("%q: %v is no refusal", s, err)
			}
			return
		}
		var want map[string]any
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatalf("%q is taken, and encoding/json has %v", s, err)
		}
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("%q: %v, encoding/json finds %v", s, got, want)
		}
	})
}
