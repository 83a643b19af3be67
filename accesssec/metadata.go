package accesssec

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// MetadataURL is where an identity provider publishes its metadata, for a connection that
// follows it.
type MetadataURL struct {
	URL      string              // https
	EntityID string              // chooses one of several providers; "": there is only one
	Trust    []*x509.Certificate // keys one of which must have signed the metadata; none: whoever answers at URL is believed
}

// FollowedMetadata is how that goes.
type FollowedMetadata struct {
	MetadataURL
	ReadAt     time.Time // when it was last read well
	ValidUntil time.Time // by its own word; zero: it does not say. From then on, with Trust, nothing is verified by what only the metadata lists
	NextAt     time.Time // when it is read again
	Failures   int       // since it was last read well
	Failure    string    // why the last attempt failed
}

// followed is what is kept of it.
type followed struct {
	URL      string    `json:"url"`
	EntityID string    `json:"entity_id,omitempty"`
	Trust    [][]byte  `json:"trust,omitempty"` // DER
	Kept     saml.Kept `json:"kept"`
	ToldAt   time.Time `json:"told_at,omitzero"` // the last notice that its time is over
}

const (
	metadataJob = "metadata"
	// A failure is told when there were so many in a row: one alone mends itself.
	tellFailures = 3
)

// source is where to look, with the host's own way to get there.
func (s *Service) source(f followed) (*saml.Source, error) {
	src := &saml.Source{URL: f.URL, EntityID: f.EntityID, Dial: s.opts.DialMetadata, Roots: s.opts.MetadataRoots}
	var err error
	if src.Trust, err = f.trust(); err != nil {
		return nil, err
	}
	return src, nil
}

// trust reads the certificates as saml does: one that crypto/x509 refuses for what means
// nothing to a pinned key can be given, so it has to be read again. Beside an error there
// are those that can be read.
func (f followed) trust() (certs []*x509.Certificate, fault error) {
	for _, der := range f.Trust {
		c, err := saml.ParseCertificates(der)
		if err != nil {
			fault = errors.Join(fault, fmt.Errorf("accesssec: a certificate to trust for metadata: %w", err))
		}
		certs = append(certs, c...)
	}
	return certs, fault
}

// url is "" when nothing is followed.
func (f *followed) url() string {
	if f == nil {
		return ""
	}
	return f.URL
}

func (f *followed) shown() *FollowedMetadata {
	if f == nil {
		return nil
	}
	out := &FollowedMetadata{MetadataURL: MetadataURL{URL: f.URL, EntityID: f.EntityID},
		NextAt: f.Kept.DueAt, Failures: f.Kept.Failures, Failure: f.Kept.Failure}
	out.Trust, _ = f.trust() // that one can't be read is told when it is wanted
	if m := f.Kept.Metadata; m != nil {
		out.ReadAt, out.ValidUntil = m.ReadAt, m.ValidUntil
	}
	return out
}

// FollowMetadata configures a connection from a URL as [Admin.Configure] does from a file,
// and has it read again when it says so, at least once a week ([Service.Run]). What
// changes there is taken over and told: a certificate that is new there is the next one
// here, and takes over when a login is signed by it; one that has never signed and is gone
// there is dropped; one that has signed and is gone there is trusted for a week more, when
// another is listed. A key that was removed here, or has lapsed, is not taken over again.
// Metadata that can't be read, or is another provider's by then, changes nothing: the last
// good one is kept. Configure ends the following.
//
// It waits for the network, and speaks to public addresses alone (see
// Options.DialMetadata). It asks for the password again where Configure does.
func (a *Admin) FollowMetadata(ctx context.Context, id string, from MetadataURL, rules *saml.Rules) (Connection, error) {
	if err := a.s.alone(); err != nil {
		return Connection{}, err
	}
	// Nobody else has us look anywhere.
	if err := a.mayConfigure(ctx, id); err != nil {
		return Connection{}, err
	}
	f := followed{URL: from.URL, EntityID: from.EntityID}
	for _, c := range from.Trust {
		if c == nil {
			return Connection{}, refuse(CodeConfiguration, "there is no certificate to trust")
		}
		f.Trust = append(f.Trust, c.Raw)
	}
	m, err := a.s.fetch(ctx, f)
	if err != nil {
		return Connection{}, notRead(err)
	}
	f.Kept = saml.Kept{}.Next(m, nil, a.s.now())
	return a.configure(ctx, id, m.IdP, rules, &f)
}

