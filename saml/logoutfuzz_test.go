package saml_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

// sound wants an *Error that is no panic, or none.
func sound(t *testing.T, err error) {
	t.Helper()
	var e *saml.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("not an *Error: %v", err)
	}
	if e != nil && e.Err != nil && strings.Contains(e.Err.Error(), "saml: panic") {
		t.Fatalf("panicked: %v", e.Err)
	}
}

// FuzzReadLogout gives the handler of SP.SLO any query and any form.
func FuzzReadLogout(f *testing.F) {
	for _, doc := range []string{logoutRequest(), logoutResponse()} {
		f.Add(signedQuery(fieldOf(doc), unmark(doc), "r", signing{}), "")
		r := binding("post").send(doc, "r", signing{})
		if err := r.ParseForm(); err != nil {
			f.Fatal(err)
		}
		f.Add("", r.PostForm.Encode())
	}
	f.Add("SAMLRequest=%zz&SigAlg&Signature=;", "SAMLResponse=PGEvPg%3D%3D&RelayState=%00")
	f.Fuzz(func(t *testing.T, query, body string) {
		for _, r := range []*http.Request{get(query), postForm(body)} {
			r.URL.RawQuery = query
			m, read := saml.ReadLogout(httptest.NewRecorder(), r)
			sound(t, read)
			lo, received := logoutSP().ReceiveLogout(logoutIdP(), nil, m, clock())
			sound(t, received)
			finished := logoutSP().FinishLogout(logoutIdP(), nil, m, ourRequest(), clock())
			sound(t, finished)
			if (lo == nil) == (received == nil) || received == nil && finished == nil || read != nil && (received == nil || finished == nil) {
				t.Fatalf("read %v, received %+v %v, finished %v", read, lo, received, finished)
			}
			if relay := m.RelayState(); !m.IsRequest() && strings.ContainsAny(relay, ":/\\<>\"' \r\n") || len(relay) > 1024 {
				t.Fatalf("RelayState = %q", relay)
			}
		}
	})
}

// FuzzReceiveLogout is an oracle: whatever is done to a genuine request on its way, it
// is refused or it still says exactly what was signed.
func FuzzReceiveLogout(f *testing.F) {
	query := signedQuery("SAMLRequest", unmark(logoutRequest()), "state", signing{})
	doc := unmark(sign(logoutRequest(), "@R@", signing{}))
	want := genuineLogout()
	for _, redirect := range []bool{true, false} {
		f.Add(redirect, uint16(300), uint16(10), uint16(0), uint16(0), "owner", uint16(0), uint16(0), "")
		f.Add(redirect, uint16(0), uint16(0), uint16(0), uint16(400), "&", uint16(20), uint16(3), "SAMLRequest=")
		f.Add(redirect, uint16(1200), uint16(0), uint16(300), uint16(900), "<ds:Object>", uint16(40), uint16(0), ` ID="x"`)
		f.Add(redirect, uint16(5), uint16(0), uint16(0), uint16(0), "%53", uint16(9), uint16(0), "&RelayState=")
	}
	f.Fuzz(func(t *testing.T, redirect bool, at, drop, from, length uint16, text string, at2, drop2 uint16, text2 string) {
		genuine := doc
		if redirect {
			genuine = query
		}
		piece := genuine[min(int(from), len(genuine)):min(int(from)+int(length), len(genuine))]
		mutated := splice(splice(genuine, int(at), int(drop), text+piece), int(at2), int(drop2), text2)
		r := post("SAMLRequest", mutated, "state")
		if redirect {
			r = get(mutated)
		}
		lo, err := receive(r, logoutIdP(), nil)
		sound(t, err)
		if err != nil {
			return
		}
		if lo.RelayState != "state" {
			t.Fatalf("RelayState = %q", lo.RelayState)
		}
		lo.RelayState = ""
		if diff := cmp.Diff(want, lo); diff != "" {
			t.Fatalf("another logout is accepted: %s\n%s", diff, mutated)
		}
	})
}

// FuzzReceiveLogoutSigned has the provider sign whatever it likes, so that what is
// behind the signature is reached.
func FuzzReceiveLogoutSigned(f *testing.F) {
	f.Add(unmark(logoutRequest()), "r", false)
	f.Add(unmark(logoutResponse()), "", true)
	whole := unmark(logoutRequest())
	f.Add(strings.Replace(whole, "ann-1", "<a/>", 1), "\x00", true)
	f.Add(strings.Replace(whole, "<saml:NameID", "<saml:EncryptedID/><saml:NameID", 1), "//x", false)
	f.Fuzz(func(t *testing.T, doc, relay string, lower bool) {
		for _, field := range []string{"SAMLRequest", "SAMLResponse"} {
			by := signing{by: "ec"} // which signs fastest
			query := unsignedQuery(field, doc, relay, by)
			if lower {
				query = lowerEscapes(query)
			}
			r := get(signOctets(query, by))
			if field == "SAMLResponse" {
				sound(t, finishLogout(r, logoutIdP("ec"), nil, ourRequest()))
				continue
			}
			lo, err := receive(r, logoutIdP("ec"), nil)
			sound(t, err)
			if err != nil {
				continue
			}
			if lo.ID == "" || lo.NameID.Value == "" || len(lo.SessionIndexes) > 256 || lo.RelayState != relay || lo.ReplayUntil.After(clock().Add(25*time.Hour)) || !lo.ReplayUntil.After(clock()) {
				t.Fatalf("%+v", lo)
			}
			answer, err := logoutSP().AnswerLogout(logoutIdP("ec"), lo, true, clock())
			if err != nil {
				t.Fatal(explain(err))
			}
			if u, err := url.Parse(answer.URL()); err != nil || u.Host != "idp.example" || u.Query().Get("RelayState") != relay {
				t.Fatalf("%s %v", answer.URL(), err)
			}
		}
	})
}
