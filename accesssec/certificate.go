package accesssec

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// SlotState is what a certificate of an identity provider is to its connection. The
// strings are stable.
type SlotState string

// The states. A login that the next one has verified makes it the current one.
const (
	SlotCurrent SlotState = "current" // signs now
	SlotNext    SlotState = "next"    // is to sign, and is trusted already
	SlotRetired SlotState = "retired" // has signed, and is trusted for a week after its last login
)

// retiredFor is how long what was replaced is still good: an identity provider of several
// machines does not change all of them at once.
const retiredFor = 7 * 24 * time.Hour

// Certificate is one certificate by which a connection believes its identity provider.
type Certificate struct {
	X509        *x509.Certificate
	Fingerprint string // SHA-256, in hex
	State       SlotState
	Since       time.Time      // in that state; zero: not known
	Until       time.Time      // of a retired one: from then on it verifies nothing
	Dates       saml.CertState // what its own dates say
	DaysLeft    int            // of them, negative when it has expired
}

// slot is what is kept of a certificate beside it.
type slot struct {
	State  SlotState `json:"state"`
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero"`   // of a retired one
	Used   bool      `json:"used,omitempty"`   // has verified a login
	Listed bool      `json:"listed,omitempty"` // came from metadata that is followed
	Added  bool      `json:"added,omitempty"`  // given by a person, listed or not
	Gone   bool      `json:"gone,omitempty"`   // it was listed, and is not any more: its week is not renewed
	Still  bool      `json:"still,omitempty"`  // it was told that a retired one goes on to verify logins
	Told   int       `json:"told,omitempty"`   // the last notice of its end, in days; -1 that it came
}

// held is a certificate and its slot.
type held struct {
	cert *x509.Certificate
	slot
}

// slots are the certificates: the current one, the next ones, the retired ones. One that is kept without a slot comes from before there were any, or
// from an instance of that time: the first is the current one, the others are next.
func (v connection) slots() []held {
	if v.IdP == nil {
		return nil
	}
	var out []held
	current := slices.ContainsFunc(v.IdP.Certificates, func(c *x509.Certificate) bool {
		return v.Slots[fingerprint(c)].State == SlotCurrent
	})
	for _, c := range v.IdP.Certificates {
		s, known := v.Slots[fingerprint(c)]
		switch {
		case !known && !current:
			s.State, current = SlotCurrent, true
		case !known:
			s.State = SlotNext
		}
		out = append(out, held{c, s})
	}
	order := func(h held) int { return slices.Index([]SlotState{SlotCurrent, SlotNext, SlotRetired}, h.State) }
	slices.SortStableFunc(out, func(a, b held) int { return order(a) - order(b) })
	return out
}

// over reports whether its week has ended: then it is trusted no more, and waits to be
// dropped.
func (h held) over(now time.Time) bool { return h.State == SlotRetired && !now.Before(h.Until) }

// counting are the slots that are trusted at now.
func (v connection) counting(now time.Time) []held {
	return slices.DeleteFunc(v.slots(), func(h held) bool { return h.over(now) })
}

// hold writes certificates and slots down, in a copy of the identity provider.
func (v *connection) hold(all []held) {
	idp := *v.IdP
	idp.Certificates = make([]*x509.Certificate, len(all))
	v.Slots = map[string]slot{}
	for i, h := range all {
		idp.Certificates[i] = h.cert
		v.Slots[fingerprint(h.cert)] = h.slot
	}
	v.IdP = &idp
}

// trusted is the identity provider with the certificates that count at now.
func (v connection) trusted(now time.Time) *saml.IdP {
	return v.believing(v.vouched(v.counting(now), now), SlotCurrent, SlotNext, SlotRetired)
}

// believing is the identity provider with those of all that are in these states.
func (v connection) believing(all []held, states ...SlotState) *saml.IdP {
	if v.IdP == nil {
		return nil
	}
	idp := *v.IdP
	idp.Certificates = nil
	for _, h := range all {
		if slices.Contains(states, h.State) {
			idp.Certificates = append(idp.Certificates, h.cert)
		}
	}
	return &idp
}

