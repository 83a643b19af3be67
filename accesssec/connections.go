package accesssec

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/seal"
)

// connection is what is kept of one SAML connection. Its URLs are data, fixed when it
// is made: a host that moves keeps them working or changes them knowingly.
type connection struct {
	Name     string     `json:"name"`
	EntityID string     `json:"entity_id"`
	ACS      string     `json:"acs"`
	IdP      *saml.IdP  `json:"idp,omitempty"` // nil until configured
	Rules    saml.Rules `json:"rules"`
	Subjects int        `json:"subjects,omitempty"` // raised when the NameIDs so far are to be forgotten
	Cert     []byte     `json:"cert"`               // our signing certificate, DER
	Key      []byte     `json:"sealed_key"`         // its private key, PKCS #8, sealed
}

// Connection is one single sign-on connection as an Owner or Admin sees it.
type Connection struct {
	ID, Name      string
	EntityID, ACS string // to enter at the identity provider; the ACS is the postback URL
	IdP           *saml.IdP
	Rules         saml.Rules
	State         policy.SSOState
}

// mostConnections is how many an org may have.
const mostConnections = 50

// Connections lists them, oldest first.
func (a *Admin) Connections(ctx context.Context) ([]Connection, error) {
	if err := a.allowed(ctx); err != nil {
		return nil, err
	}
	_, acc, err := accessOf(ctx, a.s.store, a.p.OrgID)
	if err != nil {
		return nil, err
	}
	page, err := connections.list(ctx, a.s.store, a.p.OrgID, store.DocQuery{Paging: store.Paging{Limit: mostConnections}})
	if err != nil {
		return nil, err
	}
	out := make([]Connection, len(page.Items))
	for i, k := range page.Items {
		out[i] = shown(k, acc)
	}
	return out, nil
}

// NewConnection makes a connection in set-up: its entity ID and postback URL exist
// from here on, and it has no effect on anybody's login.
func (a *Admin) NewConnection(ctx context.Context, name string) (Connection, error) {
	if err := a.allowed(ctx); err != nil {
		return Connection{}, err
	}
	id := newID("con")
	base := a.s.origin + a.s.opts.Path + "sso/" + id
	v := connection{Name: boundName(name), EntityID: base, ACS: base + "/acs"}
	if v.Name == "" {
		v.Name = "Single sign-on"
	}
	if err := v.makeKey(a.s.keys, id, a.s.now()); err != nil {
		return Connection{}, err
	}
	var out Connection
	err := a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, asIs)
		if err != nil {
			return err
		}
		page, err := connections.list(ctx, c, a.p.OrgID, store.DocQuery{Paging: store.Paging{Limit: mostConnections}})
		if err != nil {
			return err
		}
		if len(page.Items) == mostConnections {
			return refuse(CodeConfiguration, "there are fifty connections, which is all an org may have")
		}
		k := connections.fresh(a.p.OrgID, id, id, c.now, time.Time{}, v)
		if err := connections.put(ctx, c, k); err != nil {
			return err
		}
		acc, err := a.updateAccess(ctx, c, func(acc *access) error {
			if acc.SSO == policy.SSOOff {
				acc.SSO = policy.SSOSetup
			}
			return nil
		})
		if err != nil {
			return err
		}
		out = shown(k, acc)
		return c.record(ctx, a.p.OrgID, by.by(audit.ConnectionCreated, thing(audit.KindConnection, id, v.Name)))
	})
	if err != nil {
		return Connection{}, err
	}
	return out, nil
}

// Configure sets the identity provider of a connection: from metadata
// (saml.ParseMetadata), or from the fields of a form, issuer, sign-in URL and
// certificate (saml.ParseCertificates). Nil rules keep those that are; whatever
// Rules.IdPInitiated says, a response that nobody asked for here makes no session. On an active
// connection it asks for the password again ([Me.Prove]), for it then decides who comes
// in, and with another issuer, certificate or identifier the sessions that came of the
// old one are over, but for the one that acts.
func (a *Admin) Configure(ctx context.Context, id string, idp *saml.IdP, rules *saml.Rules) (Connection, error) {
	if err := checkConfiguration(idp, rules); err != nil {
		return Connection{}, err
	}
	var out Connection
	err := a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, asIs)
		if err != nil {
			return err
		}
		k, err := connections.get(ctx, c, a.p.OrgID, id)
		if err != nil {
			return gone(err)
		}
		_, acc, err := accessOf(ctx, c, a.p.OrgID)
		if err != nil {
			return err
		}
		if acc.Connection == id {
			if by, err = a.authorise(ctx, c, proven); err != nil {
				return err
			}
		}
		e := by.by(audit.ConnectionConfigured, thing(audit.KindConnection, id, k.Value.Name))
		old := k.Value
		k.Value.IdP = idp
		if rules != nil {
			k.Value.Rules = *rules
		}
		if old.IdP != nil && old.IdP.EntityID != idp.EntityID {
			k.Value.Subjects++
		}
		if err := connections.put(ctx, c, k); err != nil {
			return stale(err)
		}
		e.Changes = old.changes(k.Value)
		if k.Value.trustsOther(old) {
			if err := a.endThrough(ctx, c, id, &e); err != nil {
				return err
			}
		}
		out = shown(k, acc)
		return c.record(ctx, a.p.OrgID, e)
	})
	if err != nil {
		return Connection{}, err
	}
	return out, nil
}

