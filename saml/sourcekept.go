package saml

import (
	"context"
	"errors"
	"time"
)

const (
	retryFirst = 15 * time.Minute
	retryMost  = 24 * time.Hour
)

// Kept is what a caller keeps of a [Source]: the last good file, and how attempts since
// went. The zero value is a source that was never read. It changes by [Kept.Next] or
// [Kept.Refresh], which return the value to keep instead. The JSON is stable.
type Kept struct {
	Metadata *Metadata `json:"metadata,omitempty"` // nil: none has been read yet
	DueAt    time.Time `json:"due_at,omitzero"`    // when to fetch next; zero: at once
	Failures int       `json:"failures,omitempty"` // attempts since the last good one
	Failure  string    `json:"failure,omitempty"`  // for an admin: why the last attempt failed
}

// Refresh fetches once and returns what to keep from now on, with the error of the
// attempt. It can be called at any time; Kept.DueAt says when it is due.
//
// What comes replaces what was, new keys included. A caller that wants a person to look
// at new keys first calls [Source.Fetch] and [Compare], and later Next.
func (k Kept) Refresh(ctx context.Context, from *Source, now time.Time) (Kept, error) {
	m, err := from.Fetch(ctx, now)
	next := k.Next(m, err, now)
	if err == nil && next.Failures > 0 {
		err = sameProvider(k.Metadata, m)
	}
	return next, err
}

// Next is what to keep after an attempt: the new file, or after a failure the last good
// one, to be tried again after 15 minutes, then after twice as long each time, up to a
// day. Metadata of another entity ID is a failure: a provider does not become another
// one by itself.
func (k Kept) Next(m *Metadata, err error, now time.Time) Kept {
	if err == nil {
		err = sameProvider(k.Metadata, m)
	}
	if err == nil {
		return Kept{Metadata: m, DueAt: m.RefreshAt()}
	}
	wait := retryFirst
	for n := 0; n < k.Failures && wait < retryMost; n++ {
		wait *= 2
	}
	k.Failures++
	k.DueAt = now.Add(min(wait, retryMost))
	k.Failure = told(err)
	return k
}

// IdP is the provider by the last good file, until its validUntil comes. The error is an
// *Error of CodeMetadata: there has been no good file yet, or its time is over.
func (k Kept) IdP(now time.Time) (*IdP, error) {
	if k.Metadata == nil || k.Metadata.IdP == nil {
		return nil, refuse(CodeMetadata, "metadata that has been read once", "none").advise("fetch the provider's metadata")
	}
	if end := k.Metadata.ValidUntil; !end.IsZero() && !now.Before(end) {
		return nil, refuse(CodeMetadata, "metadata that is valid "+stamp(now), "validUntil "+stamp(end)).
			advise("the last metadata that could be read is out of date: " + k.Failure)
	}
	return k.Metadata.IdP, nil
}

func sameProvider(before, after *Metadata) error {
	if after == nil || after.IdP == nil {
		return refuse(CodeMetadata, "metadata", "none")
	}
	if before != nil && before.IdP != nil && before.IdP.EntityID != after.IdP.EntityID {
		return refuse(CodeMetadata, before.IdP.EntityID, after.IdP.EntityID).
			advise("the URL shows the metadata of another provider; if that is meant, set the connection up anew")
	}
	return nil
}

// told is an error in words that are short and safe to show to an admin.
func told(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return "no metadata"
	}
	out := string(e.Code)
	if e.Received != "" {
		out += ": " + e.Received
	}
	return out + ". " + e.Hint
}
