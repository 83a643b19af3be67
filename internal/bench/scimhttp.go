package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/accesssec/accesssec-go/scim"
)

// scimRounds is how often each has its turn at least: medians of fewer say little.
const scimRounds = 7

// scimPieces is in how many parts each has its turn: what else the machine does is shared.
const scimPieces = 8

// names of who answers
const (
	hello     = "hello"
	oursSCIM  = "scim"
	binding   = "accesssec"
	otherSCIM = "elimity"
)

// The sizes of groups that members are put into.
const (
	fewMembers  = 10
	manyMembers = 100_000
)

// exchange is one request over HTTP, and who is asked the same.
type exchange struct {
	name  string
	share float64                                                   // of the rate of hello that ours has at least
	ask   func(n int64, users []string) (method, path, body string) // the nth that somebody is asked
	peer  bool                                                      // whether elimity is asked too
	bound float64                                                   // of the rate of hello that accesssec has at least; 0: it is not asked
}

func exchanges() []exchange {
	return []exchange{
		{name: "GET a user", share: 0.85, peer: true, ask: func(n int64, users []string) (string, string, string) {
			return http.MethodGet, "/Users/" + users[n%residents], ""
		}},
		{name: "POST a user", share: 0.65, peer: true, bound: 0.4, ask: func(n int64, users []string) (string, string, string) {
			return http.MethodPost, "/Users", newcomer(n)
		}},
		{name: "GET by userName", share: 0.75, peer: true, ask: func(n int64, users []string) (string, string, string) {
			return http.MethodGet, "/Users?filter=" + url.QueryEscape(fmt.Sprintf("userName eq %q", address(n%residents))), ""
		}},
		{name: "PATCH active", share: 0.65, peer: true, bound: 0.4, ask: func(n int64, users []string) (string, string, string) {
			return http.MethodPatch, "/Users/" + users[n%residents], fmt.Sprintf(
				`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":%t}]}`, n/residents%2 == 1)
		}},
	}
}

// residents is how many users are there before the first request.
const residents = 1000

func address(n int64) string { return fmt.Sprintf("user-%d@example.com", n) }

func newcomer(n int64) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],`+
		`"externalId":"ext-%[1]d","userName":"new-%[1]d@example.com","active":true,"displayName":"Ann Example %[1]d",`+
		`"emails":[{"primary":true,"type":"work","value":"new-%[1]d@example.com"}],"meta":{"resourceType":"User"},`+
		`"name":{"formatted":"Ann Example","familyName":"Example","givenName":"Ann"},"title":"Engineer",`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D","employeeNumber":"%[1]d"}}`, n)
}

// scimWorld is one server with all of them on it, and a client.
type scimWorld struct {
	server      *httptest.Server
	client      *http.Client
	memory      *scim.Memory
	users       []string // of ours and of elimity
	provisioned []string // of accesssec
	few         string
	many        string
	at          map[string]place
}

// place is where somebody answers.
type place struct{ base, token string }

// newSCIMWorld has so many users, and two groups of some of them.
func newSCIMWorld(ctx context.Context, users int) (*scimWorld, error) {
	w := &scimWorld{memory: scim.NewMemory(nil, time.Now), at: map[string]place{}}
	handler, err := scim.NewHandler(func(*http.Request) (scim.Tenant, error) {
		return scim.Tenant{Backend: w.memory, BaseURL: "https://api.example.com/scim/v2"}, nil
	}, nil)
	if err != nil {
		return nil, err
	}
	if err := w.populate(ctx, users); err != nil {
		return nil, err
	}
	other, err := elimityServer(w.users)
	if err != nil {
		return nil, err
	}
	w.at[oursSCIM], w.at[otherSCIM] = place{base: "/scim/v2"}, place{base: "/elimity/v2"}
	w.serve(map[string]http.Handler{"/scim/v2/": handler, "/elimity/": http.StripPrefix("/elimity", other)})
	return w, nil
}

// newBoundWorld has an org of accesssec that is provisioned, and nobody else's users: what they
// keep would be the garbage collector's to walk at accesssec's cost.
func newBoundWorld(ctx context.Context) (*scimWorld, error) {
	org, err := newBoundOrg(ctx)
	if err != nil {
		return nil, err
	}
	w := &scimWorld{at: map[string]place{binding: {base: "/bound/scim/v2", token: org.token}}}
	w.serve(map[string]http.Handler{"/bound/scim/v2/": org.scim})
	if err := w.provision(); err != nil {
		w.server.Close()
		return nil, err
	}
	w.users = w.provisioned // hello is asked the same
	return w, nil
}

// serve begins, with hello beside what else there is.
func (w *scimWorld) serve(handlers map[string]http.Handler) {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello, world\n") })
	for pattern, h := range handlers {
		mux.Handle(pattern, h)
	}
	w.at[hello] = place{base: "/hello"}
	w.server = httptest.NewServer(mux)
	w.client = w.server.Client()
	w.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 8 * clients
}

func (w *scimWorld) populate(ctx context.Context, users int) error {
	var all []string
	for n := range int64(users) {
		u, err := w.memory.CreateUser(ctx, scim.User{UserName: address(n), Active: true, Emails: []scim.Email{{Value: address(n), Type: "work", Primary: true}},
			Name: scim.Name{Given: "Ann", Family: "Example"}, ExternalID: fmt.Sprintf("id-%d", n)})
		if err != nil {
			return err
		}
		all = append(all, u.ID)
	}
	w.users = all[:residents]
	for _, g := range []struct {
		id   *string
		name string
		n    int
	}{{&w.few, "few", fewMembers}, {&w.many, "many", users}} {
		if users < manyMembers {
			break // who is in a group has a longer answer
		}
		made, _, err := w.memory.CreateGroup(ctx, scim.Group{DisplayName: g.name}, scim.MemberChange{Add: all[:g.n]})
		if err != nil {
			return err
		}
		*g.id = made.ID
	}
	return nil
}

