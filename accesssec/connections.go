package accesssec

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// Connection is one single sign-on connection as an Owner or Admin sees it.
type Connection struct {
	ID, Name      string
	EntityID, ACS string    // to enter at the identity provider; the ACS is the postback URL
	SLO           string    // the single logout URL; "" for a connection that was made before there was one
	StrictEnd     bool      // sessions end when the identity provider says, however soon
	Encrypt       bool      // our metadata has a key to encrypt for
	IdP           *saml.IdP // fit to be given to Configure again: without the certificates that are retired
	Rules         saml.Rules
	State         policy.SSOState
	Suspended     bool // the org has its sign-on from another one, and State is what it was and will be again

	// Certificates are those that are trusted now: the current one first, then the
	// next, then the retired.
	Certificates []Certificate
	Metadata     *FollowedMetadata // where IdP is read again from; nil: it was given by hand
}

// mostConnections is how many an org may have.
const mostConnections = 50

// Connections lists them, oldest first.
func (a *Admin) Connections(ctx context.Context) ([]Connection, error) {
	if err := a.allowed(ctx); err != nil {
		return nil, err
	}
	org, acc, err := accessOf(ctx, a.s.store, a.p.OrgID)
	if err != nil {
		return nil, err
	}
	page, err := connections.list(ctx, a.s.store, a.p.OrgID, store.DocQuery{Paging: store.Paging{Limit: mostConnections}})
	if err != nil {
		return nil, err
	}
	out := make([]Connection, len(page.Items))
	for i, k := range page.Items {
		out[i] = shown(k, acc, a.s.now())
		out[i].Suspended = org.SSOFrom != ""
	}
	return out, nil
}

// NewConnection makes a connection in set-up: its entity ID and postback URL exist
// from here on, and it has no effect on anybody's login. The org's plan must have
// [FeatureSSO].
func (a *Admin) NewConnection(ctx context.Context, name string) (Connection, error) {
	if err := a.allowed(ctx); err != nil {
		return Connection{}, err
	}
	if err := a.needs(ctx, FeatureSSO, asIs); err != nil {
		return Connection{}, err
	}
	id := newID("con")
	base := a.s.origin + a.s.opts.Path + "sso/" + id
	v := connection{Name: boundName(name), EntityID: base, ACS: base + "/acs", SLO: base + "/slo"}
	if v.Name == "" {
		v.Name = "Single sign-on"
	}
	if err := v.makeKey(ctx, a.s, id); err != nil {
		return Connection{}, err
	}
	var out Connection
	err := a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, asIs)
		if err != nil {
			return err
		}
		if _, err := a.governing(ctx, c, &by); err != nil {
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
		out = shown(k, acc, c.now)
		return c.record(ctx, a.p.OrgID, by.by(audit.ConnectionCreated, thing(audit.KindConnection, id, v.Name)))
	})
	if err != nil {
		return Connection{}, err
	}
	return out, nil
}

// Configure sets the identity provider of a connection: from metadata
// (saml.ParseMetadata), or from the fields of a form, issuer, sign-in URL and
// certificate (saml.ParseCertificates). Nil rules keep those that are. On an active
// connection it asks for the password again ([Me.Prove]), for it then decides who comes
// in, and with another issuer, certificate or identifier the sessions that came of the
// old one are over, but for the one that acts. Of several certificates the first is the
// current one, the others are next; [Admin.AddCertificate] adds one without ending
// anything.
//
// Rules.IdPInitiated lets in by a response that nobody asked for here. Nothing binds it to
// a browser, so whoever has one, of their own account above all, can sign somebody else's
// browser in with it, to see what is done there in their name. Leave it off unless the
// identity provider can't answer a request: people who come from its own page are then
// sent there once more, and end signed in as well.
func (a *Admin) Configure(ctx context.Context, id string, idp *saml.IdP, rules *saml.Rules) (Connection, error) {
	return a.configure(ctx, id, idp, rules, nil)
}

