package accesssec

import (
	"context"
	"maps"
	"slices"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// scene is all that decides how the members of some orgs sign in: the orgs' rules, who has
// its sign-on from whom, and their claims. It is loaded as things are, and changed to what
// they would be, so that a preview and the change that follows ask the same lines. Within it
// nothing is asked twice. One goroutine uses it.
type scene struct {
	orgs   map[string]*policy.Org
	order  []string               // of orgs: who governs comes before whom it governs
	claims map[string][]claimSeen // by name: those of orgs that count for somebody

	roles   map[string]map[string]policy.Role // in each org, by person; empty for one org by itself
	formers map[string]map[string]bool        // the names that an org has lost; the same
	found   map[string]coverage               // by the domain of an address
}

// claimSeen is a claim, and whether it is for the domains below as well.
type claimSeen struct {
	store.Domain
	subdomains bool
}

// coverage is which claims of the scene cover an address, and which claim counts for it.
type coverage struct {
	mine  []store.Domain
	claim store.Domain // may be of an org that is not in the scene, or of none
}

// sharing is the orgs that have one sign-on with that one: who governs, and all whom it
// governs. An org by itself is one of one.
func sharing(ctx context.Context, r store.Reader, orgID string) ([]store.Org, error) {
	org, err := r.Org(ctx, orgID)
	if err != nil {
		return nil, err
	}
	if org.SSOFrom != "" {
		if org, err = r.Org(ctx, org.SSOFrom); err != nil {
			return nil, err
		}
	}
	out := []store.Org{org}
	q := store.OrgQuery{SSOFrom: org.ID, Paging: store.Paging{Limit: 1000}}
	for {
		page, err := r.Orgs(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Items...)
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// sceneOf loads the scene around one org.
func sceneOf(ctx context.Context, r store.Reader, orgID string) (*scene, error) {
	orgs, err := sharing(ctx, r, orgID)
	if err != nil {
		return nil, err
	}
	sc := newScene()
	return sc, sc.load(ctx, r, orgs)
}

func newScene() *scene {
	return &scene{
		orgs: map[string]*policy.Org{}, claims: map[string][]claimSeen{}, found: map[string]coverage{},
		roles: map[string]map[string]policy.Role{}, formers: map[string]map[string]bool{},
	}
}

// load adds the orgs of one sign-on, of which the first governs.
func (sc *scene) load(ctx context.Context, r store.Reader, orgs []store.Org) error {
	rules, err := readAccess(orgs[0])
	if err != nil {
		return err
	}
	for _, o := range orgs {
		own, err := readAccess(o)
		if err != nil {
			return err
		}
		p := rules.policy(o.ID, o.Name)
		p.GovernedBy = o.SSOFrom
		own.apply(&p)
		sc.orgs[o.ID], sc.order = &p, append(sc.order, o.ID)
		err = eachDomain(ctx, r, o.ID, func(rec store.Domain) error {
			if domainState(rec.Status) == policy.DomainUnclaimed {
				return nil
			}
			d, err := domainOf(rec)
			sc.claims[rec.Name] = append(sc.claims[rec.Name], claimSeen{rec, d.Subdomains})
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(sc.orgs) == 1 {
		return nil // whoever is asked about is asked about as a member of this very org
	}
	return sc.know(ctx, r)
}

// know loads what matters where one org's claim decides about another's member.
func (sc *scene) know(ctx context.Context, r store.Reader) error {
	for _, orgID := range sc.order {
		if sc.formers[orgID] == nil {
			names, err := lostNames(ctx, r, orgID)
			if err != nil {
				return err
			}
			sc.formers[orgID] = names
		}
		if sc.roles[orgID] != nil {
			continue
		}
		roles := map[string]policy.Role{}
		err := eachMember(ctx, r, orgID, func(m store.Member) error {
			roles[m.UserID], _ = roleOf(m.Membership)
			return nil
		})
		if err != nil {
			return err
		}
		sc.roles[orgID] = roles
	}
	return nil
}

func lostNames(ctx context.Context, r store.Reader, orgID string) (map[string]bool, error) {
	out := map[string]bool{}
	q := store.DocQuery{Paging: store.Paging{Limit: 1000}}
	for {
		page, err := formers.list(ctx, r, orgID, q)
		if err != nil {
			return nil, err
		}
		for _, k := range page.Items {
			out[k.ID] = true
		}
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// next is a scene to be changed, with all that is known of this one.
func (sc *scene) next() *scene {
	out := &scene{orgs: map[string]*policy.Org{}, order: slices.Clone(sc.order), claims: map[string][]claimSeen{}, roles: sc.roles, found: map[string]coverage{}}
	for id, o := range sc.orgs {
		p := *o
		out.orgs[id] = &p
	}
	for name, claims := range sc.claims {
		out.claims[name] = slices.Clone(claims)
	}
	out.formers = map[string]map[string]bool{}
	for id, names := range sc.formers {
		out.formers[id] = maps.Clone(names)
	}
	return out
}

// ruled has all orgs live by those rules, but for what each decides for itself.
func (sc *scene) ruled(acc access) *scene {
	for id, o := range sc.orgs {
		p := acc.policy(id, o.Name)
		p.GovernedBy = o.GovernedBy
		p.Methods, p.RequireFactor, p.Devices = o.Methods, o.RequireFactor, o.Devices
		if id == sc.order[0] {
			acc.apply(&p)
		}
		sc.orgs[id] = &p
	}
	return sc
}

// without takes away the org's claim on that name.
func (sc *scene) without(orgID, name string) *scene {
	sc.claims[name] = slices.DeleteFunc(sc.claims[name], func(cl claimSeen) bool { return cl.OrgID == orgID })
	return sc
}

// moved hands a claim over; what the receiver had on that name itself goes.
func (sc *scene) moved(d store.Domain, to string) *scene {
	sc.without(to, d.Name)
	for i := range sc.claims[d.Name] {
		if cl := &sc.claims[d.Name][i]; cl.OrgID == d.OrgID && cl.ID == d.ID {
			cl.OrgID = to
		}
	}
	return sc
}

// each goes through the members of all orgs, those of who governs first.
func (sc *scene) each(ctx context.Context, r store.Reader, fn func(store.Member) error) error {
	for _, orgID := range sc.order {
		if err := eachMember(ctx, r, orgID, fn); err != nil {
			return err
		}
	}
	return nil
}

// input asks whether m could sign in to their org with a password. What an org outside of
// the scene has to say, should it own the domain by now, is left out: a change here makes no
// difference to it.
func (sc *scene) input(ctx context.Context, r store.Reader, m store.Member) (policy.Input, error) {
	target := sc.orgs[m.OrgID]
	in := policy.Input{
		Target:  target,
		Person:  policy.Person{Address: m.User.Address, Known: true, Disabled: m.User.Disabled},
		Attempt: policy.Attempt{Method: policy.Password},
	}
	in.Person.Role, in.Person.Suspended = roleOf(m.Membership)
	a, err := domainclaim.ParseAddress(m.User.Address)
	if err != nil {
		return in, nil
	}
	in.Domain = a.Domain()
	cov, err := sc.over(ctx, r, a)
	if err != nil {
		return in, err
	}
	in.OnTarget = slices.ContainsFunc(cov.mine, func(d store.Domain) bool { return d.OrgID == target.ID || d.OrgID == target.GovernedBy })
	owner := sc.orgs[cov.claim.OrgID]
	if owner == nil {
		return in, nil
	}
	if in.Owner, in.State = owner, domainState(cov.claim.Status); owner.GovernedBy != "" {
		in.State = policy.DomainSuspended
	}
	if owner.ID == target.ID {
		in.Person.OwnerRole = in.Person.Role
		return in, nil
	}
	in.Person.OwnerRole = sc.roles[owner.ID][m.UserID]
	in.Person.Governed = in.Person.OwnerRole == "" && sc.governs(owner.ID, m.UserID)
	if owner.ID != target.GovernedBy {
		in.Former = slices.ContainsFunc(a.Candidates(), func(name string) bool {
			return sc.formers[target.ID][name] || sc.formers[target.GovernedBy][name]
		})
	}
	return in, nil
}

// governs reports whether the person is in an org that has its sign-on from that one, as
// facts.governed does.
func (sc *scene) governs(orgID, userID string) bool {
	if o := sc.orgs[orgID]; o.SSO != policy.SSOActive || !o.RequireSSO || o.IdPManaged {
		return false
	}
	return slices.ContainsFunc(sc.order, func(id string) bool {
		return sc.orgs[id].GovernedBy == orgID && sc.roles[id][userID] != ""
	})
}

// over is which claims cover an address, chosen as covering and whose choose them.
func (sc *scene) over(ctx context.Context, r store.Reader, a domainclaim.Address) (coverage, error) {
	if c, ok := sc.found[a.Domain()]; ok {
		return c, nil
	}
	var c coverage
	for i, name := range a.Candidates() {
		for _, cl := range sc.claims[name] {
			if i == 0 || cl.subdomains {
				c.mine = append(c.mine, cl.Domain)
			}
		}
	}
	c.claim = whose(c.mine)
	if c.claim.ID != "" && !(c.claim.Name == a.Domain() && holds(c.claim)) {
		others, err := covering(ctx, r, a.Candidates())
		if err != nil {
			return c, err
		}
		others = slices.DeleteFunc(others, func(d store.Domain) bool { return sc.orgs[d.OrgID] != nil })
		all := slices.Concat(c.mine, others)
		order := a.Candidates()
		slices.SortStableFunc(all, func(x, y store.Domain) int { return slices.Index(order, x.Name) - slices.Index(order, y.Name) })
		c.claim = whose(all)
	}
	sc.found[a.Domain()] = c
	return c, nil
}

// roleOf is a member's role; that of one who is disabled counts for no more than a Member's.
func roleOf(m store.Membership) (role policy.Role, disabled bool) {
	if m.Disabled {
		return policy.Member, true
	}
	return policy.Role(m.Role), false
}

// vouchedIn is the same question for who comes by the single sign-on of their domain.
func vouchedIn(in policy.Input) policy.Input {
	in.Attempt = policy.Attempt{Method: policy.SSO}
	if in.Owner != nil {
		in.Attempt.Connection = in.Owner.Connection
	}
	return in
}

// proven reports whether the org has a claim that holds its name.
func (sc *scene) proven(orgID string) bool {
	for _, claims := range sc.claims {
		for _, cl := range claims {
			if cl.OrgID == orgID && holds(cl.Domain) {
				return true
			}
		}
	}
	return false
}
