package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/scim"
)

// A walker goes through the service by HTTP.
type walker struct {
	acme, globex client
	ann, bob     string // ids of acme's
	group        string
	done         func(format string, args ...any)
}

// walk goes through all of it on a free port and prints a line for each step. It ends at the
// first that fails.
func walk(ctx context.Context, o options, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	o.listen, o.origin, o.profile = "localhost:0", "", string(scim.Detect)
	s, err := start(o, io.Discard)
	if err != nil {
		return err
	}
	count := 0
	base := s.origin + basePath
	w := &walker{acme: client{base, o.token}, globex: client{base, o.token2}, done: func(format string, args ...any) {
		count++
		fmt.Fprintf(out, "ok   "+format+"\n", args...)
	}}
	for _, step := range []func(context.Context) error{
		w.tokens, w.discovery, w.create, w.find, w.change, w.groups, w.apart, w.conditions, w.bulk, w.pages, w.hostile, w.remove,
	} {
		if err = step(ctx); err != nil {
			fmt.Fprintln(out, "FAIL", err)
			break
		}
	}
	if err = errors.Join(err, s.server.Close()); err == nil {
		fmt.Fprintf(out, "%d steps: all of it works.\n", count)
	}
	return err
}

func user(name, more string) string {
	return `{"schemas":["` + scim.UserSchema + `"],"userName":"` + name + `"` + more + `}`
}

func patch(operations string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operations + `]}`
}

func filtered(f string) string { return "?filter=" + url.QueryEscape(f) }

func (w *walker) tokens(ctx context.Context) error {
	for _, token := range []string{"", "x", w.acme.token + "x"} {
		a, err := client{w.acme.base, token}.must(ctx, 401, "GET", "/Users", "")
		if err == nil {
			err = a.says(`"status":"401"`)
		}
		if err == nil && a.header.Get("WWW-Authenticate") != "Bearer" {
			err = errors.New("a 401 does not say what it wants")
		}
		if err != nil {
			return err
		}
	}
	w.done("no token, and a wrong one, is a 401")
	return nil
}

func (w *walker) discovery(ctx context.Context) error {
	for path, texts := range map[string][]string{
		"/ServiceProviderConfig": {`"bulk":{"supported":true,"maxOperations":1000`, `"pagination":{"cursor":true`},
		"/ResourceTypes":         {`"endpoint":"/Users"`, `"endpoint":"/Groups"`},
		"/Schemas":               {scim.UserSchema, scim.GroupSchema, scim.EnterpriseSchema},
	} {
		a, err := w.acme.must(ctx, 200, "GET", path, "")
		if err == nil {
			err = a.says(texts...)
		}
		if err == nil {
			_, err = w.acme.must(ctx, 405, "POST", path, "{}")
		}
		if err != nil {
			return err
		}
	}
	w.done("what is served can be read, and not written")
	return nil
}

func (w *walker) create(ctx context.Context) error {
	a, err := w.acme.must(ctx, 201, "POST", "/Users", user("ann@example.com",
		`,"externalId":"e-1","password":"a secret","name":{"givenName":"Ann","familyName":"Archer"},"emails":[{"value":"ann@example.com","type":"work","primary":true}]`))
	if err == nil {
		w.ann = a.id()
		err = errors.Join(a.says(`"active":true`, `"location":"`+w.acme.base+"/Users/"+w.ann+`"`), a.lacks("password", "a secret"))
	}
	if err == nil {
		a, err = w.acme.must(ctx, 201, "POST", "/Users", user("bob@example.com", ""))
		w.bob = a.id()
	}
	if err == nil {
		a, err = w.acme.must(ctx, 409, "POST", "/Users", user("ANN@example.com", ""))
	}
	if err == nil {
		err = a.says(`"scimType":"uniqueness"`)
	}
	if err == nil {
		w.done("users are made, a userName once whatever its case, and no password comes back")
	}
	return err
}

