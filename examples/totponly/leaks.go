package main

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// hidden is what nobody else is to see.
type hidden struct {
	passwords []string
	secrets   []string // in every form that one might be printed in
	codes     []string // for recovery
	shown     []string // by the app
}

// secret takes in the secret of a set-up page.
func (k *hidden) secret(page answer) {
	grouped := between(page.text, "<code>", "</code>", "")
	plain := strings.ReplaceAll(grouped, " ", "")
	k.secrets = append(k.secrets, grouped, plain)
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(plain)
	if err == nil {
		k.secrets = append(k.secrets, string(raw), hex.EncodeToString(raw), fmt.Sprint(raw),
			base64.RawStdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw))
	}
}

// leaks looks through everything that was answered and logged.
func (w *walker) leaks(context.Context) error {
	if len(w.hidden.secrets) < 5*7 || len(w.hidden.codes) < 50 || len(w.hidden.shown) < 20 || len(w.seen.said) < 200 {
		return errors.New("too little was seen to say that nothing leaks")
	}
	for _, s := range w.seen.said {
		at := s.method + " " + s.path
		for _, p := range w.hidden.passwords {
			if strings.Contains(s.path+s.head+s.body, p) {
				return fmt.Errorf("a password in the answer to %s", at)
			}
		}
		for _, secret := range w.hidden.secrets {
			if strings.Contains(s.path+s.head, secret) || strings.Contains(s.body, secret) && !strings.Contains(s.body, "<h1>"+setUpPage+"</h1>") {
				return fmt.Errorf("a secret in the answer to %s", at)
			}
		}
		shows := s.path == "/codes/download" || strings.Contains(s.body, "<h1>"+codesPage+"</h1>")
		for _, code := range w.hidden.codes {
			if strings.Contains(s.path+s.head, code) || strings.Contains(s.body, code) && !shows {
				return fmt.Errorf("a recovery code in the answer to %s", at)
			}
		}
		if !strings.Contains(s.head, "no-store") || !strings.Contains(s.head, "default-src 'none'") || strings.Contains(s.path, "?") {
			return fmt.Errorf("the answer to %s may be kept, or its page may run scripts", at)
		}
	}
	w.done("no secret in %d answers but those of the set-up page, no recovery code but where they are made, no password at all", len(w.seen.said))
	log, tables := w.log.String(), w.site.app.memory.dump()
	if !strings.Contains(log, "used before") || !strings.Contains(log, "locked") || strings.Count(log, "\n") < 50 || !strings.Contains(tables, "last_step") {
		return errors.New("the log or the tables say too little")
	}
	for _, all := range [][]string{w.hidden.passwords, w.hidden.secrets, w.hidden.codes, w.hidden.shown} {
		for _, h := range all {
			if strings.Contains(log, h) {
				return errors.New("something secret in the log")
			}
			if len(h) > len("123456") && strings.Contains(tables, h) {
				return errors.New("something secret in the tables")
			}
		}
	}
	w.done("nor anything of it in %d lines of the log, which say who was refused and why, and none in clear in the tables", strings.Count(log, "\n"))
	return nil
}

// dump is what the tables hold of passwords, secrets and codes.
func (m *memory) dump() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	for _, u := range m.users {
		fmt.Fprintln(&b, u.password)
	}
	for _, r := range m.factors {
		fmt.Fprintf(&b, "%s %s %s %s\n", r.enrollment, r.secret, r.recovery, r.pepper)
	}
	for _, s := range m.setups {
		fmt.Fprintf(&b, "%s %s\n", s.enrollment, s.secret)
	}
	return b.String()
}
