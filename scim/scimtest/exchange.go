package scimtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/scim"
)

const (
	scimJSON  = "application/scim+json"
	plainJSON = "application/json"

	// mostAnswer bounds what is read of one answer.
	mostAnswer = 64 << 20
	// mostWaits is how often a request that was answered 429 is sent again.
	mostWaits = 20
)

// call is one request.
type call struct {
	method, path string
	query        string // without "?"
	body         string
	header       http.Header // over those that plain sets
}

// reply is what came of it.
type reply struct {
	call   call
	status int
	header http.Header
	body   []byte
	json   map[string]any // nil: no JSON object
}

// send sends c with the tenant's token. Who is told to wait (429) waits and sends again.
func (t Target) send(ctx context.Context, c call) (reply, error) {
	for waited := 0; ; waited++ {
		r, err := t.sendOnce(ctx, c)
		if err != nil || r.status != http.StatusTooManyRequests || waited == mostWaits {
			return r, err
		}
		seconds, err := strconv.Atoi(r.header.Get("Retry-After"))
		if err != nil {
			return r, fmt.Errorf("scimtest: a 429 whose Retry-After is %q", r.header.Get("Retry-After"))
		}
		select {
		case <-time.After(time.Duration(seconds) * time.Second):
		case <-ctx.Done():
			return r, ctx.Err()
		}
	}
}

func (t Target) sendOnce(ctx context.Context, c call) (reply, error) {
	url := t.url(c.path)
	if c.query != "" {
		url += "?" + c.query
	}
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, url, body)
	if err != nil {
		return reply{}, fmt.Errorf("scimtest: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+t.Token)
	req.Header.Set("Accept", scimJSON)
	if c.body != "" {
		req.Header.Set("Content-Type", scimJSON)
	}
	for name, values := range c.header {
		if len(values) == 0 {
			req.Header.Del(name)
			continue
		}
		req.Header[name] = values
	}
	resp, err := t.client().Do(req)
	if err != nil {
		return reply{}, fmt.Errorf("scimtest: %s %s: %w", c.method, c.path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	read, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	if err != nil {
		return reply{}, fmt.Errorf("scimtest: %s %s: %w", c.method, c.path, err)
	}
	if len(read) > mostAnswer {
		return reply{}, fmt.Errorf("scimtest: %s %s: an answer of more than %d bytes", c.method, c.path, mostAnswer)
	}
	r := reply{call: c, status: resp.StatusCode, header: resp.Header, body: read}
	r.json, _ = object(read)
	return r, nil
}

// object reads one JSON object, numbers as they are written.
func object(b []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var out map[string]any
	if err := dec.Decode(&out); err != nil {
		return nil, err
	}
	if out == nil {
		return nil, errors.New("null")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return out, nil
}

// String tells of an exchange in one or a few lines, for messages of tests.
func (r reply) String() string {
	query := ""
	if r.call.query != "" {
		query = "?" + cut(r.call.query)
	}
	return fmt.Sprintf("%s %s%s %s\n-> %d %s", r.call.method, cut(r.call.path), query, cut(r.call.body), r.status, cut(string(r.body)))
}

func cut(s string) string {
	const most = 600
	if len(s) > most {
		return fmt.Sprintf("%s… (%d bytes)", s[:most], len(s))
	}
	return s
}

// text is the string at a path of names in an answer, "" when there is none.
func (r reply) text(path ...string) string {
	s, _ := dig(r.json, path...).(string)
	return s
}

func (r reply) id() string { return r.text("id") }

// resources are those of a ListResponse.
func (r reply) resources() []map[string]any {
	list, _ := r.json["Resources"].([]any)
	out := make([]map[string]any, 0, len(list))
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// number is an integer of an answer, -1 when it is none.
func (r reply) number(name string) int {
	n, ok := r.json[name].(json.Number)
	if !ok {
		return -1
	}
	i, err := strconv.Atoi(n.String())
	if err != nil {
		return -1
	}
	return i
}

// dig follows names through objects.
func dig(v any, path ...string) any {
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func schemasOf(m map[string]any) []string {
	list, _ := m["schemas"].([]any)
	var out []string
	for _, s := range list {
		if s, ok := s.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func hasSchema(m map[string]any, urn string) bool { return slices.Contains(schemasOf(m), urn) }

// errorOf says what is wrong with an answer as a SCIM error of that status (RFC 7644, section
// 3.12), nil when nothing is.
func errorOf(r reply, status int, types ...string) error {
	switch {
	case r.status != status:
		return fmt.Errorf("status %d, want %d", r.status, status)
	case r.json == nil:
		return errors.New("an error that is no JSON object")
	case !hasSchema(r.json, errorSchema):
		return errors.New("an error without the schema of errors")
	case r.text("status") != strconv.Itoa(status):
		return fmt.Errorf("status in the body is %v, want the text %q", r.json["status"], strconv.Itoa(status))
	case r.text("detail") == "":
		return errors.New("an error without a detail")
	case len(types) > 0 && !slices.Contains(types, r.text("scimType")):
		return fmt.Errorf("scimType %q, want one of %q", r.text("scimType"), types)
	}
	return nil
}

// The URNs of messages (RFC 7644, section 8.2).
const (
	errorSchema      = "urn:ietf:params:scim:api:messages:2.0:Error"
	listSchema       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	patchSchema      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	searchSchema     = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	bulkSchema       = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	bulkAnswer       = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
	configSchema     = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	userSchema       = scim.UserSchema
	enterpriseSchema = scim.EnterpriseSchema
	groupSchema      = scim.GroupSchema
)