func (w *walker) find(ctx context.Context) error {
	for f, want := range map[string]int{
		`userName eq "ANN@example.com"`:                      1,
		`externalId eq "e-1" and active eq true`:             1,
		`emails[type eq "work"].value eq "ann@example.com"`:  1,
		`name.familyName sw "arc" or userName co "bob"`:      2,
		`not (userName ew "example.com")`:                    0,
		`userName eq "AzureAD_Test-bdd952ba-be0b-47d4-b4c9"`: 0,
	} {
		a, err := w.acme.must(ctx, 200, "GET", "/Users"+filtered(f), "")
		if err == nil && a.total() != want {
			err = fmt.Errorf("%s finds %d instead of %d", f, a.total(), want)
		}
		if err != nil {
			return err
		}
	}
	w.done("filters find whom they should")
	return nil
}

func (w *walker) change(ctx context.Context) error {
	a, err := w.acme.must(ctx, 200, "PATCH", "/Users/"+w.ann, patch(`{"op":"Replace","path":"active","value":"False"}`))
	if err == nil {
		err = a.says(`"active":false`)
	}
	if err == nil {
		_, err = w.acme.must(ctx, 200, "PATCH", "/Users/"+w.ann, patch(`{"op":"replace","value":{"active":true,"name.givenName":"Anne"}}`))
	}
	if err == nil {
		a, err = w.acme.must(ctx, 200, "GET", "/Users/"+w.ann, "")
	}
	if err == nil {
		err = a.says(`"active":true`, `"givenName":"Anne"`, `"familyName":"Archer"`)
	}
	if err == nil {
		w.done("PATCH as identity providers send it")
	}
	return err
}

func (w *walker) groups(ctx context.Context) error {
	a, err := w.acme.must(ctx, 201, "POST", "/Groups", `{"schemas":["`+scim.GroupSchema+`"],"displayName":"Staff","members":[{"value":"`+w.ann+`"}]}`)
	w.group = a.id()
	if err == nil {
		_, err = w.acme.must(ctx, 204, "PATCH", "/Groups/"+w.group, patch(`{"op":"Add","path":"members","value":[{"value":"`+w.bob+`"}]},{"op":"Remove","path":"members","value":[{"value":"`+w.ann+`"}]}`))
	}
	if err == nil {
		a, err = w.acme.must(ctx, 200, "GET", "/Groups/"+w.group, "")
	}
	if err == nil {
		err = errors.Join(a.says(w.bob), a.lacks(w.ann))
	}
	if err == nil {
		a, err = w.acme.must(ctx, 200, "GET", "/Groups/"+w.group+"?excludedAttributes=members", "")
	}
	if err == nil {
		err = a.lacks("members")
	}
	if err == nil {
		w.done("members come and go one by one, and are not read by who does not ask")
	}
	return err
}

func (w *walker) apart(ctx context.Context) error {
	for _, path := range []string{"/Users/" + w.ann, "/Groups/" + w.group} {
		for _, method := range []string{"GET", "DELETE"} {
			if _, err := w.globex.must(ctx, 404, method, path, ""); err != nil {
				return err
			}
		}
	}
	a, err := w.globex.must(ctx, 200, "GET", "/", "")
	if err == nil && a.total() != 0 {
		err = errors.New("a tenant sees what is another's")
	}
	if err == nil {
		_, err = w.globex.must(ctx, 201, "POST", "/Users", user("ann@example.com", ""))
	}
	if err == nil {
		w.done("the second tenant sees nothing of the first")
	}
	return err
}