// endThrough ends the sessions that came through a connection, but for the one that
// acts, and says in e how many there were.
func (a *Admin) endThrough(ctx context.Context, c *change, id string, e *audit.Event) error {
	n, err := c.DeleteSessions(ctx, store.SessionQuery{ConnectionID: id, Except: a.p.hash})
	e.Facts = append(e.Facts, count("sessions_ended", n))
	return err
}

// Enable makes a connection the one that signs the org's people in, or switches it
// off. Switching on needs a configured connection and no other that is active;
// switching off needs require SSO and IdP-managed access to be off, and ends the
// sessions that came through it, but for the one that acts. Both ask for the password
// again ([Me.Prove]).
func (a *Admin) Enable(ctx context.Context, id string, on bool) error {
	return a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, proven)
		if err != nil {
			return err
		}
		k, err := connections.get(ctx, c, a.p.OrgID, id)
		if err != nil {
			return gone(err)
		}
		e := by.by(audit.ConnectionEnabled, thing(audit.KindConnection, id, k.Value.Name))
		if !on {
			e.Type = audit.ConnectionDisabled
		}
		_, err = a.updateAccess(ctx, c, func(acc *access) error { return acc.enable(k, on) })
		var no *Refusal
		if errors.As(err, &no) {
			e.Type = audit.ChangeRefused
			return no.inOrg(a.p.OrgID, e)
		} else if err != nil {
			return err
		}
		// A login or a change that read the connection before is not to end after.
		if err := connections.put(ctx, c, k); err != nil {
			return stale(err)
		}
		if !on {
			if err := a.endThrough(ctx, c, id, &e); err != nil {
				return err
			}
		}
		return c.record(ctx, a.p.OrgID, e)
	})
}

// RemoveConnection deletes a connection that is not active, with its settings, its
// certificates and its key, for good. It asks for the password again ([Me.Prove]).
func (a *Admin) RemoveConnection(ctx context.Context, id string) error {
	return a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, proven)
		if err != nil {
			return err
		}
		k, err := connections.get(ctx, c, a.p.OrgID, id)
		if err != nil {
			return gone(err)
		}
		e := by.by(audit.ConnectionRemoved, thing(audit.KindConnection, id, k.Value.Name))
		_, acc, err := accessOf(ctx, c, a.p.OrgID)
		if err != nil {
			return err
		}
		if acc.Connection == id {
			e.Type = audit.ChangeRefused
			return refuse(CodeActive, "").inOrg(a.p.OrgID, e)
		}
		if err := c.DeleteDoc(ctx, connections.kind, a.p.OrgID, id); err != nil {
			return err
		}
		return c.record(ctx, a.p.OrgID, e)
	})
}

// enable switches k on or off in the org's record, or says why not.
func (acc *access) enable(k kept[connection], on bool) error {
	switch {
	case on && k.Value.IdP == nil:
		return refuse(CodeConfiguration, "the identity provider is not configured")
	case on && acc.Connection != "" && acc.Connection != k.ID:
		return refuse(CodeAnotherIsActive, "")
	case on:
		acc.SSO, acc.Connection = policy.SSOActive, k.ID
	case acc.Connection != k.ID:
		return refuse(Code(policy.ConnectionInactive), "the connection is off already")
	case acc.RequireSSO || acc.IdPManaged:
		return refuse(CodeInUse, "")
	default:
		acc.SSO, acc.Connection = policy.SSOOff, ""
	}
	return nil
}

// updateAccess changes what the org's record says of its sign-on.
func (a *Admin) updateAccess(ctx context.Context, c *change, fn func(*access) error) (access, error) {
	org, acc, err := accessOf(ctx, c, a.p.OrgID)
	if err != nil {
		return acc, err
	}
	if err := fn(&acc); err != nil {
		return acc, err
	}
	if err := acc.write(&org); err != nil {
		return acc, err
	}
	return acc, stale(c.UpdateOrg(ctx, org))
}

// connection finds one by the id that stands in its URLs.
func (s *Service) connection(ctx context.Context, r store.Reader, id string) (kept[connection], error) {
	k, err := connections.byKey(ctx, r, id)
	if errors.Is(err, store.ErrNotFound) {
		return k, refuse(CodeNoConnection, "")
	}
	return k, err
}