// replace takes over what an Owner or Admin gave: the first is the current one, the others
// are next. What was retired stays so when the others are the same as before.
func (v *connection) replace(idp *saml.IdP, now time.Time) {
	before := v.slots()
	var all []held
	seen := map[string]bool{}
	for _, c := range idp.Certificates {
		if seen[fingerprint(c)] {
			continue
		}
		seen[fingerprint(c)] = true
		h := held{c, slot{State: SlotNext, Since: now, Added: v.Follow == nil}}
		if len(all) == 0 {
			h.State = SlotCurrent
		}
		if i := find(before, c); i >= 0 {
			h.Used, h.Told = before[i].Used, before[i].Told
			if before[i].State == h.State {
				h.Since = before[i].Since
			}
		}
		all = append(all, h)
	}
	if same(before, all) {
		for _, h := range before {
			if h.State == SlotRetired && !seen[fingerprint(h.cert)] {
				all = append(all, h)
			}
		}
	}
	v.IdP = idp
	v.hold(all)
}

// same reports whether both hold the same certificates but for the retired ones.
func same(a, b []held) bool {
	return slices.Equal(standing(a), standing(b))
}

// standing are the fingerprints of all but the retired ones, sorted.
func standing(all []held) []string {
	var out []string
	for _, h := range all {
		if h.State != SlotRetired {
			out = append(out, fingerprint(h.cert))
		}
	}
	slices.Sort(out)
	return out
}

func find(all []held, c *x509.Certificate) int {
	return slices.IndexFunc(all, func(h held) bool { return h.cert.Equal(c) })
}

// use is what a login by a certificate changes.
type use int

const (
	useNothing  use = iota
	useNoted        // to be kept, and nothing to be told
	usePromoted     // the next one is the current one
	useStill        // a retired one verifies logins, for the first time
)

// used notes that a certificate has verified a login. When it was the next one it becomes
// the current one, and what was current is retired; but one that has never signed is
// still to come, whatever the order in which it was listed, and is next again. One that is
// retired stays so, and its week begins anew: a login by another certificate does not keep
// those out whom the identity provider goes on to sign for. It is written once a day.
func (v *connection) used(print string, now time.Time) use {
	all := v.slots()
	i := slices.IndexFunc(all, func(h held) bool { return fingerprint(h.cert) == print })
	if i < 0 || all[i].over(now) {
		return useNothing
	}
	h, out := &all[i], useNoted
	switch {
	case h.State == SlotNext:
		out = usePromoted
		for j := range all {
			if all[j].State != SlotCurrent {
				continue
			}
			all[j].State, all[j].Since = SlotNext, now
			if all[j].Used {
				all[j].retire(now)
			}
		}
		h.State, h.Since = SlotCurrent, now
	case h.State == SlotRetired && !h.Gone && h.Until.Sub(now) <= retiredFor-24*time.Hour:
		h.Until = now.Add(retiredFor)
		if !h.Still {
			out, h.Still = useStill, true
		}
	case h.Used:
		return useNothing
	}
	h.Used = true
	v.hold(all)
	v.hold(v.slots()) // in order
	return out
}

// retire begins the week.
func (s *slot) retire(now time.Time) {
	s.State, s.Since, s.Until, s.Still = SlotRetired, now, now.Add(retiredFor), false
}

// withdraw retires what was listed in metadata and is not any more, when another key that
// may be used is: the identity provider has said so, and no login renews the week.
func (v *connection) withdraw(listed func(held) bool, now time.Time) {
	all := v.slots()
	another := slices.ContainsFunc(all, func(h held) bool { return h.State != SlotRetired && listed(h) })
	for i := range all {
		h := &all[i]
		switch {
		case listed(*h):
			h.Listed, h.Gone = true, false
		case another && h.Listed && h.Used:
			h.Gone = true
			if h.State != SlotRetired {
				h.retire(now)
			}
		}
	}
	// One that has never signed nobody will miss.
	v.hold(slices.DeleteFunc(all, func(h held) bool { return another && h.Listed && !h.Used && h.State == SlotCurrent && !listed(h) }))
	v.hold(v.slots())
	v.seat(now)
}

// certificates is what an Owner or Admin sees of them.
func (v connection) certificates(now time.Time) []Certificate {
	var out []Certificate
	for _, h := range v.counting(now) {
		c := Certificate{X509: h.cert, Fingerprint: fingerprint(h.cert), State: h.State, Since: h.Since, Until: h.Until}
		c.Dates, c.DaysLeft = saml.CertificateState(h.cert, now)
		out = append(out, c)
	}
	return out
}

// retired are the fingerprints of those that are, for the log.
func retired(v connection) string {
	var out []*x509.Certificate
	for _, h := range v.slots() {
		if h.State == SlotRetired {
			out = append(out, h.cert)
		}
	}
	return fingerprints(out)
}