func (w *walker) conditions(ctx context.Context) error {
	a, err := w.acme.must(ctx, 200, "GET", "/Users/"+w.bob, "")
	tag := a.header.Get("Etag")
	if err == nil {
		_, err = w.acme.must(ctx, 304, "GET", "/Users/"+w.bob, "", "If-None-Match", tag)
	}
	if err == nil {
		_, err = w.acme.must(ctx, 200, "PATCH", "/Users/"+w.bob, patch(`{"op":"add","path":"title","value":"Dr"}`), "If-Match", tag)
	}
	if err == nil {
		_, err = w.acme.must(ctx, 412, "DELETE", "/Users/"+w.bob, "", "If-Match", tag)
	}
	if err == nil {
		w.done("who has read an older version writes nothing")
	}
	return err
}

func (w *walker) bulk(ctx context.Context) error {
	group := func(name, member string) string {
		return `{"method":"POST","path":"/Groups","bulkId":"` + name + `","data":{"schemas":["` + scim.GroupSchema + `"],"displayName":"` + name + `","members":[{"value":"bulkId:` + member + `"}]}}`
	}
	a, err := w.acme.must(ctx, 200, "POST", "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[`+group("North", "South")+","+group("South", "North")+`]}`)
	if err == nil && strings.Count(a.text, `"status":"201"`) != 2 {
		err = fmt.Errorf("two groups that are in each other: %.500s", a.text)
	}
	if err == nil {
		a, err = w.acme.must(ctx, 200, "GET", "/Groups"+filtered(`members pr and not (displayName eq "staff")`), "")
	}
	if err == nil && a.total() != 2 {
		err = errors.New("a reference in a circle is lost")
	}
	if err == nil {
		w.done("a bulk makes what refers to each other")
	}
	return err
}

func (w *walker) pages(ctx context.Context) error {
	found, next := 0, ""
	for first := true; first || next != ""; first = false {
		a, err := w.acme.must(ctx, 200, "GET", "/?sortBy=displayName&count=2&cursor="+next, "")
		if err != nil {
			return err
		}
		list, _ := a.body["Resources"].([]any)
		found += len(list)
		next, _ = a.body["nextCursor"].(string)
		if next == "" {
			continue
		}
		if a, err = w.globex.must(ctx, 400, "GET", "/?sortBy=displayName&count=2&cursor="+next, ""); err == nil {
			err = a.says("invalidCursor")
		}
		if err != nil {
			return err
		}
	}
	if found != 5 {
		return fmt.Errorf("cursors lead to %d resources", found)
	}
	w.done("cursors lead to all there is, and are of no use to another tenant")
	return nil
}

func (w *walker) hostile(ctx context.Context) error {
	for _, row := range []struct {
		status             int
		method, path, body string
	}{
		{413, "POST", "/Users", user(strings.Repeat("x", 10<<20), "")},
		{400, "POST", "/Users", strings.Repeat("[", 100000)},
		{400, "POST", "/Users", `{"userName":"a","USERNAME":"b"}`},
		{400, "POST", "/Users", user(`a\u0000b`, "")},
		{400, "GET", "/Users" + filtered(strings.Repeat("(", 5000)), ""},
		{400, "GET", "/Users" + filtered(strings.Repeat("a pr and ", 5000)+"a pr"), ""},
		{413, "PATCH", "/Users/" + w.bob, patch(strings.TrimSuffix(strings.Repeat(`{"op":"add","path":"title","value":"x"},`, 10000), ","))},
	} {
		a, err := w.acme.must(ctx, row.status, row.method, row.path, row.body)
		if err == nil {
			err = a.says("urn:ietf:params:scim:api:messages:2.0:Error")
		}
		if err != nil {
			return err
		}
	}
	w.done("what is too long, too deep or has two meanings is refused in SCIM's words")
	return nil
}

func (w *walker) remove(ctx context.Context) error {
	for _, path := range []string{"/Users/" + w.bob, "/Groups/" + w.group} {
		if _, err := w.acme.must(ctx, 204, "DELETE", path, ""); err != nil {
			return err
		}
		if _, err := w.acme.must(ctx, 404, "GET", path, ""); err != nil {
			return err
		}
	}
	w.done("what is deleted is gone")
	return nil
}
