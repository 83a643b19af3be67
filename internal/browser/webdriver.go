package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"
)

// browser is one WebDriver session (W3C WebDriver).
type browser struct {
	session   string // its URL
	downloads string // where it puts files
}

// element is a reference to one (section 12.1).
type element struct {
	ID string `json:"element-6066-11e4-a52e-4f735466cecf"`
}

// reply is an error of the protocol.
type reply struct {
	Code    string `json:"error"`
	Message string `json:"message"`
}

func (r *reply) Error() string { return "webdriver: " + r.Code + ": " + r.Message }

func open(ctx context.Context, driver, chromium, profile string, scripts bool) (*browser, error) {
	downloads := filepath.Join(profile, "files")
	prefs := map[string]any{"download.default_directory": downloads, "download.prompt_for_download": false}
	if !scripts {
		prefs["profile.managed_default_content_settings.javascript"] = 2
	}
	options := map[string]any{
		"binary": chromium, "prefs": prefs,
		"args": []string{
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--user-data-dir=" + profile, "--window-size=1000,900",
		},
	}
	wanted := map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": map[string]string{"browser": "ALL"},
	}}}
	var session struct {
		ID string `json:"sessionId"`
	}
	if err := call(ctx, http.MethodPost, driver+"/session", wanted, &session); err != nil {
		return nil, err
	}
	return &browser{driver + "/session/" + session.ID, downloads}, nil
}

func (b *browser) close(ctx context.Context) error {
	return call(context.WithoutCancel(ctx), http.MethodDelete, b.session, nil, nil)
}

// visit opens a page and waits for its heading.
func (b *browser) visit(ctx context.Context, url, heading string) error {
	if err := call(ctx, http.MethodPost, b.session+"/url", map[string]string{"url": url}, nil); err != nil {
		return err
	}
	return b.heading(ctx, heading)
}

func (b *browser) url(ctx context.Context) (string, error) {
	var url string
	err := call(ctx, http.MethodGet, b.session+"/url", nil, &url)
	return url, err
}

// heading waits until the page's h1 says want.
func (b *browser) heading(ctx context.Context, want string) error {
	got := ""
	err := b.until(ctx, func() error {
		el, err := b.element(ctx, "h1")
		if err != nil {
			return err
		}
		if err := call(ctx, http.MethodGet, b.session+"/element/"+el.ID+"/text", nil, &got); err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("the page says %q, not %q", got, want)
		}
		return nil
	})
	return err
}

// find waits until there is such an element.
func (b *browser) find(ctx context.Context, css string) error {
	return b.until(ctx, func() error {
		_, err := b.element(ctx, css)
		return err
	})
}

// click waits for the element and clicks it.
func (b *browser) click(ctx context.Context, css string) error {
	return b.on(ctx, css, "/click", map[string]any{})
}

// write waits for the element and types into it.
func (b *browser) write(ctx context.Context, css, text string) error {
	return b.on(ctx, css, "/value", map[string]string{"text": text})
}

func (b *browser) on(ctx context.Context, css, command string, args any) error {
	return b.until(ctx, func() error {
		el, err := b.element(ctx, css)
		if err != nil {
			return err
		}
		return call(ctx, http.MethodPost, b.session+"/element/"+el.ID+command, args, nil)
	})
}

// text waits for the element and is what can be read in it.
func (b *browser) text(ctx context.Context, css string) (string, error) {
	var text string
	err := b.ask(ctx, css, "/text", &text)
	return text, err
}

// attribute waits for the element and is what stands in its attribute.
func (b *browser) attribute(ctx context.Context, css, name string) (string, error) {
	var value string
	err := b.ask(ctx, css, "/attribute/"+name, &value)
	return value, err
}

// picture waits for the element and is what it looks like: a PNG.
func (b *browser) picture(ctx context.Context, css string) ([]byte, error) {
	var png []byte // base64, as JSON has bytes
	err := b.ask(ctx, css, "/screenshot", &png)
	return png, err
}

// size waits for the element and is what it takes of the page, in pixels.
func (b *browser) size(ctx context.Context, css string) (width, height float64, err error) {
	var rect struct{ Width, Height float64 }
	err = b.ask(ctx, css, "/rect", &rect)
	return rect.Width, rect.Height, err
}

func (b *browser) ask(ctx context.Context, css, what string, out any) error {
	return b.until(ctx, func() error {
		el, err := b.element(ctx, css)
		if err != nil {
			return err
		}
		return call(ctx, http.MethodGet, b.session+"/element/"+el.ID+what, nil, out)
	})
}

func (b *browser) element(ctx context.Context, css string) (element, error) {
	var el element
	err := call(ctx, http.MethodPost, b.session+"/element", map[string]string{"using": "css selector", "value": css}, &el)
	return el, err
}

func (b *browser) active(ctx context.Context) (element, error) {
	var el element
	err := call(ctx, http.MethodGet, b.session+"/element/active", nil, &el)
	return el, err
}

// label is the name by which a screen reader tells of the element.
func (b *browser) label(ctx context.Context, el element) (string, error) {
	var label string
	err := call(ctx, http.MethodGet, b.session+"/element/"+el.ID+"/computedlabel", nil, &label)
	return label, err
}

// console is what the browser has written to it.
func (b *browser) console(ctx context.Context) ([]string, error) {
	var entries []struct {
		Message string `json:"message"`
	}
	err := call(ctx, http.MethodPost, b.session+"/se/log", map[string]string{"type": "browser"}, &entries)
	var lines []string
	for _, e := range entries {
		lines = append(lines, e.Message)
	}
	return lines, err
}

// until asks again while the page is on its way, for a minute: a browser, the programs and what
// hashes passwords may share two busy processors.
func (b *browser) until(ctx context.Context, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// call sends one command and reads the value of its answer into out.
func call(ctx context.Context, method, url string, args, out any) error {
	var body io.Reader
	if args != nil {
		b, err := json.Marshal(args)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	var answer struct {
		Value json.RawMessage `json:"value"`
	}
	err = json.NewDecoder(resp.Body).Decode(&answer)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		no := &reply{}
		return errors.Join(json.Unmarshal(answer.Value, no), no)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, out)
}