// RefreshMetadata reads the metadata that a connection follows now, and takes over what
// has changed, as it would when it is due.
func (a *Admin) RefreshMetadata(ctx context.Context, id string) (Connection, error) {
	if err := a.s.alone(); err != nil {
		return Connection{}, err
	}
	if err := a.mayConfigure(ctx, id); err != nil {
		return Connection{}, err
	}
	_, fault, err := a.s.refresh(ctx, a.p.OrgID, id)
	if err == nil && fault != nil {
		err = notRead(fault)
	}
	if err != nil {
		return Connection{}, gone(err)
	}
	k, err := connections.get(ctx, a.s.store, a.p.OrgID, id)
	if err != nil {
		return Connection{}, gone(err)
	}
	_, acc, err := accessOf(ctx, a.s.store, a.p.OrgID)
	if err != nil {
		return Connection{}, err
	}
	return shown(k, acc, a.s.now()), nil
}

// mayConfigure is who may: asked before anything is fetched, and again in the transaction.
func (a *Admin) mayConfigure(ctx context.Context, id string) error {
	by, err := a.authorise(ctx, a.s.store, asIs)
	if err == nil {
		_, err = a.governing(ctx, a.s.store, &by, thing(audit.KindConnection, id, ""))
	}
	if err != nil {
		return a.s.refused(ctx, err)
	}
	if _, err := connections.get(ctx, a.s.store, a.p.OrgID, id); err != nil {
		return gone(err)
	}
	_, acc, err := accessOf(ctx, a.s.store, a.p.OrgID)
	if err != nil || acc.Connection != id {
		return err
	}
	_, err = a.authorise(ctx, a.s.store, proven)
	return a.s.refused(ctx, err)
}

func (s *Service) fetch(ctx context.Context, f followed) (*saml.Metadata, error) {
	src, err := s.source(f)
	if err != nil {
		return nil, err
	}
	return src.Fetch(ctx, s.now())
}

// notRead is a refusal for what is wrong with metadata; a fault stays one.
func notRead(err error) error {
	var bad *saml.Error
	if !errors.As(err, &bad) {
		return err
	}
	no := refuse(CodeConfiguration, "the metadata can't be used: "+bad.Received)
	no.Fix, no.Err = bad.Hint, bad
	return no
}

// readMetadata is the job of one connection that follows metadata.
func (s *Service) readMetadata(ctx context.Context, j leased) (result, error) {
	next, fault, err := s.refresh(ctx, j.OrgID, j.Key)
	if errors.Is(err, store.ErrNotFound) {
		return result{}, nil // it is gone, or follows nothing any more
	} else if err != nil {
		return result{}, err
	}
	if fault != nil {
		s.opts.Log.WarnContext(ctx, "accesssec: metadata not read", "connection", j.Key, "err", fault)
	}
	return result{done: 1, next: next}, nil
}

// refresh reads the metadata of a connection, writes down how it went, and says when it is
// due again. fault is why it could not be read; err that nothing could be written, and
// store.ErrNotFound that there is nothing to follow.
func (s *Service) refresh(ctx context.Context, orgID, id string) (next time.Time, fault, err error) {
	k, err := connections.get(ctx, s.store, orgID, id)
	if err == nil && k.Value.Follow == nil {
		err = store.ErrNotFound
	}
	if err != nil {
		return next, nil, err
	}
	m, fault := s.fetch(ctx, *k.Value.Follow)
	if ctx.Err() != nil {
		return next, nil, ctx.Err() // it may be we who did not wait
	}
	if fault == nil && m.IdP.EntityID != k.Value.IdP.EntityID {
		fault = &saml.Error{Code: saml.CodeMetadata, Expected: k.Value.IdP.EntityID, Received: m.IdP.EntityID, Fix: saml.FixIdentityProvider,
			Hint: "the URL shows the metadata of another provider; if that is meant, set the connection up anew"}
	}
	fault = quoted(fault)
	for range 5 {
		if k.Value.Follow == nil {
			return next, nil, store.ErrNotFound
		}
		next, err = s.takeMetadata(ctx, k, m, fault)
		if !errors.Is(err, store.ErrConflict) {
			return next, fault, err
		}
		if k, err = connections.get(ctx, s.store, orgID, id); err != nil {
			return next, nil, err
		}
	}
	return next, nil, err
}

// quoted is fault with what the other side has written in quotes, short and printable: it
// goes into notices, and whoever answers at the URL may have chosen it for who reads them.
func quoted(fault error) error {
	var bad *saml.Error
	if !errors.As(fault, &bad) || bad.Received == "" {
		return fault
	}
	const most = 100
	out, r := *bad, []rune(bad.Received)
	out.Received = strconv.Quote(string(r[:min(len(r), most)]))
	if len(r) > most {
		out.Received += "..."
	}
	return &out
}

