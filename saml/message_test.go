package saml_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

func TestReadMessage(t *testing.T) {
	t.Parallel()
	good := base64.StdEncoding.EncodeToString([]byte(base("assertion").sign(genuine(), signing{})))
	form := url.Values{"SAMLResponse": {good}, "RelayState": {"r"}}.Encode()
	for name, c := range map[string]struct {
		method, target, kind, body string
		code                       saml.Code // "" is read
	}{
		"form":               {"POST", "/acs", "application/x-www-form-urlencoded", form, ""},
		"with a charset":     {"POST", "/acs", "application/x-www-form-urlencoded; charset=utf-8", form, ""},
		"lines of 76":        {"POST", "/acs", "application/x-www-form-urlencoded", "SAMLResponse=" + url.QueryEscape(good[:76]+"\r\n"+good[76:152]+"\n \t"+good[152:]), ""},
		"GET":                {"GET", "/acs?" + form, "", "", saml.CodeEncoding},
		"query of a POST":    {"POST", "/acs?" + form, "application/x-www-form-urlencoded", "", saml.CodeEncoding},
		"twice":              {"POST", "/acs", "application/x-www-form-urlencoded", form + "&" + form, saml.CodeEncoding},
		"none":               {"POST", "/acs", "application/x-www-form-urlencoded", "RelayState=r", saml.CodeEncoding},
		"empty":              {"POST", "/acs", "application/x-www-form-urlencoded", "SAMLResponse=", saml.CodeEncoding},
		"JSON":               {"POST", "/acs", "application/json", `{"SAMLResponse":"x"}`, saml.CodeEncoding},
		"broken escapes":     {"POST", "/acs", "application/x-www-form-urlencoded", "SAMLResponse=%zz", saml.CodeEncoding},
		"not base64":         {"POST", "/acs", "application/x-www-form-urlencoded", "SAMLResponse=***", saml.CodeEncoding},
		"URL-safe base64":    {"POST", "/acs", "application/x-www-form-urlencoded", "SAMLResponse=_-_-", saml.CodeEncoding},
		"bits left over":     {"POST", "/acs", "application/x-www-form-urlencoded", "SAMLResponse=" + url.QueryEscape("PGEvPh=="), saml.CodeEncoding},
		"base64 of no XML":   {"POST", "/acs", "application/x-www-form-urlencoded", "SAMLResponse=aGVsbG8%3D", saml.CodeXML},
		"XML without base64": {"POST", "/acs", "application/x-www-form-urlencoded", "SAMLResponse=" + url.QueryEscape("<a/>"), saml.CodeEncoding},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.kind)
			m, err := saml.ReadMessage(httptest.NewRecorder(), r)
			if c.code != "" {
				refused(t, nil, err, c.code)
				if m.InResponseTo() != "" {
					t.Error("a message with the error")
				}
				// Handed on all the same, it is refused for that reason.
				id, err := ourSP().Finish(theirIdP(), nil, m, ourRequest(), clock())
				refused(t, id, err, c.code)
				return
			}
			if err != nil {
				t.Fatal(explain(err))
			}
			if m.InResponseTo() != reqID {
				t.Errorf("InResponseTo = %q", m.InResponseTo())
			}
			if _, err := ourSP().Finish(theirIdP(), nil, m, ourRequest(), clock()); err != nil {
				t.Error(explain(err))
			}
		})
	}
	if got := (saml.Message{}).InResponseTo(); got != "" {
		t.Errorf("zero Message: %q", got)
	}
	if _, err := saml.ReadMessage(httptest.NewRecorder(), &http.Request{Method: http.MethodPost, URL: &url.URL{}}); err == nil {
		t.Error("a request without a body was read")
	}
}
