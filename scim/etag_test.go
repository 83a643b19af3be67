package scim_test

import (
	"context"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/scim"
)

func TestPreconditions(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	id, group := m.user("ann"), m.group("Staff")
	tag := m.must(200, "GET", "/Users/"+id, "").header.Get("Etag")
	groupTag := m.must(200, "GET", "/Groups/"+group, "").header.Get("Etag")
	bare := strings.TrimPrefix(tag, "W/")
	rows := []struct {
		name, value string
		get, write  int // for a read, and for a write that changes nothing
	}{
		{"If-Match", tag, 200, 200},
		{"If-Match", bare, 200, 200}, // all are compared as weak ones
		{"If-Match", "*", 200, 200},
		{"If-Match", `W/"x", ` + tag, 200, 200},
		{"If-Match", `W/"x" ,, ` + tag + ` ,`, 200, 200},
		{"If-Match", `W/"a,b",` + tag, 200, 200},
		{"If-Match", `W/"x"`, 412, 412},
		{"If-Match", `"", W/"x"`, 412, 412},
		{"If-Match", `x`, 412, 412},
		{"If-Match", strings.Trim(bare, `"`), 412, 412},
		{"If-Match", `W/`, 412, 412},
		{"If-Match", `W/"x`, 412, 412},
		{"If-Match", tag + tag, 412, 412},
		{"If-Match", "", 412, 412}, // is there, and has no tag: nothing is as it says
		{"If-Match", ",", 412, 412},
		{"If-None-Match", "", 200, 412},
		{"If-None-Match", tag, 304, 412},
		{"If-None-Match", bare, 304, 412},
		{"If-None-Match", "*", 304, 412},
		{"If-None-Match", `W/"x", ` + tag, 304, 412},
		{"If-None-Match", `W/"x"`, 200, 200},
		{"If-None-Match", `x`, 200, 412},
	}
	for _, row := range rows {
		if a := m.send("GET", "/Users/"+id, "", row.name, row.value); a.status != row.get || a.header.Get("Etag") != tag && a.status != 412 || a.status == 304 && a.text != "" {
			t.Errorf("GET with %s: %s is a %d: %v", row.name, row.value, a.status, a.header)
		}
		for method, body := range map[string]string{"PUT": userBody("ann"), "PATCH": patchBody(`{"op":"replace","path":"active","value":true}`)} {
			if a := m.send(method, "/Users/"+id, body, row.name, row.value); a.status != row.write {
				t.Errorf("%s with %s: %s is a %d: %s", method, row.name, row.value, a.status, a.text)
			}
		}
		if row.write == 412 {
			m.refused(412, "", "DELETE", "/Users/"+id, "", row.name, row.value)
			m.refused(412, "", "PATCH", "/Groups/"+group, patchBody(`{"op":"add","path":"members","value":`+memberList(id)+`}`), row.name, strings.ReplaceAll(row.value, bare, strings.TrimPrefix(groupTag, "W/")))
		}
	}
	if after := m.must(200, "GET", "/Users/"+id, "").header.Get("Etag"); after != tag {
		t.Errorf("writes that change nothing made %s of %s", after, tag)
	}
	if got := m.must(200, "GET", "/Groups/"+group, ""); got.body["members"] != nil && len(got.body["members"].([]any)) > 0 {
		t.Errorf("a 412 has let a member in: %s", got.text)
	}

	m.must(200, "PATCH", "/Users/"+id, patchBody(`{"op":"add","path":"title","value":"Dr"}`), "If-Match", tag)
	m.refused(412, "", "PATCH", "/Users/"+id, patchBody(`{"op":"add","path":"title","value":"Sir"}`), "If-Match", tag)
	m.refused(412, "", "DELETE", "/Users/"+id, "", "If-Match", tag)
	m.refused(404, "", "DELETE", "/Users/nobody", "", "If-Match", "*")
}

// The version of a group says nothing of its members: with them there is no 304.
func TestGroupUnchanged(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	id := m.group("Staff", m.user("ann"))
	tag := m.must(200, "GET", "/Groups/"+id, "").header.Get("Etag")
	m.must(200, "GET", "/Groups/"+id, "", "If-None-Match", tag)
	m.must(304, "GET", "/Groups/"+id+"?excludedAttributes=members", "", "If-None-Match", tag)
	m.must(304, "GET", "/Groups/"+id+"?attributes=displayName", "", "If-None-Match", tag)
}

// Every answer with a resource has its version, also of backends that name versions otherwise.
func TestVersions(t *testing.T) {
	t.Parallel()
	m := serve(t, func(tenant *scim.Tenant, o *scim.Options) {
		tenant.Backend = renamed{scim.NewMemory(nil, o.Now)}
	})
	id := m.user("ann")
	a := m.must(200, "GET", "/Users/"+id, "")
	tag := a.header.Get("Etag")
	if !strings.HasPrefix(tag, `W/"a%22%25%20%C3%A9`) || a.str("meta", "version") != tag {
		t.Errorf("tag %s, version %s", tag, a.str("meta", "version"))
	}
	m.must(304, "GET", "/Users/"+id, "", "If-None-Match", tag)
	m.must(200, "PUT", "/Users/"+id, userBody("ann"), "If-Match", tag)
	m.refused(412, "", "PUT", "/Users/"+id, userBody("ann"), "If-Match", strings.Replace(tag, "%22", "%", 1))
}

// renamed is a backend whose versions an ETag can't hold.
type renamed struct{ *scim.Memory }

func odd(u scim.User) scim.User {
	u.Meta.Version = "a\"% é" + u.Meta.Version
	return u
}

func (r renamed) CreateUser(ctx context.Context, u scim.User) (scim.User, error) {
	u, err := r.Memory.CreateUser(ctx, u)
	return odd(u), err
}

func (r renamed) User(ctx context.Context, id string) (scim.User, error) {
	u, err := r.Memory.User(ctx, id)
	return odd(u), err
}

func (r renamed) ChangeUser(ctx context.Context, id string, edit func(*scim.User) (bool, error)) (scim.User, error) {
	u, err := r.Memory.ChangeUser(ctx, id, func(u *scim.User) (bool, error) {
		*u = odd(*u)
		return edit(u)
	})
	return odd(u), err
}