// takeMetadata writes an attempt down: what has changed with its event and its notice,
// and one that changes nothing without. k is the connection as it was read.
func (s *Service) takeMetadata(ctx context.Context, k kept[connection], m *saml.Metadata, fault error) (time.Time, error) {
	now := s.now()
	before := k.Value
	f := *before.Follow
	f.Kept = f.Kept.Next(m, fault, now)
	k.Value.Follow = &f
	next := f.Kept.DueAt
	if fault != nil {
		tell := f.tellsOver(now)
		if next = f.Kept.DueAt; tell {
			return next, s.tellMetadata(ctx, k, audit.MetadataFailed, nil, f.Kept.Failure)
		}
		another := m != nil // it was read, and is another provider's
		if another && f.Kept.Failures == 1 || f.Kept.Failures == tellFailures {
			return next, s.tellMetadata(ctx, k, audit.MetadataFailed, nil, f.Kept.Failure)
		}
		return next, s.upkeep(ctx, func(tx store.Tx) error { return connections.put(ctx, tx, k) })
	}
	f.ToldAt = time.Time{}
	k.Value.follow(m.IdP, now)
	changes := before.changes(k.Value)
	if was, is := retired(before), retired(k.Value); was != is {
		changes = append(changes, audit.Change{Field: "retired_certificates", Old: was, New: is})
	}
	if len(changes) == 0 {
		return next, s.upkeep(ctx, func(tx store.Tx) error { return connections.put(ctx, tx, k) })
	}
	var no *Refusal
	if err := checkConfiguration(k.Value.IdP, &k.Value.Rules); errors.As(err, &no) {
		// What it says now would keep everybody out, so it is not taken over.
		bad := &saml.Error{Code: saml.CodeMetadata, Received: no.Detail, Fix: saml.FixIdentityProvider, Hint: no.Fix, Err: no}
		k.Value = before
		return s.takeMetadata(ctx, k, nil, bad)
	} else if err != nil {
		return next, err
	}
	return next, s.tellMetadata(ctx, k, audit.MetadataChanged, changes, "")
}

// follow takes over what metadata says: its URLs, and its certificates as next ones.
func (v *connection) follow(idp *saml.IdP, now time.Time) {
	idp = v.wanted(idp)
	all := v.slots()
	listed := func(h held) bool { return slices.ContainsFunc(idp.Certificates, h.cert.Equal) }
	all = slices.DeleteFunc(all, func(h held) bool { return h.State == SlotNext && h.Listed && !h.Used && !listed(h) })
	for _, c := range idp.Certificates {
		if find(all, c) < 0 {
			all = append(all, held{c, slot{State: SlotNext, Since: now, Listed: true}})
		}
	}
	v.IdP = idp
	v.hold(all)
	v.withdraw(listed, now)
}

// currentFirst is idp with the certificate first that is the current one already: metadata
// lists them in any order.
func (v connection) currentFirst(idp *saml.IdP) *saml.IdP {
	next := *idp
	next.Certificates = slices.Clone(idp.Certificates)
	for _, h := range v.slots() {
		if i := slices.IndexFunc(next.Certificates, h.cert.Equal); i > 0 && h.State == SlotCurrent {
			next.Certificates[0], next.Certificates[i] = next.Certificates[i], next.Certificates[0]
		}
	}
	return &next
}

// tellMetadata writes the connection with the event and the notice of what came of its
// metadata.
func (s *Service) tellMetadata(ctx context.Context, k kept[connection], what audit.Type, changes []audit.Change, failure string) error {
	return s.change(ctx, func(c *change) error {
		if err := connections.put(ctx, c, k); err != nil {
			return err
		}
		e := bySystem(what, thing(audit.KindConnection, k.ID, k.Value.Name))
		e.Changes = changes
		fields := "none"
		if what == audit.MetadataFailed {
			e.Outcome = audit.Failed
			e.Facts = []audit.Fact{count("failures", k.Value.Follow.Kept.Failures), fact("failure", oneLine(failure, mostOfValue))}
		} else {
			fields = fieldsOf(changes)
		}
		if err := c.record(ctx, k.OrgID, e); err != nil {
			return err
		}
		m := message{template: TemplateMetadataChanged, orgID: k.OrgID, values: map[string]string{
			"connection": k.Value.Name, "url": k.Value.Follow.URL, "fields": fields,
		}}
		if what == audit.MetadataFailed {
			m.template = TemplateMetadataFailed
			m.values = map[string]string{"connection": k.Value.Name, "url": k.Value.Follow.URL, "failure": failure}
			if f := k.Value.Follow; f.over(c.now) {
				m.template = TemplateMetadataExpired
				m.values["until"], m.values["effect"] = noticeTime(f.validUntil()), f.effect()
			}
		}
		return s.notifyAdmins(ctx, c, m)
	})
}