// provision makes accesssec's users, by what a client sends.
func (w *scimWorld) provision() error {
	for n := range int64(residents) {
		answer, err := w.answer(binding, http.MethodPost, "/Users", strings.NewReplacer("new-", "old-", "ext-", "was-").Replace(newcomer(n)))
		if err != nil {
			return err
		}
		var made struct{ ID string }
		if err := json.Unmarshal(answer, &made); err != nil {
			return err
		}
		w.provisioned = append(w.provisioned, made.ID)
	}
	return nil
}

// send asks one, and takes anything but a failure.
func (w *scimWorld) send(who, method, path, body string) error {
	res, err := w.do(who, method, path, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// answer is send, for who wants to read it.
func (w *scimWorld) answer(who, method, path, body string) ([]byte, error) {
	res, err := w.do(who, method, path, body)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

func (w *scimWorld) do(who, method, path, body string) (*http.Response, error) {
	p := w.at[who]
	r, err := http.NewRequest(method, w.server.URL+p.base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	res, err := w.client.Do(r)
	if err != nil || res.StatusCode < 300 {
		return res, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return nil, errors.Join(err, fmt.Errorf("%s: %s %s: %s: %s", who, method, path, res.Status, answer))
}

func (w *scimWorld) subject(who string, e exchange) subject {
	users := w.users
	if who == binding {
		users = w.provisioned
	}
	var n atomic.Int64
	return subject{who, func() error {
		method, path, body := e.ask(n.Add(1), users)
		return w.send(who, method, path, body)
	}}
}

// scimHTTP measures requests over HTTP, asked by many clients at once, as shares of what a
// handler does that says hello to the same request.
func scimHTTP(out io.Writer, rounds int) (missed int, err error) {
	w, err := newSCIMWorld(context.Background(), residents)
	if err != nil {
		return 0, err
	}
	defer w.server.Close()
	rounds = max(rounds, scimRounds)
	for _, e := range exchanges() {
		subjects := []subject{w.subject(hello, e), w.subject(oursSCIM, e)}
		if e.peer {
			subjects = append(subjects, w.subject(otherSCIM, e))
		}
		n, err := compare(out, e.name, rounds, subjects, []bar{atMost(oursSCIM, 1/e.share, hello)})
		if missed += n; err != nil {
			return missed, err
		}
	}
	large, err := newSCIMWorld(context.Background(), manyMembers)
	if err != nil {
		return missed, err
	}
	defer large.server.Close()
	n, err := large.groups(out, rounds)
	return missed + n, err
}

// boundHTTP measures what a client writes over the whole of accesssec: its token, the domains that
// it may touch, the transaction and its events.
func boundHTTP(out io.Writer, rounds int) (missed int, err error) {
	w, err := newBoundWorld(context.Background())
	if err != nil {
		return 0, err
	}
	defer w.server.Close()
	for _, e := range exchanges() {
		if e.bound == 0 {
			continue
		}
		n, err := compare(out, "accesssec: "+e.name, max(rounds, scimRounds), []subject{w.subject(hello, e), w.subject(binding, e)},
			[]bar{atMost(binding, 1/e.bound, hello)})
		if missed += n; err != nil {
			return missed, err
		}
	}
	return missed, nil
}

func compare(out io.Writer, name string, rounds int, subjects []subject, bars []bar) (int, error) {
	costs, err := load(subjects, rounds, scimPieces)
	if err != nil {
		return 0, err
	}
	fmt.Fprintln(out, name)
	show(out, subjects, costs)
	missed := judge(out, bars, subjects, costs)
	for _, s := range costs[1:] {
		fmt.Fprintf(out, "           share of hello: %.2f\n", 1/ratio(s, costs[0]))
	}
	fmt.Fprintln(out)
	return missed, nil
}

// groups: a member costs the same in a large group as in a small one, and a large group that
// is read without its members about what a user does.
func (w *scimWorld) groups(out io.Writer, rounds int) (int, error) {
	add := func(name, group string) subject {
		var n atomic.Int64
		return subject{name, func() error {
			// In and out again, so that the group stays as large as it is.
			id := w.users[residents-1-n.Add(1)%100]
			for _, op := range []string{"remove", "add"} {
				body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":%q,"path":"members","value":[{"value":%q}]}]}`, op, id)
				if err := w.send(oursSCIM, http.MethodPatch, "/Groups/"+group, body); err != nil {
					return err
				}
			}
			return nil
		}}
	}
	missed, err := compare(out, "PATCH: one member in and out", rounds,
		[]subject{add("10 members", w.few), add("100,000 members", w.many)},
		[]bar{atMost("100,000 members", 1/0.9, "10 members")})
	if err != nil {
		return missed, err
	}
	read := func(name, path string) subject {
		return subject{name, func() error { return w.send(oursSCIM, http.MethodGet, path, "") }}
	}
	n, err := compare(out, "GET a group of 100,000 without its members", rounds,
		[]subject{read("GET a user", "/Users/"+w.users[0]), read("GET the group", "/Groups/"+w.many+"?excludedAttributes=members")},
		[]bar{atMost("GET the group", 1/0.8, "GET a user")})
	return missed + n, err
}
