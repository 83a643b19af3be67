package accesssec

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// mostCertificates is how many a connection may have.
const mostCertificates = 10

// AddCertificate adds what an identity provider is going to sign with, and is trusted from
// here on: the next certificate, until a login that it has verified makes it the current
// one. Nobody is signed out. On an active connection it asks for the password again
// ([Me.Prove]), since whoever has its key can speak for the org's people.
func (a *Admin) AddCertificate(ctx context.Context, id string, cert *x509.Certificate) (Connection, error) {
	return a.onCertificates(ctx, id, audit.CertificateAdded, func(c *change, k *kept[connection]) ([]*x509.Certificate, bool, error) {
		if cert == nil {
			return nil, false, refuse(CodeConfiguration, "there is no certificate")
		}
		all := k.Value.slots()
		if i := find(all, cert); i >= 0 && all[i].State != SlotRetired && all[i].Listed && !all[i].Added {
			all[i].Added = true // not by the word of the metadata alone any more
			k.Value.hold(all)
			return []*x509.Certificate{cert}, false, nil
		} else if i >= 0 && all[i].State != SlotRetired {
			return nil, false, refuse(CodeConfiguration, "the connection has this certificate already")
		} else if i >= 0 {
			all = slices.Delete(all, i, i+1)
		}
		if len(k.Value.counting(c.now)) >= mostCertificates {
			return nil, false, refuse(CodeConfiguration, "there are ten certificates, which is all a connection may have: remove one first")
		}
		k.Value.welcome(cert)
		k.Value.hold(append(all, held{cert, slot{State: SlotNext, Since: c.now, Added: true}}))
		k.Value.hold(k.Value.slots())
		return []*x509.Certificate{cert}, false, checkConfiguration(k.Value.IdP, &k.Value.Rules)
	})
}

// RemoveCertificate ends the trust in a certificate at once, by its fingerprint
// ([Certificate]), and with it in every other one on the same key. Metadata that is
// followed does not bring that key back: only a person does. When it was the current one
// the next takes its place; the last that is not retired can't be removed. What has
// verified a login was trusted to, so the sessions that came through the connection are
// over, but for the one that acts. It asks for the password again as AddCertificate does.
func (a *Admin) RemoveCertificate(ctx context.Context, id, fingerprint string) (Connection, error) {
	return a.onCertificates(ctx, id, audit.CertificateRemoved, func(c *change, k *kept[connection]) ([]*x509.Certificate, bool, error) {
		return k.Value.remove(fingerprint, c.now)
	})
}

// remove says which certificates it were, and whether anybody came in by one.
func (v *connection) remove(print string, now time.Time) ([]*x509.Certificate, bool, error) {
	all := v.slots()
	i := slices.IndexFunc(all, func(h held) bool { return fingerprint(h.cert) == print })
	if i < 0 {
		return nil, false, refuse(CodeNotFound, "")
	}
	key := keyPrint(all[i].cert)
	var gone []*x509.Certificate
	var left []held
	used := false
	for _, h := range all {
		if keyPrint(h.cert) != key {
			left = append(left, h)
			continue
		}
		gone = append(gone, h.cert)
		used = used || h.Used || h.State != SlotNext
	}
	if len(standing(left)) == 0 {
		return nil, false, refuse(CodeConfiguration, "it is the only certificate: add the new one first")
	}
	v.hold(left)
	v.seat(now)
	v.drop(key)
	return gone, used, nil
}

