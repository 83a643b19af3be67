package samltest

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Bounds of the forms of one page.
const (
	maxTokens = 200_000
	maxFields = 1000
)

type formKind int

const (
	otherForm   formKind = iota
	signInForm           // of this package's sign-in page
	messageForm          // carries a SAML message to the next station
)

// form is an HTML form as [Login] fills it in.
type form struct {
	kind    formKind
	page    *url.URL
	policy  string // Referrer-Policy of the page
	action  *url.URL
	fields  url.Values          // the hidden ones, with their values
	choices map[string][]string // values of the buttons and checkboxes, by name
}

func (f *form) offers(name, value string) bool {
	for _, v := range f.choices[name] {
		if v == value {
			return true
		}
	}
	return false
}

// findForm returns the first form of a page that carries a SAML message or lists
// people, or nil. It reads tokens and builds no tree, so that the depth of the page
// costs nothing.
func findForm(page []byte, at *url.URL) (*form, error) {
	z := html.NewTokenizer(bytes.NewReader(page))
	var f *form
	for count := 0; ; count++ {
		kind := z.Next()
		if kind == html.ErrorToken {
			return nil, nil // the end: nothing found
		}
		if count > maxTokens {
			return nil, fmt.Errorf("samltest: the page at %s has too many elements", at.Redacted())
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken && kind != html.EndTagToken {
			continue
		}
		t := z.Token()
		switch {
		case t.Data == "form" && t.Type == html.StartTagToken && f == nil:
			f = &form{page: at, fields: url.Values{}, choices: map[string][]string{}}
			if err := f.open(t); err != nil {
				return nil, err
			}
		case t.Data == "form" && t.Type == html.EndTagToken && f != nil:
			if f.settle(); f.kind != otherForm {
				return f, nil
			}
			f = nil
		case f != nil && t.Type != html.EndTagToken && (t.Data == "input" || t.Data == "button"):
			if f.add(t); len(f.fields)+len(f.choices) > maxFields {
				return nil, fmt.Errorf("samltest: the form at %s has too many fields", at.Redacted())
			}
		}
	}
}

// open resolves the action. A form that is not posted to the web stays an otherForm.
func (f *form) open(t html.Token) error {
	if !strings.EqualFold(attr(t, "method"), "post") {
		return nil
	}
	action, err := f.page.Parse(attr(t, "action"))
	if err != nil {
		return fmt.Errorf("samltest: the form at %s has no usable action", f.page.Redacted())
	}
	if action.Scheme == "http" || action.Scheme == "https" {
		f.action = action
	}
	return nil
}

func (f *form) add(t html.Token) {
	name, value := attr(t, "name"), attr(t, "value")
	switch kind := strings.ToLower(attr(t, "type")); {
	case name == "":
	case t.Data == "button" || kind == "checkbox":
		f.choices[name] = append(f.choices[name], value)
	case kind == "hidden":
		f.fields.Add(name, value)
	}
}

func (f *form) settle() {
	switch {
	case f.action == nil:
	case f.fields.Has("SAMLResponse") || f.fields.Has("SAMLRequest"):
		f.kind = messageForm
	case f.fields.Has(fieldTicket):
		f.kind = signInForm
	}
}

func attr(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
