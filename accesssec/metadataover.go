package accesssec

import (
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// tellOver is how often it is told that the time of metadata is over.
const tellOver = 24 * time.Hour

// validUntil is zero when the metadata names no end.
func (f *followed) validUntil() time.Time {
	if f == nil || f.Kept.Metadata == nil {
		return time.Time{}
	}
	return f.Kept.Metadata.ValidUntil
}

// over reports whether the metadata is out of date by its own word.
func (f *followed) over(now time.Time) bool {
	end := f.validUntil()
	return !end.IsZero() && !now.Before(end)
}

// tellsOver reports, after an attempt that failed, whether it is to be told that the time
// is over, and sees to it that the next attempt is not later than the next notice.
func (f *followed) tellsOver(now time.Time) bool {
	at := f.validUntil()
	if at.IsZero() {
		return false
	}
	tell := f.over(now) && now.Sub(f.ToldAt) >= tellOver
	if tell {
		f.ToldAt = now
	}
	if f.over(now) {
		at = f.ToldAt.Add(tellOver)
	}
	if at.Before(f.Kept.DueAt) {
		f.Kept.DueAt = at
	}
	return tell
}

// strict reports whether only what was signed may be believed: then an old signature is no
// better than none (saml-metadata 2.3.2), for whoever holds back a newer one could keep an
// old key alive.
func (f *followed) strict() bool { return f != nil && len(f.Trust) > 0 }

// effect is for a notice.
func (f *followed) effect() string {
	if f.strict() {
		return "Its signature is required, so the certificates that it alone lists verify nothing from then on: nobody signs in by them until it can be read"
	}
	return "What it said last goes on to be used, and a key that the identity provider has withdrawn since goes on to be trusted"
}

// unvouched reports whether what only metadata lists verifies nothing now.
func (v connection) unvouched(now time.Time) bool { return v.Follow.strict() && v.Follow.over(now) }

// vouched are those of all that verify at now.
func (v connection) vouched(all []held, now time.Time) []held {
	if !v.unvouched(now) {
		return all
	}
	return slices.DeleteFunc(all, func(h held) bool { return h.Listed && !h.Added })
}

// outOfDate is the refusal where no certificate is left for that reason; nil otherwise.
func (v connection) outOfDate(now time.Time) *Refusal {
	if !v.unvouched(now) || len(v.vouched(v.counting(now), now)) > 0 {
		return nil
	}
	return refuse(CodeMetadataExpired, v.outOfDateDetail())
}

func (v connection) outOfDateDetail() string {
	return "the signed metadata of the connection was valid until " + v.Follow.validUntil().UTC().Format(time.RFC3339) +
		", and could not be read since: what it alone lists verifies nothing"
}

// explainOutOfDate adds to a refused signature that the key may be one of those.
func (v connection) explainOutOfDate(no *Refusal, now time.Time) {
	if no.Code == SAMLCode(saml.CodeSignature) && v.unvouched(now) {
		no.Detail += "; " + v.outOfDateDetail()
	}
}
