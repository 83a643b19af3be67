package scimtest

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/accesssec/accesssec-go/scim"
)

// Body is what a client has been seen to send, and the state that it must lead to.
//
// In its texts {{address x}} stands for an address that SCIM may create, {{text x}} for a text
// that nobody else uses, {{user x}} for the id of a user who is there before, and {{id}} for
// the id of the resource that the Body is about; the same x is the same value. {{U}}, {{G}},
// {{E}} and {{P}} are the URNs of User, Group, EnterpriseUser and PatchOp.
type Body struct {
	Name   string
	Client string // who sends it: "Entra", "Okta", …, or the section of the RFC that gives it
	Row    string // of the table of bodies that servers get wrong; "" none of these
	// Path is "/Users" or "/Groups": what it is about. Given is posted there before; "" nothing.
	Path, Given string
	Send        []Message
	// Want is the resource that a GET returns in the end, without what the server alone decides.
	// "" is the one of before; "gone" a 404; "none" that there is nothing to be read.
	Want string
	// Breaks are the rules of the RFCs that it breaks. A mount of profile strict must refuse its
	// last message, and change nothing.
	Breaks []scim.Tolerance
}

// Profile is the profile made for who sends b: [scim.Detect] for clients that have none.
func (b Body) Profile() scim.Profile {
	switch b.Client {
	case "Entra":
		return scim.Entra
	case "Okta":
		return scim.Okta
	case "OneLogin":
		return scim.OneLogin
	case "JumpCloud":
		return scim.JumpCloud
	default:
		return scim.Detect
	}
}

// Message is one request of a [Body], and its answer.
type Message struct {
	Method, Path, Query string
	Body                string
	Header              http.Header
	Status              int            // of the answer
	Type                scim.ErrorType // of the error; "" any
	Finds               Finds          // of a list
	Answers             string         // the answer's body as canonical JSON; "" not compared
	ContentType         string         // of the answer; "" not compared
}

// Finds says what a list must hold.
type Finds string

// What a list may have to hold.
const (
	FindsNothing Finds = "nothing"       // it is empty
	FindsIt      Finds = "it"            // the resource alone
	FindsAmong   Finds = "it and others" // the resource, and maybe others
)

// Bodies are all of them. The slice and what is in it is the caller's.
func Bodies() []Body {
	var all []Body
	for _, list := range [][]Body{
		entraUsers(), entraPatches(), entraGroups(), entraQueries(), oktaUsers(), oktaGroups(), oneLoginBodies(), jumpCloudBodies(),
		authentikBodies(), otherClients(), letterOfPatch(), letterOfGroups(),
	} {
		all = append(all, list...)
	}
	return all
}

// patch is a PATCH of {{id}} with those operations.
func patch(path, operations string) Message {
	status := http.StatusOK
	if path == "/Groups" {
		status = http.StatusNoContent
	}
	return Message{Method: http.MethodPatch, Path: path + "/{{id}}", Status: status,
		Body: `{"schemas":["{{P}}"],"Operations":[` + operations + `]}`}
}

func post(path, body string) Message {
	return Message{Method: http.MethodPost, Path: path, Body: body, Status: http.StatusCreated}
}

func put(path, body string) Message {
	return Message{Method: http.MethodPut, Path: path + "/{{id}}", Body: body, Status: http.StatusOK}
}

func get(path, query string) Message {
	return Message{Method: http.MethodGet, Path: path, Query: query, Status: http.StatusOK}
}

func erase(path string) Message {
	return Message{Method: http.MethodDelete, Path: path + "/{{id}}", Status: http.StatusNoContent}
}

// find is a list with that filter.
func find(path, filter string, finds Finds) Message {
	m := get(path, "filter="+escape(filter))
	m.Finds = finds
	return m
}

// refused makes a message one that must be refused.
func (m Message) refused(status int, typ scim.ErrorType) Message {
	m.Status, m.Type = status, typ
	return m
}

func (m Message) with(name, value string) Message {
	h := m.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set(name, value)
	m.Header = h
	return m
}

// escape is a query's value as clients send it: placeholders stay readable.
func escape(filter string) string {
	r := strings.NewReplacer("%", "%25", " ", "%20", `"`, "%22", "&", "%26", "+", "%2B", "#", "%23")
	parts := placeholder.FindAllStringIndex(filter, -1)
	var b strings.Builder
	last := 0
	for _, p := range parts {
		b.WriteString(r.Replace(filter[last:p[0]]))
		b.WriteString(filter[p[0]:p[1]])
		last = p[1]
	}
	b.WriteString(r.Replace(filter[last:]))
	return b.String()
}

// percent escapes whatever is no plain ASCII letter.
func percent(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// placeholder is never part of JSON: no object begins with an object.
var placeholder = regexp.MustCompile(`\{\{([A-Za-z]+)(?: ([a-z0-9]+))?\}\}`)

// wording are the values of one Body's placeholders.
type wording struct {
	target Target
	values map[string]string
}

// fill puts values in; a user or an id has to be known before.
func (w wording) fill(s string) string {
	return placeholder.ReplaceAllStringFunc(s, func(p string) string {
		if v, ok := w.values[p]; ok {
			return v
		}
		m := placeholder.FindStringSubmatch(p)
		v := ""
		switch m[1] {
		case "U":
			v = scim.UserSchema
		case "G":
			v = scim.GroupSchema
		case "E":
			v = scim.EnterpriseSchema
		case "P":
			v = patchSchema
		case "address":
			v = w.target.userName()
		case "text":
			v = newText()
		default:
			panic(fmt.Sprintf("scimtest: %s is not known yet", p)) // a Body of ours is wrong
		}
		w.values[p] = v
		return v
	})
}

// users are the placeholders for users who must be there before b.
func (b Body) users() []string {
	texts := []string{b.Given, b.Want}
	for _, m := range b.Send {
		texts = append(texts, m.Path, m.Query, m.Body, m.Answers)
	}
	var out []string
	for _, t := range texts {
		for _, m := range placeholder.FindAllStringSubmatch(t, -1) {
			if m[1] == "user" {
				out = append(out, m[0])
			}
		}
	}
	return out
}
