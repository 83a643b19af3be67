package samltest

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Binding is the way of a message through the browser.
type Binding string

// The bindings that messages come and go by (bindings, sections 3.4 and 3.5).
const (
	Redirect Binding = "redirect"
	POST     Binding = "post"
)

func (b Binding) uri() string {
	if b == Redirect {
		return bindingRedirect
	}
	return bindingPOST
}

// The parameters that carry a message.
const (
	fieldRequest  = "SAMLRequest"
	fieldResponse = "SAMLResponse"
)

// incoming is a message as the binding carried it.
type incoming struct {
	xml        []byte
	relayState string
	redirect   bool
	signed     string // redirect binding: the octets that are signed
	algorithm  string
	signature  string
}

// receive reads the parameter field of a GET or a POST.
func receive(r *http.Request, field string) (incoming, error) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return readRedirect(r, field)
	case http.MethodPost:
		return readPOST(r, field)
	}
	return incoming{}, fmt.Errorf("method %s", r.Method)
}

// readRedirect follows bindings, section 3.4.4.1. The octets that are signed are
// taken from the query as it came: encoding them anew could change them.
func readRedirect(r *http.Request, field string) (incoming, error) {
	raw := map[string]string{}
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if _, twice := raw[name]; twice && name != "" {
			return incoming{}, fmt.Errorf("parameter %q given twice", name)
		}
		raw[name] = value
	}
	in := incoming{redirect: true}
	var encoded string
	for name, into := range map[string]*string{
		field: &encoded, "RelayState": &in.relayState, "SigAlg": &in.algorithm, "Signature": &in.signature,
	} {
		value, err := url.QueryUnescape(raw[name])
		if err != nil {
			return incoming{}, fmt.Errorf("parameter %s is not URL-encoded", name)
		}
		*into = value
	}
	if encoding, ok := raw["SAMLEncoding"]; ok {
		return incoming{}, fmt.Errorf("SAMLEncoding %q is not known", encoding)
	}
	in.signed = field + "=" + raw[field]
	if relay, ok := raw["RelayState"]; ok {
		in.signed += "&RelayState=" + relay
	}
	in.signed += "&SigAlg=" + raw["SigAlg"]
	deflated, err := decode(field, encoded)
	if err != nil {
		return incoming{}, err
	}
	in.xml, err = inflate(field, deflated)
	return in, err
}

func readPOST(r *http.Request, field string) (incoming, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, 4*maxRequest) // URL-encoded base64 and its neighbours
	if err := r.ParseForm(); err != nil {
		return incoming{}, errors.New("the form cannot be read")
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			return incoming{}, fmt.Errorf("parameter %q given twice", name)
		}
	}
	data, err := decode(field, r.PostForm.Get(field))
	return incoming{xml: data, relayState: r.PostForm.Get("RelayState")}, err
}

func decode(field, encoded string) ([]byte, error) {
	if encoded == "" {
		return nil, fmt.Errorf("no %s", field)
	}
	if len(encoded) > 2*maxRequest {
		return nil, fmt.Errorf("%s is larger than %d bytes", field, 2*maxRequest)
	}
	data, err := decodeBase64(encoded)
	if err != nil {
		return nil, fmt.Errorf("%s is not base64", field)
	}
	return data, nil
}

// decodeBase64 takes white space anywhere.
func decodeBase64(encoded string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
}

// inflate stops one byte behind the bound, so that a small request cannot become a
// large one.
func inflate(field string, deflated []byte) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(deflated)), maxRequest+1))
	if err != nil {
		return nil, fmt.Errorf("%s is not deflated", field)
	}
	if len(data) > maxRequest {
		return nil, fmt.Errorf("%s inflates to more than %d bytes", field, maxRequest)
	}
	return data, nil
}
