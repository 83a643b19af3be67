package scim

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// spillAt is how long an answer gets, in bytes, before a part of it is sent.
const spillAt = 64 << 10

const (
	scimJSON  = "application/scim+json"
	plainJSON = "application/json"
)

// begin says how the answer begins. etag and location may be "".
func (x *exchange) begin(status int, etag, location string) {
	x.status, x.etag, x.location = status, etag, location
}

// end sends what there is.
func (x *exchange) end() error {
	if !x.sent {
		x.head(len(x.b))
	}
	if len(x.b) > 0 && x.r.Method != http.MethodHead {
		x.w.Write(x.b) // who has gone away is not told
	}
	return nil
}

// spill sends b if it is long, and gives back where to go on.
func (x *exchange) spill(b []byte) []byte {
	if len(b) < spillAt {
		return b
	}
	if !x.sent {
		x.head(-1)
	}
	if x.r.Method != http.MethodHead {
		x.w.Write(b)
	}
	return b[:0]
}

// head sends the header. length is that of the body, -1 when nobody knows yet.
func (x *exchange) head(length int) {
	x.seen.Status = x.status
	h := x.w.Header()
	values := make([]string, 0, 6) // of all the fields, in one piece
	set := func(name, value string) {
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	set("Cache-Control", "no-store")
	set("X-Content-Type-Options", "nosniff")
	if x.etag != "" {
		set("Etag", x.etag)
	}
	if x.location != "" {
		set("Location", x.location)
	}
	if x.status != http.StatusNoContent && x.status != http.StatusNotModified {
		set("Content-Type", x.mediaType())
		if length >= 0 {
			set("Content-Length", strconv.Itoa(length))
		}
	}
	x.w.WriteHeader(x.status)
	x.sent = true
}

// mediaType is that of the answer: SCIM's own, but plain JSON for who takes nothing else, and
// for the client that takes nothing else and doesn't say so.
func (x *exchange) mediaType() string {
	p := x.taken.profile
	plain := p == OneLogin || p == Detect && strings.Contains(x.r.UserAgent(), "OneLogin")
	if !plain {
		accept := x.r.Header.Get("Accept")
		plain = accept != "" && wantsPlain(accept)
	}
	if plain && x.taken.allow(Response) {
		return plainJSON
	}
	return scimJSON
}

// wantsPlain reports whether an Accept header takes JSON and not SCIM's.
func wantsPlain(accept string) bool {
	plain := false
	for one := range strings.SplitSeq(accept, ",") {
		one, _, _ = strings.Cut(one, ";")
		switch strings.ToLower(strings.TrimSpace(one)) {
		case scimJSON, "*/*", "application/*":
			return false
		case plainJSON:
			plain = true
		}
	}
	return plain
}

// fail answers with an error, unless the answer has begun: then it ends in the middle, which
// no reader of JSON takes for whole.
func (x *exchange) fail(err error) {
	e, own := faulty(err)
	if !own || e.Status >= 500 && e.Err != nil {
		x.logged(err)
	}
	x.seen.ErrorType, x.seen.Detail = e.Type, shortened(e.Detail)
	if x.sent {
		x.seen.Status = e.Status
		return
	}
	h := x.w.Header()
	if e.Status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((e.RetryAfter+time.Second-1)/time.Second), 10))
	}
	x.begin(e.Status, "", "")
	x.b = appendError(x.b[:0], e)
	x.end()
}

// logged is for errors that the client is not told.
func (x *exchange) logged(err error) {
	x.h.o.Log.LogAttrs(x.ctx, slog.LevelError, "scim: request failed", slog.String("method", x.r.Method),
		slog.String("resource", x.seen.ResourceType), slog.String("id", x.seen.ID), slog.Any("error", err))
}
