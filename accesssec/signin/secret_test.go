package signin_test

import (
	"encoding/base64"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// secrets are what may be on some pages and nowhere else: by what they are called.
type secrets map[string][]string

// where lists the answers whose body has one of the spellings, and fails the test for one
// in a URL, a header or a log line. A redirect's Referer is a header too.
func (s secrets) where(t *testing.T, w *world, tapes ...*tape) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for name, spellings := range s {
		for _, text := range spellings {
			if strings.Contains(w.log.String(), text) {
				t.Errorf("%s is in the log", name)
			}
			for _, c := range tapes {
				for _, x := range c.all {
					at := x.method + " " + strings.Split(x.path, "?")[0]
					if strings.Contains(x.path, text) || strings.Contains(unescaped(x.path), text) {
						t.Errorf("%s is in the URL %s", name, at)
					}
					for _, h := range []http.Header{x.asked, x.header} {
						for field, values := range h {
							if strings.Contains(strings.Join(values, "\n"), text) {
								t.Errorf("%s is in the header %s of %s", name, field, at)
							}
						}
					}
					if strings.Contains(x.body, text) || strings.Contains(html.UnescapeString(x.body), text) {
						found[name] = append(found[name], at)
					}
				}
			}
		}
		slices.Sort(found[name])
		found[name] = slices.Compact(found[name])
	}
	return found
}

func unescaped(path string) string {
	text, err := url.QueryUnescape(path)
	if err != nil {
		return path
	}
	return text
}

// A key stands on the page of the set-up, recovery codes on the page after it and in the
// file, and no code that was typed on any page.
func TestSecretsAreShownWhereTheyAreNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("ext@example.org").prove()
	begun := v.post("/auth/factor/begin", form("next", "/who"))
	ext := v.setUp() // drops the first, which must be nowhere either
	key := v.get("/auth/factor").key()
	first, wrong := ext.app.Code(w.now()), ext.wrong()
	v.post("/auth/factor/confirm", form("code", wrong))
	v.confirm(ext)
	file := form()
	file["code"] = ext.codes
	v.post("/auth/factor/codes.txt", file)
	v.post("/auth/factor/done", form("next", "/who"))

	in := w.visitor(t)
	used := ext.next()
	in.half("ext@example.org").post("/auth/code", form("code", wrong, "next", "/who"))
	in.post("/auth/code", form("code", used, "next", "/who"))
	lost := w.visitor(t).half("ext@example.org")
	lost.post("/auth/recover", form("code", ext.codes[1]+"X"))
	lost.post("/auth/recover", form("code", ext.codes[1]))
	in.prove()
	renewing := ext.next()
	renewed := in.post("/auth/factor/codes", form("code", renewing)).codes()
	if len(renewed) != 10 || in.in() != "ext@example.org" || lost.in() != "ext@example.org" {
		t.Fatalf("%d new codes, signed in as %q and %q", len(renewed), in.in(), lost.in())
	}

	var tapes []*tape
	for _, v := range []*visitor{v, in, lost} {
		tapes = append(tapes, v.c.Transport.(*tape))
	}
	s := secrets{
		"the key":              {key, strings.ReplaceAll(key, " ", ""), strings.ToLower(strings.ReplaceAll(key, " ", ""))},
		"the key given up":     {begun.key(), strings.ReplaceAll(begun.key(), " ", "")},
		"a recovery code":      ext.codes,
		"a new recovery code":  renewed,
		"what was typed":       {`"` + wrong + `"`, ">" + wrong, `"` + first + `"`, ">" + first, `"` + used + `"`, ">" + used, `"` + renewing + `"`, ">" + renewing},
		"a typed one in URLs":  {"=" + wrong, "=" + first, "=" + used, "=" + renewing},
		"the password":         {right},
		"a mistyped recovery ": {ext.codes[1] + "X"},
	}
	for name, spellings := range s {
		if slices.Contains(spellings, "") {
			t.Fatalf("%s: nothing to look for", name)
		}
	}
	found := s.where(t, w, tapes...)
	for name, pages := range map[string][]string{
		"the key":             {"GET /auth/factor", "POST /auth/factor/confirm"},
		"the key given up":    {"GET /auth/factor"},
		"a recovery code":     {"POST /auth/factor/codes.txt", "POST /auth/factor/confirm"},
		"a new recovery code": {"POST /auth/factor/codes"},
	} {
		if !slices.Equal(found[name], pages) {
			t.Errorf("%s is on %v, want %v", name, found[name], pages)
		}
		delete(found, name)
	}
	for name, pages := range found {
		if len(pages) > 0 {
			t.Errorf("%s is on %v", name, pages)
		}
	}
}

// A link's token is in its URL, and on the page that asks for the password.
func TestResetTokenStaysOnItsPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, "fay@example.org")
	w.twoOrgs(t, "fay@example.org")
	token := w.resetLink(t, w.member(t, "fay@example.org"))
	v := w.visitor(t)
	v.get("/auth/factor/reset?token=" + url.QueryEscape(token))
	v.post("/auth/factor/reset", form("token", token, "password", "a guess"))
	v.post("/auth/factor/reset", form("token", token, "password", right))
	v.get("/auth/")
	if n := strings.Count(w.log.String(), token); n != 0 {
		t.Errorf("the token is %d times in the log", n)
	}
	for i, x := range v.c.Transport.(*tape).all {
		if (strings.Contains(x.body, token)) != (i < 2) || (strings.Contains(x.path, token)) != (i == 0) {
			t.Errorf("the token is in %s %s or its answer", x.method, x.path)
		}
		for field, values := range x.header {
			if strings.Contains(strings.Join(values, "\n"), token) {
				t.Errorf("the token is in the header %s", field)
			}
		}
	}
}

// twoOrgs makes somebody a member of another org as well.
func (w *world) twoOrgs(t *testing.T, address string) {
	t.Helper()
	other := must[accesssec.Principal](t)(w.svc.CreateOrg(t.Context(), "Other", accesssec.Person{Address: "otto@example.net", Verified: true, Password: right}))
	if err := w.svc.ImportPeople(t.Context(), other.OrgID, accesssec.Person{Address: address, Role: policy.Member}); err != nil {
		t.Fatal(err)
	}
}

// The picture says what the link says, in the way that a reader of pictures would find it:
// it is one path of the page itself, and loads nothing.
func TestPictureIsOfThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("ext@example.org").prove()
	p := v.post("/auth/factor/begin", form())
	_, rest, _ := strings.Cut(p.text, `<div class="qr">`)
	svg, _, ok := strings.Cut(rest, "</div>")
	if !ok || strings.Count(svg, "<svg ") != 1 || strings.Count(svg, "<path ") != 1 || strings.Contains(svg, "href") || strings.Contains(svg, "url(") {
		t.Errorf("the picture is %.200s", svg)
	}
	key := strings.ReplaceAll(p.key(), " ", "")
	if strings.Contains(svg, key) || strings.Contains(svg, base64.StdEncoding.EncodeToString([]byte(key))) {
		t.Error("the picture spells the key out")
	}
}
