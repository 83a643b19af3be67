package accesssec

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/saml"
)

const (
	visitMark   = "v1."
	visitCookie = "__Host-accesssec-visit"
)

// SignIn is every way in. Each method answers with a [Step]: done, or what comes next.
// Package signin has the pages; a host with pages of its own calls these. It is safe
// for concurrent use.
type SignIn struct{ s *Service }

// Visit is one browser on its way in. OrgID, After and Invitation are the caller's to set,
// from a link or a form; the rest comes from [SignIn.Visit]. The zero Visit will do for the
// password of somebody without a second factor, in a test or a script: it is one browser and
// one network for everybody.
type Visit struct {
	OrgID string // the org that is wanted; "" whichever fits
	After string // where to go when signed in: a path of the host's, see [SafePath]

	// Invitation is the token of a link that [Admin.Invite] has sent. Who proves to be the
	// one that it is for is made a member on the way in.
	Invitation string

	// Remember asks that this browser stand in for the code that is about to be shown, at later
	// sign-ins, where the org allows that.
	Remember bool

	IP, Agent string        // for the log and the limits
	Trace     string        // names this step to a person and in the log: "7K4Q-M2XD"
	invite    string        // the key of the invitation that was shown when this sign-in began
	mark      func() string // the browser's secret; fmt does not look into a function
	known     bool          // which it brought: its cookies work
	device    *deviceMark   // what it is remembered by
}

// Step is what a way in has come to: Entered, or what is next. With Entered, Next is
// policy.NextSetUp for a session that is good for nothing but setting up a second factor:
// give the browser its cookie, and see [SignIn.SettingUp].
type Step struct {
	Entered *Entered
	Next    policy.Next
	Allows  []policy.Method
	OrgName string       // with NextSSO: whose sign-on it is
	Bounce  *saml.Bounce // send the browser there
	URL     string       // or there, by a redirect: to the OpenID provider
	After   string       // with Entered: where to go, "" the host's choice

	// Grace says, with Entered, that the org requires a second factor and the person has none:
	// they have come in without for the last time, or until GraceUntil where that is not zero.
	Grace      bool
	GraceUntil time.Time

	Connection string // what StartSSO wants, when Allows has SSO or Next is policy.NextOrg

	// Orgs are where the person could go, with policy.NextOrg: show them, and start single
	// sign-on anew with the Visit.OrgID that is chosen and with After. Nobody is signed in yet.
	Orgs []OrgChoice
}

// Visit recognises the browser that sent r, or marks it. The mark is a secret of the
// browser, and what comes back from an identity provider is believed in the browser
// that asked for it alone. It crosses sites (SameSite=None), because the identity
// provider's answer is a cross-site POST.
func (i *SignIn) Visit(w http.ResponseWriter, r *http.Request) Visit {
	v := Visit{IP: bound(i.s.opts.TrustedIP(r), 64), Agent: bound(r.UserAgent(), 300), Trace: newTrace()}
	mark := ""
	if cs := r.CookiesNamed(visitCookie); len(cs) == 1 && plausible(cs[0].Value, visitMark) {
		mark, v.known = cs[0].Value, true
	} else {
		mark = newSecret(visitMark)
	}
	v.mark = func() string { return mark }
	v.device = &deviceMark{}
	if cs := r.CookiesNamed(deviceCookie); len(cs) == 1 && plausible(cs[0].Value, deviceBegins) {
		v.device.is(cs[0].Value)
	}
	setCookie(w, &http.Cookie{Name: visitCookie, Value: mark, SameSite: http.SameSiteNoneMode, MaxAge: int(knownFor.Seconds())})
	return v
}

// id is the browser's secret; "" of a Visit that does not come from SignIn.Visit.
func (v Visit) id() string {
	if v.mark == nil {
		return ""
	}
	return v.mark()
}

// String leaves out the browser's secret, as does every other way to print a Visit.
func (v Visit) String() string { return "visit " + v.Trace }

// Format is String for every verb.
func (v Visit) Format(f fmt.State, _ rune) { io.WriteString(f, v.String()) }

// Discover says what to offer to this address. It looks at the domain alone: the
// answer is the same for a member, an Owner, and somebody who has no account.
func (i *SignIn) Discover(ctx context.Context, v Visit, address string) (Step, error) {
	a, err := domainclaim.ParseAddress(address)
	if err != nil {
		return Step{}, v.refused(CodeAddress, err)
	}
	var f facts
	f.in.Ways = i.s.ways()
	if _, err := f.domain(ctx, i.s.store, a); err != nil {
		return Step{}, err
	}
	d := policy.Decide(f.in)
	step := Step{Next: d.Next, Allows: d.Allows}
	if step.Offers(policy.SSO) {
		step.Connection, step.OrgName = f.in.Owner.Connection, f.in.Owner.Name
	}
	return step, nil
}

// Offers reports whether m is among what may be tried.
func (s Step) Offers(m policy.Method) bool {
	return slices.Contains(s.Allows, m)
}

// refused is a refusal that is not worth a line in the log.
func (v Visit) refused(code Code, err error) *Refusal {
	no := refuse(code, "")
	no.Err, no.Trace = err, v.Trace
	return no
}

// SafePath is next when it is a path on the host's own site, and "" when it would lead
// anywhere else: off the site, through a scheme, or past a careless parser.
func SafePath(next string) string {
	if len(next) > 2048 || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") {
		return ""
	}
	for _, c := range next {
		if c <= ' ' || c == 0x7f || c == '\\' || c == utf8.RuneError {
			return ""
		}
	}
	return next
}

// bound cuts s to n bytes of valid UTF-8 without control characters.
func bound(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
