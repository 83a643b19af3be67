package flowtest

import (
	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/internal/policytable"
)

// kind is who somebody of a table is. O has example.com; T, which has its sign-on from O, has
// example.net, which rests.
type kind struct {
	domain   string
	role     policy.Role // in the org that is wanted
	chief    policy.Role // in O, where T is wanted
	disabled bool
	invited  policy.Role
	none     bool // has no account
}

// administers is of the role that they have in the org that is wanted, or are invited to.
func (k kind) administers() bool { return k.role.Administers() || k.invited.Administers() }

const (
	onD    = "example.com"
	onE    = "example.net"
	onNone = "example.org"
)

var kinds = map[policytable.Who]kind{
	policytable.Member:        {domain: onD, role: policy.Member},
	policytable.Owner:         {domain: onD, role: policy.Owner},
	policytable.Admin:         {domain: onD, role: policy.Admin},
	policytable.External:      {domain: onNone, role: policy.Member},
	policytable.ExternalOwner: {domain: onNone, role: policy.Owner},
	policytable.Account:       {domain: onD},
	policytable.Nobody:        {domain: onD, none: true},
	policytable.Off:           {domain: onNone},

	policytable.DisabledMember:   {domain: onD, role: policy.Member, disabled: true},
	policytable.DisabledOwner:    {domain: onD, role: policy.Owner, disabled: true},
	policytable.DisabledExternal: {domain: onNone, role: policy.Member, disabled: true},
	policytable.InvitedMember:    {domain: onD, invited: policy.Member},
	policytable.InvitedBilling:   {domain: onD, invited: policy.Billing},
	policytable.InvitedAdmin:     {domain: onD, invited: policy.Admin},
	policytable.InvitedOwner:     {domain: onD, invited: policy.Owner},
	policytable.InvitedNobody:    {domain: onD, invited: policy.Member, none: true},
	policytable.InvitedOff:       {domain: onNone, invited: policy.Member},
	policytable.InvitedOffOwner:  {domain: onNone, invited: policy.Owner},

	policytable.LinkedMember:    {domain: onD, role: policy.Member},
	policytable.LinkedBoth:      {domain: onD, role: policy.Owner, chief: policy.Member},
	policytable.LinkedOwner:     {domain: onD, role: policy.Owner},
	policytable.LinkedChief:     {domain: onD, role: policy.Member, chief: policy.Owner},
	policytable.LinkedDisabled:  {domain: onD, role: policy.Owner, disabled: true},
	policytable.LinkedExternal:  {domain: onNone, role: policy.Member},
	policytable.LinkedAccount:   {domain: onD},
	policytable.LinkedInvited:   {domain: onD, invited: policy.Member},
	policytable.LinkedOwnMember: {domain: onE, role: policy.Member},
	policytable.LinkedOwnOwner:  {domain: onE, role: policy.Owner},
	policytable.LinkedOwnOther:  {domain: onE},
}

// comer is somebody on their way in.
type comer struct {
	attempt
	*browser
	address string
	id      string // "" has no account
	h       *holder
	fields  []string // that every form has
	token   string   // of the link that was mailed
	to      string   // where the identity provider waits
}

// person makes somebody who is all that the attempt says of them.
func (m *ways) person(n int, a attempt) *comer {
	w, k := m.w, kinds[a.row.Who]
	w.t.Helper()
	p := &comer{attempt: a, browser: w.browser(), address: addressIn(n, a)}
	if m.wanted != m.o {
		p.fields = []string{"org", m.wanted.owner.OrgID}
	}
	if !k.none {
		m.account(p, k)
	}
	if a.how == policytable.Google {
		m.g.Set(accesssec.OpenIDClaims{Subject: p.address, Address: p.address, Verified: true})
		m.g.links(p.address, p.address, p.h)
	}
	if p.remembered() {
		m.remembers(p)
	}
	if k.disabled {
		w.must(m.wanted.admin().DisableMember(w.ctx, p.id))
	}
	if k.invited != "" {
		_, token := m.wanted.invite(m.g.p, p.address, k.invited)
		p.fields = append(p.fields, "invitation", token)
	}
	m.clear(p)
	return p
}

func (m *ways) account(p *comer, k kind) {
	w := m.w
	w.t.Helper()
	if k.role != "" {
		m.wanted.add(k.role, p.address)
	} else {
		m.other.add(policy.Member, p.address)
	}
	if k.chief != "" {
		m.o.add(k.chief, p.address)
	}
	u, _ := w.user(p.address)
	if p.id = u.ID; k.role == "" {
		w.must(m.other.admin().RemoveMember(w.ctx, p.id))
	}
	if p.factor != policytable.FactorNone {
		p.h = w.holder(p.address)
	}
}

// remembers has the browser remembered on the way into the org.
func (m *ways) remembers(p *comer) {
	w := m.w
	w.t.Helper()
	p.submit("password", append(p.fields, "address", p.address, "password", right)...)
	p.submit("code", append(p.fields, "code", p.h.next(), "remember", "1")...)
	if n := len(w.docsOf("device", p.id)); n != 1 {
		w.t.Fatalf("%s: %d browsers are remembered", p, n)
	}
}
