package interop_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

// scimServer is this library's engine, over HTTP and in memory.
type scimServer struct {
	url    string
	client *http.Client
}

func newScimServer(t *testing.T) scimServer {
	t.Helper()
	backend := scim.NewMemory(nil, nil)
	h, err := scim.NewHandler(func(*http.Request) (scim.Tenant, error) { return scim.Tenant{Backend: backend, Scope: "oracles"}, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return scimServer{s.URL + "/scim/v2", s.Client()}
}

func (s scimServer) do(t *testing.T, method, path string, body any) (int, map[string]any) {
	t.Helper()
	sent, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if len(b) > 0 {
		if err := json.Unmarshal(b, &out); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, b)
		}
	}
	return resp.StatusCode, out
}

// applied makes the case's resource, patches it, and returns it before and after.
func (s scimServer) applied(t *testing.T, c scimCase) (before, after map[string]any, refused bool) {
	t.Helper()
	path := "/Users"
	if slices.Contains(c.Resource["schemas"].([]any), any(scim.GroupSchema)) {
		path = "/Groups"
	}
	status, made := s.do(t, http.MethodPost, path, c.Resource)
	if status != http.StatusCreated {
		t.Fatalf("POST %v: %d %v", c.Resource, status, made)
	}
	path += "/" + made["id"].(string)
	_, before = s.do(t, http.MethodGet, path, nil)
	status, _ = s.do(t, http.MethodPatch, path, map[string]any{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": c.Operations})
	_, after = s.do(t, http.MethodGet, path, nil)
	return before, after, status >= http.StatusBadRequest
}

// scimOutcome is what an oracle made of a case.
type scimOutcome struct {
	State map[string]any `json:"state"`
	Error string         `json:"error"`
}

// asked hands cases to the oracles, all at once.
func asked(t *testing.T, folder string, cases []scimCase) []map[string]scimOutcome {
	t.Helper()
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, c := range cases {
		if err := enc.Encode(c); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "node", "testdata/scimoracle.mjs", folder)
	cmd.Stdin = &in
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, said.String())
	}
	var outcomes []map[string]scimOutcome
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var o map[string]scimOutcome
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, o)
	}
	if len(outcomes) != len(cases) {
		t.Fatalf("%d outcomes of %d cases", len(outcomes), len(cases))
	}
	return outcomes
}

// scimState is a resource as it is compared: what is not assigned is left out, and so is what a
// server decides by itself. A list is a set.
func scimState(resource map[string]any) string {
	out := map[string]any{}
	for name, v := range resource {
		switch name {
		case "id", "meta", "schemas", "groups":
			continue
		}
		if v := assigned(name, v); v != nil {
			out[name] = v
		}
	}
	return scimText(out)
}

