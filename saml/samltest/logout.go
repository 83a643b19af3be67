package samltest

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// endpoint is where a service provider takes logout messages.
type endpoint struct {
	binding      Binding
	url, answers string // answers: for responses
}

// LogoutMessage is a message of single logout (profiles, section 4.4) on its way to a
// service provider.
type LogoutMessage struct {
	ID   string     // of the message
	URL  string     // where the browser goes; by redirect with the message in its query
	Form url.Values // what it posts there: SAMLRequest or SAMLResponse, and RelayState; nil by redirect
}

// Request is what a browser sends, which was on a page of another site before.
func (m LogoutMessage) Request(ctx context.Context) (*http.Request, error) {
	method, body := http.MethodGet, ""
	if m.Form != nil {
		method, body = http.MethodPost, m.Form.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, m.URL, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("samltest: log out: %w", err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if m.Form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "null")
	}
	return req, nil
}

// StartLogout makes the signed LogoutRequest that ends a session of [IdP.Sessions], for
// the binding by, which the metadata of both must list. The session is
// forgotten when [IdP.ReadLogoutResponse] reads that it has ended. Without attacks
// nothing is wrong with the message; those that would change nothing in it are refused.
func (idp *IdP) StartLogout(s Session, by Binding, attacks ...Attack) (LogoutMessage, error) {
	sp, err := idp.provider(s.SP)
	if err != nil {
		return LogoutMessage{}, err
	}
	if !slices.Contains(idp.product.logout, by) {
		return LogoutMessage{}, fmt.Errorf("%w: this provider has no single logout by %q", ErrLogout, by)
	}
	for _, e := range sp.logout {
		if e.binding != by {
			continue
		}
		d := idp.newDraft(sp, e.url)
		d.claims = claims{nameID: s.NameID, email: s.NameID.Value}
		d.sessionIndex = s.Index
		m, err := d.send(e.binding, e.url, "", (*draft).logoutRequest, attacks)
		if err == nil {
			idp.mu.Lock()
			defer idp.mu.Unlock()
			if len(idp.started) == maxSessions {
				clear(idp.started)
			}
			idp.started[m.ID] = s
		}
		return m, err
	}
	return LogoutMessage{}, fmt.Errorf("%w: %q lists no SingleLogoutService with the binding %q", ErrUntrusted, s.SP, by)
}

// AnswerLogout ends the sessions that a request is for, and makes the signed answer: by
// the binding that the request came by, or else by another one of the service provider.
// It says Success when there was such a session, and UnknownPrincipal when there was
// none (core, section 3.2.2.2). With attacks no session ends.
func (idp *IdP) AnswerLogout(req LogoutRequest, attacks ...Attack) (LogoutMessage, error) {
	sp, err := idp.provider(req.Issuer)
	if err != nil {
		return LogoutMessage{}, err
	}
	if len(sp.logout) == 0 {
		return LogoutMessage{}, fmt.Errorf("%w: %q lists no SingleLogoutService", ErrUntrusted, req.Issuer)
	}
	to := sp.logout[0]
	for _, e := range sp.logout {
		if e.binding == req.Binding {
			to = e
			break
		}
	}
	d := idp.newDraft(sp, to.answers)
	d.inResponseTo = req.ID
	if len(attacks) == 0 && idp.end(req) == 0 {
		d.status = &failure{statusRequester, statusUnknown, "There is no such session."}
	}
	return d.send(to.binding, to.answers, req.RelayState, (*draft).logoutResponse, attacks)
}

func (d *draft) logoutRequest() *documentDraft {
	root := d.message("LogoutRequest")
	root.CreateAttr("NotOnOrAfter", instant(d.notOnOrAfter))
	name := d.claims.nameID.element()
	name.CreateAttr("xmlns:saml", nsAssertion)
	root.AddChild(name)
	root.CreateElement("samlp:SessionIndex").SetText(d.sessionIndex)
	return &documentDraft{root: root, assertion: root}
}

func (d *draft) logoutResponse() *documentDraft {
	root := d.message("LogoutResponse")
	d.writeStatus(root)
	return &documentDraft{root: root}
}

// suits tells whether an attack changes a logout message.
func (a Attack) suits(tag string, by Binding) bool {
	switch a {
	case Unsigned, OtherKey, WeakDigest, WrongIssuer, WrongDestination, Stale, Doctype, TwinAttribute:
		return true
	case BorrowedCertificate, ReferenceWhole, Deflated:
		return by == POST
	case CommentInDigest, TwoSignedInfos:
		return by == POST && tag == "LogoutRequest"
	case Expired, ForeignDomain, CommentInNameID, Tampered, Instruction:
		return tag == "LogoutRequest"
	case UnknownRequest, NoInResponseTo, StatusFailed:
		return tag == "LogoutResponse"
	}
	return false
}

// send writes a logout message and signs it: the document by POST, the query by redirect.
func (d *draft) send(by Binding, to, relayState string, write func(*draft) *documentDraft, attacks []Attack) (LogoutMessage, error) {
	tag := write(d).root.Tag
	for _, attack := range attacks {
		if !attack.suits(tag, by) {
			return LogoutMessage{}, fmt.Errorf("samltest: the attack %q changes nothing in a %s by %s", attack, tag, by)
		}
	}
	d.signResponse = true
	if err := d.misbehave(attacks); err != nil {
		return LogoutMessage{}, err
	}
	doc := write(d)
	doc.email, doc.signer = d.claims.email, d.signer
	d.style.dress(doc.root)
	for _, change := range d.inside {
		if err := change(doc); err != nil {
			return LogoutMessage{}, err
		}
	}
	d.inside = nil
	field := fieldRequest
	if tag == "LogoutResponse" {
		field = fieldResponse
	}
	m := LogoutMessage{ID: attribute(doc.root, "ID"), URL: to}
	if by == Redirect {
		return m, d.redirect(&m, field, doc, relayState)
	}
	if d.signResponse {
		if err := d.signer.sign(doc.root); err != nil {
			return LogoutMessage{}, err
		}
	}
	if err := d.change(doc); err != nil {
		return LogoutMessage{}, err
	}
	data, err := d.rendered(doc)
	if err != nil {
		return LogoutMessage{}, err
	}
	m.Form = url.Values{field: {base64.StdEncoding.EncodeToString(data)}}
	if relayState != "" {
		m.Form.Set("RelayState", relayState)
	}
	return m, nil
}

// redirect puts the message into the query, with the signature over what it was before
// anybody in between changed it.
func (d *draft) redirect(m *LogoutMessage, field string, doc *documentDraft, relayState string) error {
	honest, err := d.rendered(&documentDraft{root: doc.root.Copy()})
	if err != nil {
		return err
	}
	signed, err := d.signer.query(field, honest, relayState)
	if err != nil {
		return err
	}
	if err := d.change(doc); err != nil {
		return err
	}
	data, err := d.rendered(doc)
	if err != nil {
		return err
	}
	sent, err := d.signer.query(field, data, relayState)
	if err != nil {
		return err
	}
	query, _, _ := strings.Cut(sent, "&SigAlg=")
	if _, signature, _ := strings.Cut(signed, "&SigAlg="); d.signResponse {
		query += "&SigAlg=" + signature
	}
	separator := "?"
	if strings.Contains(m.URL, "?") {
		separator = "&"
	}
	m.URL += separator + query
	return nil
}