func (a *Admin) configure(ctx context.Context, id string, idp *saml.IdP, rules *saml.Rules, follow *followed) (Connection, error) {
	var out Connection
	err := a.s.change(ctx, func(c *change) error {
		by, k, acc, err := a.onTrust(ctx, c, id)
		if err != nil {
			return err
		}
		e := by.by(audit.ConnectionConfigured, thing(audit.KindConnection, id, k.Value.Name))
		old := k.Value
		if rules != nil {
			k.Value.Rules = *rules
		}
		if err := checkConfiguration(idp, &k.Value.Rules); err != nil {
			return err
		}
		if err := k.Value.take(ctx, c, k.OrgID, id, idp, follow); err != nil {
			return err
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
		out = shown(k, acc, c.now)
		if acc.Connection == id {
			return a.announce(ctx, c, by, e)
		}
		return c.record(ctx, a.p.OrgID, e)
	})
	if err != nil {
		return Connection{}, err
	}
	return out, nil
}

// PublishEncryptionKey decides whether the metadata of a connection has a key for the
// identity provider to encrypt for: some encrypt as soon as they see one. With
// Rules.RequireEncrypted it has one in any case. What is encrypted is read either way.
func (a *Admin) PublishEncryptionKey(ctx context.Context, id string, on bool) (Connection, error) {
	var out Connection
	err := a.s.change(ctx, func(c *change) error {
		by, k, err := a.onConnection(ctx, c, id, asIs)
		if err != nil {
			return err
		}
		_, acc, err := accessOf(ctx, c, a.p.OrgID)
		if err != nil {
			return err
		}
		e := by.by(audit.ConnectionConfigured, thing(audit.KindConnection, id, k.Value.Name))
		e.Changes = []audit.Change{{Field: "publish_encryption_key", Old: strconv.FormatBool(k.Value.Encrypt), New: strconv.FormatBool(on)}}
		k.Value.Encrypt = on
		if err := connections.put(ctx, c, k); err != nil {
			return stale(err)
		}
		out = shown(k, acc, c.now)
		return c.record(ctx, a.p.OrgID, e)
	})
	if err != nil {
		return Connection{}, err
	}
	return out, nil
}

// take takes over an identity provider, and has the metadata read again that it came from.
func (v *connection) take(ctx context.Context, c *change, orgID, id string, idp *saml.IdP, follow *followed) error {
	v.Follow = follow
	if follow == nil {
		v.replace(idp, c.now)
		for _, cert := range idp.Certificates {
			v.welcome(cert)
		}
		return nil
	}
	if idp = v.wanted(idp); len(idp.Certificates) == 0 {
		return refuse(CodeConfiguration, "the metadata lists no certificate but those that were removed here: configure the connection by hand to trust them again")
	}
	v.replace(v.currentFirst(idp), c.now)
	v.follow(idp, c.now)
	return c.PutJobs(ctx, store.Job{Kind: metadataJob, OrgID: orgID, Key: id, At: follow.Kept.DueAt})
}

// onConnection is who acts on which of the org's connections: those of an org that has its
// sign-on from another one stay as they are.
func (a *Admin) onConnection(ctx context.Context, c *change, id string, need strength) (acting, kept[connection], error) {
	by, err := a.authorise(ctx, c, need)
	if err != nil {
		return by, kept[connection]{}, err
	}
	if _, err := a.governing(ctx, c, &by, thing(audit.KindConnection, id, "")); err != nil {
		return by, kept[connection]{}, err
	}
	k, err := connections.get(ctx, c, a.p.OrgID, id)
	return by, k, gone(err)
}

// onTrust is onConnection for what decides who comes in by the connection: where it is
// active, they have to have proved who they are. With it comes what the org's record says.
func (a *Admin) onTrust(ctx context.Context, c *change, id string) (acting, kept[connection], access, error) {
	by, k, err := a.onConnection(ctx, c, id, asIs)
	if err != nil {
		return by, k, access{}, err
	}
	_, acc, err := accessOf(ctx, c, a.p.OrgID)
	if err == nil && acc.Connection == id {
		by, err = a.authorise(ctx, c, proven)
	}
	return by, k, acc, err
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
// again ([Me.Prove]). Switching on needs [FeatureSSO] in the org's plan as well;
// switching off asks for no plan.
func (a *Admin) Enable(ctx context.Context, id string, on bool) error {
	if on {
		if err := a.needs(ctx, FeatureSSO, proven); err != nil {
			return err
		}
	}
	return a.s.change(ctx, func(c *change) error {
		by, k, err := a.onConnection(ctx, c, id, proven)
		if err != nil {
			return err
		}
		e := by.by(audit.ConnectionEnabled, thing(audit.KindConnection, id, k.Value.Name))
		if !on {
			e.Type = audit.ConnectionDisabled
		}
		var was Settings
		acc, err := a.updateAccess(ctx, c, func(acc *access) error {
			was = acc.Settings
			return acc.enable(k, on)
		})
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
		if own := changed(was, acc.Settings); len(own) > 0 {
			org := by.by(audit.SettingsChanged, thing(audit.KindOrg, a.p.OrgID, ""))
			org.Changes = own
			if err := c.record(ctx, a.p.OrgID, org); err != nil {
				return err
			}
		}
		return a.announce(ctx, c, by, e)
	})
}

// RemoveConnection deletes a connection that is not active, with its settings, its
// certificates and its key, for good. It asks for the password again ([Me.Prove]).
func (a *Admin) RemoveConnection(ctx context.Context, id string) error {
	return a.s.change(ctx, func(c *change) error {
		by, k, err := a.onConnection(ctx, c, id, proven)
		if err != nil {
			return err
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
		return a.announce(ctx, c, by, e)
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
		// Asking for a second factor is the identity provider's from now on.
		acc.RequireFactor, acc.FactorFrom, acc.FactorOn = false, time.Time{}, time.Time{}
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

func shown(k kept[connection], acc access, now time.Time) Connection {
	v := k.Value
	out := Connection{ID: k.ID, Name: v.Name, EntityID: v.EntityID, ACS: v.ACS, SLO: v.SLO, StrictEnd: v.StrictEnd, Encrypt: v.Encrypt, Rules: v.Rules, State: acc.SSO}
	out.IdP = v.believing(v.counting(now), SlotCurrent, SlotNext)
	out.Certificates, out.Metadata = v.certificates(now), v.Follow.shown()
	if acc.SSO == policy.SSOActive && acc.Connection != k.ID {
		out.State = policy.SSOSetup
	}
	return out
}