func scimText(v any) string {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// assigned is v without what is not assigned in it; nil when that is all.
func assigned(of string, v any) any {
	switch v := v.(type) {
	case string:
		if v == "" {
			return nil
		}
	case []any:
		var out []any
		for _, item := range v {
			if item := assigned(of, item); item != nil {
				out = append(out, item)
			}
		}
		if out == nil {
			return nil
		}
		slices.SortFunc(out, func(a, b any) int { return strings.Compare(scimText(a), scimText(b)) })
		return out
	case map[string]any:
		out := map[string]any{}
		for name, item := range v {
			switch {
			case name == "$ref", name == "primary" && item == false, of == "members" && name != "value":
				continue
			}
			if item := assigned(name, item); item != nil {
				out[name] = item
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	}
	return v
}

// scimOracles are the libraries that are asked.
func scimOracles() []string { return []string{"scim-patch", "scimmy"} }

// scimBatch are cases, what this library made of each, and which oracles have a say in it.
type scimBatch struct {
	server scimServer
	people []string
	cases  []scimCase
	ours   []string // the state, or "refused"
	seed   uint64
}

// draw makes one case of operations of those kinds; false where nothing could be drawn.
func (b *scimBatch) draw(t *testing.T, kinds ...scimKind) bool {
	t.Helper()
	b.seed++
	d := newScimDraw(b.seed, kinds[0].group, b.people)
	c := scimCase{Resource: d.resource()}
	for _, k := range kinds {
		if op, ok := k.draw(d); ok {
			c.Operations = append(c.Operations, op)
			c.kinds = append(c.kinds, k)
		}
	}
	if c.Operations == nil {
		return false
	}
	before, after, refused := b.server.applied(t, c)
	c.Resource["id"], c.Resource["meta"] = before["id"], before["meta"]
	state := scimState(after)
	if refused {
		if state != scimState(before) {
			t.Errorf("a PATCH that is refused has changed something: %v\n%s", c, cmp.Diff(scimState(before), state))
		}
		state = "refused"
	}
	b.cases, b.ours = append(b.cases, c), append(b.ours, state)
	return true
}

func newScimBatch(t *testing.T) *scimBatch {
	t.Helper()
	b := &scimBatch{server: newScimServer(t)}
	for i := range 6 {
		status, u := b.server.do(t, http.MethodPost, "/Users", map[string]any{"schemas": []any{scim.UserSchema}, "userName": fmt.Sprintf("member-%d@example.com", i)})
		if status != http.StatusCreated {
			t.Fatalf("POST: %d %v", status, u)
		}
		b.people = append(b.people, u["id"].(string))
	}
	return b
}

// theirs is what an oracle made of a case, as ours is kept.
func (o scimOutcome) theirs() string {
	if o.Error != "" {
		return "refused"
	}
	return scimState(o.State)
}

func scimFolder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("ACCESSSEC_TEST_SCIM_ORACLES")
	if folder == "" {
		t.Skip("left out: scim-patch and scimmy are missing; .ci/scim-oracles.sh installs them and runs these tests")
	}
	return folder
}

// Each kind of PATCH by itself: who is known to be right agrees in every case, and who is known
// to be wrong does not.
func TestSCIMOraclesByKind(t *testing.T) {
	t.Parallel()
	folder := scimFolder(t)
	const each = 40
	b := newScimBatch(t)
	for _, k := range scimKinds() {
		drawn := 0
		for range each {
			if b.draw(t, k) {
				drawn++
			}
		}
		if drawn < each/4 {
			t.Errorf("%s: only %d of %d could be drawn", k.name, drawn, each)
		}
	}
	agreed, wrong := map[string]int{}, map[string]map[string]int{"scim-patch": {}, "scimmy": {}}
	for i, outcome := range asked(t, folder, b.cases) {
		k := b.cases[i].kinds[0]
		for _, oracle := range scimOracles() {
			same := outcome[oracle].theirs() == b.ours[i]
			switch {
			case k.wrong[oracle] != "" && !same:
				wrong[oracle][k.name]++
			case k.wrong[oracle] == "" && !same:
				t.Errorf("%s, %s: %v\n%s\n(-ours +theirs):\n%s", oracle, k.name, b.cases[i], outcome[oracle].Error, cmp.Diff(b.ours[i], outcome[oracle].theirs()))
			case k.wrong[oracle] == "":
				agreed[oracle]++
			}
		}
	}
	for _, k := range scimKinds() {
		for oracle, why := range k.wrong {
			if wrong[oracle][k.name] == 0 {
				t.Errorf("%s gets %q right, and is listed as one that %s", oracle, k.name, why)
			}
			t.Logf("left out of %s: %s: %s (%d times)", oracle, k.name, why, wrong[oracle][k.name])
		}
	}
	t.Logf("%d kinds; %d single PATCHes: %d agree with scim-patch, %d with scimmy", len(scimKinds()), len(b.cases), agreed["scim-patch"], agreed["scimmy"])
}

// PATCHes of one to five operations, drawn from the kinds that at least one oracle gets right.
func TestSCIMOraclesRandom(t *testing.T) {
	t.Parallel()
	folder := scimFolder(t)
	const each = 600
	b := newScimBatch(t)
	b.seed = 1 << 20
	for i := range each * 6 {
		var kinds []scimKind
		for _, k := range scimKinds() {
			rights := [][]string{{"scim-patch", "scimmy"}, {"scim-patch"}, {"scimmy"}}[i%3]
			if k.group == (i%6 < 3) && !slices.ContainsFunc(rights, func(o string) bool { return k.wrong[o] != "" }) {
				kinds = append(kinds, k)
			}
		}
		d := newScimDraw(uint64(i), false, nil)
		var some []scimKind
		for range 1 + d.next(5) {
			some = append(some, kinds[d.next(len(kinds))])
		}
		b.draw(t, some...)
	}
	agreed, operations, differ := map[string]int{}, 0, 0
	for i, outcome := range asked(t, folder, b.cases) {
		operations += len(b.cases[i].Operations)
		for _, oracle := range scimOracles() {
			if slices.ContainsFunc(b.cases[i].kinds, func(k scimKind) bool { return k.wrong[oracle] != "" }) {
				continue
			}
			if theirs := outcome[oracle].theirs(); theirs == b.ours[i] {
				agreed[oracle]++
			} else if differ++; differ < 5 {
				t.Errorf("%s: %v\n%s\n(-ours +theirs):\n%s", oracle, b.cases[i], outcome[oracle].Error, cmp.Diff(b.ours[i], theirs))
			}
		}
	}
	if differ > 0 || agreed["scim-patch"] < each || agreed["scimmy"] < each {
		t.Errorf("%d differ; %v agree", differ, agreed)
	}
	t.Logf("%d random PATCHes of %d operations: %d agree with scim-patch, %d with scimmy, none differs", len(b.cases), operations, agreed["scim-patch"], agreed["scimmy"])
}
