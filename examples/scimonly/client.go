package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// client is one of a tenant's, as an identity provider is.
type client struct{ base, token string }

// answer is a response, read.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// send sends one request. Headers are names and values.
func (c client) send(ctx context.Context, method, path, body string, headers ...string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if err = errors.Join(err, resp.Body.Close()); err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &a.body)
	}
	return a, err
}

// must fails unless the answer has that status.
func (c client) must(ctx context.Context, status int, method, path, body string, headers ...string) (answer, error) {
	a, err := c.send(ctx, method, path, body, headers...)
	if err == nil && a.status != status {
		err = fmt.Errorf("status %d instead of %d: %.300s", a.status, status, a.text)
	}
	if err != nil {
		err = fmt.Errorf("%s %.100s: %w", method, path, err)
	}
	return a, err
}

// says fails unless the answer has all of these texts.
func (a answer) says(texts ...string) error {
	for _, text := range texts {
		if !strings.Contains(a.text, text) {
			return fmt.Errorf("no %s in %.500s", text, a.text)
		}
	}
	return nil
}

// lacks fails if the answer has one of these texts.
func (a answer) lacks(texts ...string) error {
	for _, text := range texts {
		if strings.Contains(a.text, text) {
			return fmt.Errorf("%s in %.500s", text, a.text)
		}
	}
	return nil
}

func (a answer) id() string {
	id, _ := a.body["id"].(string)
	return id
}

// total is that of a list.
func (a answer) total() int {
	n, _ := a.body["totalResults"].(float64)
	return int(n)
}
