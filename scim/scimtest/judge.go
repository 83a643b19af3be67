package scimtest

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// judge is a mount under one test. What it makes is deleted when the test ends.
type judge struct {
	*testing.T
	Target
	made *made
}

// made are the paths of what a test has made.
type made struct {
	mu    sync.Mutex
	paths []string
}

func (m *made) add(path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.paths = append(m.paths, path)
}

func newJudge(t *testing.T, target Target) judge {
	j := judge{T: t, Target: target, made: &made{}}
	t.Cleanup(j.clean)
	return j
}

// cleaning is the context of the end of a test, whose own is over by then.
func (j judge) cleaning() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(j.Context()), time.Minute)
}

// clean deletes in the reverse order: groups go before their members.
func (j judge) clean() {
	ctx, cancel := j.cleaning()
	defer cancel()
	for i := len(j.made.paths) - 1; i >= 0; i-- {
		r, err := j.Target.send(ctx, call{method: http.MethodDelete, path: j.made.paths[i]})
		if err == nil && r.status != http.StatusNoContent && r.status != http.StatusNotFound {
			err = fmt.Errorf("%v", r)
		}
		if err != nil {
			j.Errorf("left behind: %v", err)
		}
	}
}

// on is the judge of another tenant, in the same test.
func (j judge) on(t Target) judge { return newJudge(j.T, t) }

// do sends a request, and remembers what a POST has made.
func (j judge) do(c call) reply {
	j.Helper()
	r, err := j.Target.send(j.Context(), c)
	if err != nil {
		j.Fatal(err)
	}
	j.remember(r)
	return r
}

func (j judge) remember(r reply) {
	if r.call.method == http.MethodPost && r.status == http.StatusCreated && r.id() != "" {
		j.made.add(kindOf(r.call.path) + "/" + r.id())
	}
}

// want sends a request that has to be answered so.
func (j judge) want(status int, c call) reply {
	j.Helper()
	r := j.do(c)
	if r.status != status {
		j.Fatalf("status %d, want %d\n%v", r.status, status, r)
	}
	return r
}

// refused sends a request that has to be refused by a SCIM error.
func (j judge) refused(status int, c call, types ...string) reply {
	j.Helper()
	r := j.do(c)
	if err := errorOf(r, status, types...); err != nil {
		j.Errorf("%v\n%v", err, r)
	}
	return r
}

// same compares what is read at a path with what is wanted, both as canonical JSON.
func (j judge) same(path string, got map[string]any, want string) {
	j.Helper()
	w, err := object([]byte(want))
	if err != nil {
		j.Fatalf("scimtest: what is wanted is no JSON: %v\n%s", err, want)
	}
	if diff := cmp.Diff(canonical(path, w), canonical(path, got)); diff != "" {
		j.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// user makes a user.
func (j judge) user(attributes string) reply {
	j.Helper()
	return j.userNamed(j.userName(), attributes)
}

func (j judge) userNamed(name, attributes string) reply {
	j.Helper()
	if attributes != "" {
		attributes = "," + attributes
	}
	return j.want(http.StatusCreated, call{method: http.MethodPost, path: "/Users",
		body: fmt.Sprintf(`{"schemas":["%s"],"userName":%q%s}`, userSchema, name, attributes)})
}

// group makes a group.
func (j judge) group(ids ...string) reply {
	j.Helper()
	return j.want(http.StatusCreated, call{method: http.MethodPost, path: "/Groups",
		body: fmt.Sprintf(`{"schemas":["%s"],"displayName":%q,"members":%s}`, groupSchema, newText(), references(ids))})
}

// references are ids as the value of members.
func references(ids []string) string {
	list := []any{}
	for _, id := range ids {
		list = append(list, map[string]any{"value": id})
	}
	return marshal(list)
}

// read is a resource as it is now.
func (j judge) read(path string) map[string]any {
	j.Helper()
	return j.want(http.StatusOK, call{method: http.MethodGet, path: path}).json
}

// patched sends a PATCH with those operations, which has to go well.
func (j judge) patched(path, operations string) reply {
	j.Helper()
	r := j.do(patching(path, operations))
	if r.status != http.StatusOK && r.status != http.StatusNoContent {
		j.Fatalf("status %d, want 200 or 204\n%v", r.status, r)
	}
	return r
}

func patching(path, operations string) call {
	return call{method: http.MethodPatch, path: path, body: fmt.Sprintf(`{"schemas":["%s"],"Operations":[%s]}`, patchSchema, operations)}
}
