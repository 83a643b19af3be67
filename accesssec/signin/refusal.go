package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
)

// refusal is err as one, or nil when it is a fault.
func refusal(err error) *accesssec.Refusal {
	var no *accesssec.Refusal
	errors.As(err, &no)
	return no
}

// statusOf a refusal.
func statusOf(no *accesssec.Refusal) int {
	switch no.Code {
	case accesssec.CodeWrongPassword, accesssec.CodeSignedOut, accesssec.CodeProve, accesssec.CodeWrongCode, accesssec.CodeHalfOver:
		return http.StatusUnauthorized
	case accesssec.CodeLocked:
		return http.StatusTooManyRequests
	case accesssec.CodeAddress, accesssec.CodePasswordRules, accesssec.CodePasswordReused, accesssec.SAMLCode(saml.CodeSize), accesssec.SAMLCode(saml.CodeEncoding), accesssec.SAMLCode(saml.CodeXML):
		return http.StatusBadRequest
	case accesssec.CodeNoConnection, accesssec.CodeNotFound:
		return http.StatusNotFound
	case accesssec.CodeConflict, accesssec.CodeFactorLive, accesssec.CodeNoFactor, accesssec.CodeFactorExpired,
		accesssec.CodeAccount, accesssec.CodeMember, accesssec.CodeRequested,
		accesssec.CodeAddressManaged, accesssec.CodeLinked, accesssec.CodeLastWay:
		return http.StatusConflict
	case accesssec.CodeLinkOver:
		return http.StatusGone
	}
	return http.StatusForbidden
}

// say is the sentence for the person; with a lock also for how long, and with a password that
// may not be chosen all that is wrong with it. On these pages two at once are mostly one person
// who has pressed twice. It sets Retry-After (RFC 9110, section 10.2.3).
func say(w http.ResponseWriter, no *accesssec.Refusal) string {
	if no.Code == accesssec.CodeConflict {
		return "Another attempt is under way. Try again."
	}
	if rejected := (*password.RejectedError)(nil); errors.As(no.Err, &rejected) {
		sentences := []string{no.Say}
		for _, p := range rejected.Problems {
			sentences = append(sentences, p.Say)
		}
		return strings.Join(sentences, " ")
	}
	if no.Code != accesssec.CodeLocked || no.RetryAfter <= 0 {
		return no.Say
	}
	seconds := int64((no.RetryAfter + time.Second - 1) / time.Second)
	w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	if seconds < 120 {
		return fmt.Sprintf("%s You can try again in %d seconds.", no.Say, seconds)
	}
	return fmt.Sprintf("%s You can try again in %d minutes.", no.Say, (seconds+59)/60)
}

const (
	wrongPassword = "The password is wrong."

	titleNotIn  = "You are not signed in"
	titleFailed = "That did not work"
)

// refused is the page of a sign-in that did not work. connection, when there is one,
// is where to start again. Whom single sign-on would help is offered it: a refusal that names it
// has been reached by a mailbox, a login or a password of theirs, or is the same for their whole
// domain.
func (h *handler) refused(w http.ResponseWriter, r *http.Request, v accesssec.Visit, no *accesssec.Refusal, connection string) {
	h.refusedAs(w, r, titleNotIn, v, no, connection)
}

// refusedInside is that page for who was signed in when they began, and mostly still is.
func (h *handler) refusedInside(w http.ResponseWriter, r *http.Request, v accesssec.Visit, no *accesssec.Refusal) {
	title := titleFailed
	if no.Code == accesssec.CodeSignedOut {
		title = titleNotIn
	}
	h.refusedAs(w, r, title, v, no, "")
}

func (h *handler) refusedAs(w http.ResponseWriter, r *http.Request, title string, v accesssec.Visit, no *accesssec.Refusal, connection string) {
	if no.After != "" {
		v.After = no.After
	}
	data := h.view(form{next: accesssec.SafePath(v.After), org: v.OrgID})
	data.Trace, data.Connection = no.Trace, connection
	if no.Connection != "" {
		data.Connection, data.OrgName, data.SSOFirst = no.Connection, no.OrgName, true
	}
	data.Ask = no.Code == accesssec.Code(policy.NotMember)
	if data.Trace == "" {
		data.Trace = v.Trace
	}
	h.page(w, r, statusOf(no), "refused", title, say(w, no), data)
}

// fault is the page of an error that is the host's. It shows nothing of it, and the
// log has it under the code that the person sees.
func (h *handler) fault(w http.ResponseWriter, r *http.Request, v accesssec.Visit, err error) {
	if !errors.Is(err, context.Canceled) || r.Context().Err() == nil {
		h.log.ErrorContext(r.Context(), "signin: fault", "trace", v.Trace, "err", err)
	}
	data := h.view(form{})
	data.Trace = v.Trace
	h.page(w, r, http.StatusServiceUnavailable, "refused", titleFailed,
		"Something is out of order on our side. Try again in a moment.", data)
}