// onCertificates changes the certificates of a connection by fn, which says which ones it
// was about, and whether sessions are to end with it.
func (a *Admin) onCertificates(ctx context.Context, id string, event audit.Type, fn func(*change, *kept[connection]) ([]*x509.Certificate, bool, error)) (Connection, error) {
	var out Connection
	err := a.s.change(ctx, func(c *change) error {
		by, k, acc, err := a.onTrust(ctx, c, id)
		if err != nil {
			return err
		}
		if k.Value.IdP == nil {
			return refuse(CodeConfiguration, "the identity provider is not configured")
		}
		certs, ends, err := fn(c, &k)
		if err != nil {
			return err
		}
		if err := connections.put(ctx, c, k); err != nil {
			return stale(err)
		}
		e := by.by(event, thing(audit.KindConnection, id, k.Value.Name))
		for _, cert := range certs {
			e.Facts = append(e.Facts, fact("certificate", fingerprint(cert)))
		}
		if ends {
			if err := a.endThrough(ctx, c, id, &e); err != nil {
				return err
			}
		}
		k.Version++
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

// noteUse notes in the login's transaction which certificate has verified it.
func (s *Service) noteUse(ctx context.Context, c *change, k kept[connection], print string) error {
	came := k.Value.used(print, c.now)
	if came == useNothing {
		return nil
	}
	if err := connections.put(ctx, c, k); err != nil {
		return err
	}
	e, template := bySystem(audit.CertificatePromoted, thing(audit.KindConnection, k.ID, k.Value.Name)), TemplateCertificatePromoted
	switch came {
	case useNoted:
		return nil
	case useStill:
		e.Type, template = audit.CertificateStillUsed, TemplateCertificateStillUsed
	}
	e.Facts = []audit.Fact{fact("certificate", print)}
	if err := c.record(ctx, k.OrgID, e); err != nil {
		return err
	}
	return s.notifyAdmins(ctx, c, message{template: template, orgID: k.OrgID, values: map[string]string{
		"connection": k.Value.Name, "certificate": print,
	}})
}

// lookAfterCertificates tells of certificates that are about to expire, and drops the
// retired ones whose week is over. It looks at connections that sign people in. What
// fails for one org keeps no other waiting.
func (s *Service) lookAfterCertificates(ctx context.Context, _ leased) (result, error) {
	return s.eachOrg(ctx, "certificates", s.lookAfter)
}

func (s *Service) lookAfter(ctx context.Context, org store.Org) (int, error) {
	acc, err := readAccess(org)
	if err != nil || acc.Connection == "" {
		return 0, err
	}
	k, err := connections.get(ctx, s.store, org.ID, acc.Connection)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	} else if err != nil || len(k.Value.due(s.now())) == 0 {
		return 0, err
	}
	err = s.change(ctx, func(c *change) error {
		k, err := connections.get(ctx, c, org.ID, acc.Connection)
		if err != nil {
			return err
		}
		due := k.Value.due(c.now)
		if len(due) == 0 {
			return errNothingDue
		}
		for _, d := range due {
			if err := s.settleCertificate(ctx, c, &k, d); err != nil {
				return err
			}
		}
		return connections.put(ctx, c, k)
	})
	if errors.Is(err, errNothingDue) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	return 1, nil
}

var errNothingDue = errors.New("accesssec: another instance has done it")

// dueCertificate is one that something has to be done about.
type dueCertificate struct {
	cert *x509.Certificate
	over bool // its week is over
	days int  // of which notice is to be given; -1 it has expired
}

// due are the certificates that a notice is due of, and those to be dropped.
func (v connection) due(now time.Time) []dueCertificate {
	var out []dueCertificate
	for _, h := range v.slots() {
		switch days := ends(h.cert, now); {
		case h.over(now):
			out = append(out, dueCertificate{h.cert, true, 0})
		case h.State != SlotRetired && days != 0 && (h.Told == 0 || days < h.Told):
			out = append(out, dueCertificate{h.cert, false, days})
		}
	}
	return out
}

// ends is the notice that fits the time left: the smallest of these numbers of days that
// it is within, -1 when it is over, 0 when there is time.
func ends(c *x509.Certificate, now time.Time) int {
	if state, _ := saml.CertificateState(c, now); state == saml.CertExpired {
		return -1
	}
	for _, days := range []int{1, 7, 14, 30, 60} {
		if c.NotAfter.Sub(now) <= time.Duration(days)*24*time.Hour {
			return days
		}
	}
	return 0
}

// settleCertificate does what is due about one certificate.
func (s *Service) settleCertificate(ctx context.Context, c *change, k *kept[connection], d dueCertificate) error {
	all := k.Value.slots()
	i, print := find(all, d.cert), fingerprint(d.cert)
	e := bySystem(audit.CertificateRemoved, thing(audit.KindConnection, k.ID, k.Value.Name))
	e.Facts = []audit.Fact{fact("certificate", print)}
	if d.over {
		k.Value.hold(slices.Delete(all, i, i+1))
		k.Value.drop(keyPrint(d.cert))
		e.Reason = string(SlotRetired)
		return c.record(ctx, k.OrgID, e)
	}
	all[i].Told = d.days
	k.Value.hold(all)
	_, left := saml.CertificateState(d.cert, c.now)
	e.Type = audit.CertificateExpiring
	e.Facts = append(e.Facts, fact("not_after", d.cert.NotAfter.UTC().Format(time.RFC3339)), count("days_left", left))
	if err := c.record(ctx, k.OrgID, e); err != nil {
		return err
	}
	relieved := slices.ContainsFunc(all, func(h held) bool {
		return h.State == SlotNext && h.cert.NotAfter.After(d.cert.NotAfter)
	})
	org, err := c.Org(ctx, k.OrgID)
	if err != nil {
		return err
	}
	what := advice(all[i].State, relieved)
	if org.SSOFrom != "" {
		what = "The organization has its sign-on from another one at the moment, so nobody is kept out by this. Before that ends the connection needs a certificate that lasts"
	}
	return s.notifyAdmins(ctx, c, message{template: TemplateCertificateExpiring, orgID: k.OrgID, values: map[string]string{
		"connection": k.Value.Name, "certificate": print, "ends": endsIn(d.days, left),
		"expires": noticeTime(d.cert.NotAfter), "advice": what,
	}})
}

func endsIn(notice, left int) string {
	switch {
	case notice < 0:
		return "has expired"
	case left < 1:
		return "expires within a day"
	case left == 1:
		return "expires in 1 day"
	}
	return "expires in " + strconv.Itoa(left) + " days"
}

func advice(state SlotState, relieved bool) string {
	switch {
	case relieved:
		return "The connection has another one that lasts longer. Have the identity provider sign with it: it takes over by itself"
	case state == SlotNext:
		return "It is not in use yet. Have the identity provider make another one, and add that to the connection"
	}
	return "Have the identity provider make a new one, and add it to the connection before the identity provider signs with it: the two overlap, and nobody is kept out"
}