// activeConnection is one that signs people in. The policy asks again inside the
// transaction of the login.
func (s *Service) activeConnection(ctx context.Context, v Visit, id string) (kept[connection], error) {
	k, err := s.connection(ctx, s.store, id)
	var no *Refusal
	if errors.As(err, &no) {
		return k, s.refusedAt(ctx, v, "", id, "", no)
	} else if err != nil {
		return k, err
	}
	_, acc, err := accessOf(ctx, s.store, k.OrgID)
	if err != nil {
		return k, err
	}
	if acc.SSO != policy.SSOActive || acc.Connection != id || k.Value.IdP == nil {
		return k, s.refusedAt(ctx, v, k.OrgID, id, "", refuse(Code(policy.ConnectionInactive), ""))
	}
	return k, nil
}

func shown(k kept[connection], acc access) Connection {
	v := k.Value
	out := Connection{ID: k.ID, Name: v.Name, EntityID: v.EntityID, ACS: v.ACS, IdP: v.IdP, Rules: v.Rules, State: acc.SSO}
	if acc.SSO == policy.SSOActive && acc.Connection != k.ID {
		out.State = policy.SSOSetup
	}
	return out
}

// makeKey gives the connection a signing key of its own, sealed to it.
func (v *connection) makeKey(ring *seal.Ring, id string, now time.Time) error {
	key, err := saml.GenerateKey(v.EntityID, now)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key.Signer)
	if err != nil {
		return err
	}
	v.Cert = key.Cert.Raw
	v.Key = ring.Seal(der, "saml key", id)
	return nil
}

// sp opens our side of the connection.
func (v connection) sp(ring *seal.Ring, id string) (*saml.SP, error) {
	der, err := ring.Open(v.Key, "saml key", id)
	if err != nil {
		return nil, fmt.Errorf("accesssec: key of connection %s: %w", id, err)
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("accesssec: key of connection %s: %w", id, err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("accesssec: key of connection %s does not sign", id)
	}
	cert, err := x509.ParseCertificate(v.Cert)
	if err != nil {
		return nil, fmt.Errorf("accesssec: certificate of connection %s: %w", id, err)
	}
	return &saml.SP{EntityID: v.EntityID, ACS: v.ACS, Keys: []saml.Key{{Signer: signer, Cert: cert}}}, nil
}

// receiver is our side as far as an answer needs it: no key is opened for what
// anybody may post.
func (v connection) receiver() *saml.SP { return &saml.SP{EntityID: v.EntityID, ACS: v.ACS} }

// checkConfiguration refuses settings with which no login could work or be safe.
func checkConfiguration(idp *saml.IdP, rules *saml.Rules) error {
	detail := ""
	var bad *saml.Error
	switch {
	case errors.As(errors.Join(idp.Check(), rules.Check()), &bad):
		detail = bad.Expected + " is needed"
	case len(idp.EntityID) > 1024:
		detail = "the issuer is longer than 1024 bytes"
	case len(idp.Certificates) > 10:
		detail = "there are more than ten certificates"
	default:
		u, err := url.Parse(idp.SSO.URL)
		if err != nil || !secureURL(u) || len(idp.SSO.URL) > 2048 {
			detail = "the sign-in URL is no https URL"
		}
	}
	if detail == "" {
		return nil
	}
	return refuse(CodeConfiguration, detail)
}

// trustsOther reports whether another could speak for the org's people than with old,
// or name them otherwise.
func (v connection) trustsOther(old connection) bool {
	return old.IdP != nil && (v.IdP.EntityID != old.IdP.EntityID || v.Rules.Identifier != old.Rules.Identifier ||
		fingerprints(v.IdP.Certificates) != fingerprints(old.IdP.Certificates))
}

// changes says what next sets otherwise.
func (v connection) changes(next connection) []audit.Change {
	old := v.IdP
	if old == nil {
		old = &saml.IdP{}
	}
	var out []audit.Change
	add := func(field, from, to string) {
		if from != to {
			out = append(out, audit.Change{Field: field, Old: from, New: to})
		}
	}
	add("issuer", old.EntityID, next.IdP.EntityID)
	add("sign_in_url", old.SSO.URL, next.IdP.SSO.URL)
	add("binding", string(old.SSO.Binding), string(next.IdP.SSO.Binding))
	add("certificates", fingerprints(old.Certificates), fingerprints(next.IdP.Certificates))
	add("sign_requests", strconv.FormatBool(old.SignRequests), strconv.FormatBool(next.IdP.SignRequests))
	add("skew", v.Rules.Skew.String(), next.Rules.Skew.String())
	add("idp_initiated", strconv.FormatBool(v.Rules.IdPInitiated), strconv.FormatBool(next.Rules.IdPInitiated))
	add("identifier", v.Rules.Identifier, next.Rules.Identifier)
	add("subjects", strconv.Itoa(v.Subjects), strconv.Itoa(next.Subjects))
	return out
}

func fingerprints(certs []*x509.Certificate) string {
	out := make([]string, len(certs))
	for i, c := range certs {
		sum := hashOf(string(c.Raw))
		out[i] = hexOf(sum[:])
	}
	return strings.Join(out, " ")
}
