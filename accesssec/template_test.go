package accesssec

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestTemplatesHoldEveryName(t *testing.T) {
	t.Parallel()
	var listed, declared []string
	for _, info := range Templates() {
		listed = append(listed, string(info.Name))
	}
	for _, name := range constants(t, ".", "Template") {
		declared = append(declared, name)
	}
	slices.Sort(listed)
	slices.Sort(declared)
	if diff := cmp.Diff(declared, listed); diff != "" || len(listed) < 3 {
		t.Errorf("constants (-) and catalogue (+):\n%s", diff)
	}
}

func TestTemplatesRender(t *testing.T) {
	t.Parallel()
	place := regexp.MustCompile(`\{([^{}]*)\}`)
	for _, info := range Templates() {
		values, used := map[string]string{}, map[string]bool{}
		for _, k := range info.Keys {
			if values[k.Key] != "" || k.Meaning == "" {
				t.Errorf("%s: key %q twice, or without a meaning", info.Name, k.Key)
			}
			values[k.Key] = "the value of " + k.Key
		}
		for _, m := range place.FindAllStringSubmatch(info.Subject+info.Text, -1) {
			used[m[1]] = true
			if values[m[1]] == "" {
				t.Errorf("%s has a place for %q, which is no key of it", info.Name, m[1])
			}
		}
		if len(used) != len(info.Keys) {
			t.Errorf("%s has %d keys and uses %d", info.Name, len(info.Keys), len(used))
		}
		subject, text, err := render(info.Name, values)
		if err != nil || strings.ContainsAny(subject+text, "{}<>") || subject == "" || len(subject) > 100 || !strings.HasSuffix(text, ".\n") {
			t.Errorf("%s: %v\n%s\n%s", info.Name, err, subject, text)
		}
		for _, k := range info.Keys {
			if !strings.Contains(subject+text, "the value of "+k.Key) {
				t.Errorf("%s: %s is not said", info.Name, k.Key)
			}
		}
		for _, r := range subject + strings.ReplaceAll(text, "\n", "") {
			if unicode.IsControl(r) || r > unicode.MaxASCII {
				t.Errorf("%s holds %q", info.Name, r)
			}
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	whole := func() map[string]string {
		out := map[string]string{}
		for _, k := range Templates()[0].Keys {
			out[k.Key] = "x"
		}
		return out
	}
	missing, more := whole(), whole()
	delete(missing, "org")
	more["token"] = "x"
	for name, values := range map[string]map[string]string{"one missing": missing, "one too many": more, "none": nil} {
		if subject, text, err := render(Templates()[0].Name, values); err == nil || subject+text != "" {
			t.Errorf("%s: rendered", name)
		}
	}
	if _, _, err := render("no such", whole()); err == nil {
		t.Error("a template that is not there")
	}
}

func TestFillIsOnePass(t *testing.T) {
	t.Parallel()
	got := fill("{org} and {by}", map[string]string{"org": "{by}", "by": "{org}{by}"})
	if got != "{by} and {org}{by}" {
		t.Errorf("a value was taken for a place: %q", got)
	}
}

func FuzzOneLine(f *testing.F) {
	f.Add("Acme\r\nBcc: everybody@example.com")
	f.Add("a\u2028b\u202ec\x00\x7f\u0085")
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, s string) {
		got := oneLine(s, 50)
		if oneLine(got, 50) != got || len([]rune(got)) > 50 || got != strings.TrimSpace(got) {
			t.Errorf("%q became %q", s, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || r != ' ' && unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
				t.Errorf("%q is left in %q", r, got)
			}
		}
	})
}
