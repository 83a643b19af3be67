package accesssec

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// Settings are the switches of one org. The zero value is an org with nothing on.
type Settings struct {
	// RequireSSO closes the password to members on the org's domains. Owners and
	// Admins may still use theirs.
	RequireSSO bool `json:"require_sso"`
	// IdPManaged sends everybody on the org's domains to SSO first, and makes members
	// of those whom the identity provider lets in. With RequireSSO it closes the
	// password to all of them.
	IdPManaged bool `json:"idp_managed"`
	// BlockExternal, with RequireSSO, keeps out members whose address is on none of
	// the org's domains.
	BlockExternal bool `json:"block_external"`
	// SessionIdle ends a session that nobody uses, SessionEnd every session; they
	// hold for sessions made from then on. 0: 24 hours and 14 days; at most 30 days.
	SessionIdle time.Duration `json:"session_idle"`
	SessionEnd  time.Duration `json:"session_end"`

	// Methods are the ways by which members come in besides SSO: some of policy.Password,
	// policy.Link and policy.Google. Empty: all that the host offers. Owners and Admins may
	// use a password all the same.
	Methods []policy.Method `json:"methods,omitempty"`
	// RequireFactor asks every member for a second factor, at each sign-in but those by SSO. It
	// can't be switched on while SSO is active, and is off from when SSO is switched on. Who has
	// none comes in once more without, or until FactorFrom where that is set, and then sets one
	// up before anything else. Switched off, the factors that people have stay theirs, and are
	// asked.
	RequireFactor bool      `json:"require_factor,omitempty"`
	FactorFrom    time.Time `json:"factor_from,omitzero"`
	// RememberDevices is for how long a browser stands in for the code of a second factor, when
	// the person has asked for that: at most 30 days. 0: never.
	RememberDevices time.Duration `json:"remember_devices,omitempty"`

	// SSOFrom is the org that this one has its sign-on from; zero: itself. Then the three
	// switches rest, and that org's hold in their place: see [Admin.LinkTo]. Preview and
	// Apply do not look at it.
	SSOFrom OrgChoice `json:"-"`
	// Version is the one that was read; Preview and Apply refuse another.
	Version int64 `json:"-"`
}

const longestSession = 30 * 24 * time.Hour

func defaultSettings() Settings { return Settings{}.withDefaults() }

func (s Settings) withDefaults() Settings {
	if s.SessionIdle <= 0 {
		s.SessionIdle = 24 * time.Hour
	}
	if s.SessionEnd <= 0 {
		s.SessionEnd = 14 * 24 * time.Hour
	}
	return s
}

// access is what Org.Access holds: the switches, and the state of the org's sign-on,
// so that one read of the org gives the policy all it asks of it.
type access struct {
	Settings
	SSO        policy.SSOState `json:"sso,omitempty"`       // "": off
	FactorOn   time.Time       `json:"factor_on,omitzero"`  // when RequireFactor was switched on
	DevicesOn  time.Time       `json:"devices_on,omitzero"` // when RememberDevices was: what is older is forgotten
	Connection string          `json:"connection,omitempty"`
}

func readAccess(o store.Org) (access, error) {
	var a access
	if len(o.Access) > 0 {
		if err := json.Unmarshal(o.Access, &a); err != nil {
			return a, fmt.Errorf("accesssec: stored settings of %s: %w", o.ID, err)
		}
	}
	if a.SSO == "" {
		a.SSO = policy.SSOOff
	}
	a.Settings = a.Settings.withDefaults()
	a.Version = o.Version
	return a, nil
}

// accessOf is an org and what its record says of its access.
func accessOf(ctx context.Context, r store.Reader, orgID string) (store.Org, access, error) {
	org, err := r.Org(ctx, orgID)
	if err != nil {
		return org, access{}, err
	}
	acc, err := readAccess(org)
	return org, acc, err
}

func (a access) write(o *store.Org) (err error) {
	o.Access, err = json.Marshal(a)
	return err
}

// apply has p go by what an org decides for itself, also when another governs it.
func (a access) apply(p *policy.Org) {
	p.Methods, p.RequireFactor, p.Devices = a.Methods, a.RequireFactor, a.RememberDevices > 0
}

func (a access) policy(id, name string) policy.Org {
	return policy.Org{
		ID: id, Name: name, SSO: a.SSO, Connection: a.Connection,
		RequireSSO: a.RequireSSO, IdPManaged: a.IdPManaged, BlockExternal: a.BlockExternal,
	}
}

// Preview is what a change of settings would do, to the members of the org and of those that
// have their sign-on from it: Member.OrgID says whose they are. Its Hash is what Apply wants:
// who confirms a preview confirms that one and no other.
type Preview struct {
	Hash      string
	Lose      []Member // who could sign in with a password and no longer could; the first hundred
	LoseCount int
	Bypass    []Member // Owners and Admins whose password is open by that alone from then on; the first hundred
	Refused   []Finding
	// Factorless, with RequireFactor switched on, are members who have no second factor, and
	// have to set one up: the first hundred, and how many.
	Factorless      []Member
	FactorlessCount int
}

// Finding is something in the way, and what would mend it. The codes are not_entitled
// (the plan lacks what would be switched on; Text names it), shared (the org has its sign-on
// from another one, see [Admin.LinkTo]), sso_inactive, sso_active, no_domain, session_times,
// methods, factor_from and remember_devices.
type Finding struct{ Code, Text, Fix string }

// refusal is what Apply answers when this is in the way. The plan and a link have codes of
// their own, since what would mend it is not among the settings.
func (f Finding) refusal() *Refusal {
	switch code := Code(f.Code); code {
	case CodeNotEntitled, CodeShared:
		return refuse(code, f.Text)
	}
	return refuse(CodeSettings, f.Text)
}

// Settings reads the switches.
func (a *Admin) Settings(ctx context.Context) (Settings, error) {
	if err := a.allowed(ctx); err != nil {
		return Settings{}, err
	}
	org, acc, err := accessOf(ctx, a.s.store, a.p.OrgID)
	if err == nil && org.SSOFrom != "" {
		acc.SSOFrom, err = choice(ctx, a.s.store, org.SSOFrom)
	}
	return acc.Settings, err
}

// Preview says what next would do, and changes nothing.
func (a *Admin) Preview(ctx context.Context, next Settings) (Preview, error) {
	if err := a.allowed(ctx); err != nil {
		return Preview{}, err
	}
	plan, err := a.planFor(ctx, next, asIs)
	if err != nil {
		return Preview{}, err
	}
	c, err := a.consider(ctx, a.s.store, next, plan)
	if err != nil {
		return Preview{}, err
	}
	if c.next.RequireFactor && !c.old.RequireFactor {
		err = c.countFactorless(ctx, a.s.store)
	}
	return c.Preview, err
}

// Apply makes next the settings, if a preview made now has the hash of the one that
// was confirmed. It asks for the password again ([Me.Prove]). Members who lose their
// password way in lose the sessions that came of it, in the same transaction; people
// of the org's domains who are no members of it lose the way in, and their own
// account's sessions end by their own clock.
//
// What next switches on must be in the org's plan (Options.Entitled): CodeNotEntitled
// if not. The host is asked before the transaction, and only about what was off.
func (a *Admin) Apply(ctx context.Context, next Settings, previewed string) error {
	plan, err := a.planFor(ctx, next, proven)
	if err != nil {
		return err
	}
	return a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, proven)
		if err != nil {
			return err
		}
		done, err := a.consider(ctx, c, next, plan)
		if err != nil {
			return err
		}
		e := by.by(audit.SettingsChanged, thing(audit.KindOrg, done.org.ID, done.org.Name))
		e.Changes = changed(done.old, done.next)
		if len(done.Refused) > 0 {
			e.Type = audit.ChangeRefused
			return done.Refused[0].refusal().inOrg(a.p.OrgID, e)
		}
		if done.Hash != previewed {
			e.Type = audit.ChangeRefused
			return refuse(CodePreviewStale, "").inOrg(a.p.OrgID, e)
		}
		if err := done.date(c.now); err != nil {
			return err
		}
		ended, err := c.endAll(ctx, done.ends, nil)
		if err != nil {
			return err
		}
		off, err := c.endOff(ctx, done.org.ID, done.next.Methods)
		if err != nil {
			return err
		}
		ended += off
		if err := c.UpdateOrg(ctx, done.org); err != nil {
			return stale(err)
		}
		e.Facts = []audit.Fact{count("people_without_password", done.LoseCount), count("sessions_ended", ended)}
		return a.announce(ctx, c, by, e)
	})
}

// considered is a preview and what carrying it out would write.
type considered struct {
	Preview
	org       store.Org
	wanted    access
	old, next Settings
	ends      []ending
	lost      map[string]bool // by person: who is in several orgs of one sign-on is one
}

// count counts a person who loses, and reports whether they had not been counted.
func (c *considered) count(m store.Member) bool {
	if c.lost[m.UserID] {
		return false
	}
	if c.lost == nil {
		c.lost = map[string]bool{}
	}
	c.lost[m.UserID] = true
	c.LoseCount++
	return true
}

// consider works out what next would do. The same lines run for the preview and, in
// the transaction, for the change.
func (a *Admin) consider(ctx context.Context, r store.Reader, next Settings, plan plan) (considered, error) {
	var out considered
	org, old, err := accessOf(ctx, r, a.p.OrgID)
	if err != nil {
		return out, err
	}
	if next.Version != org.Version {
		return out, refuse(CodePreviewStale, "the settings were changed since they were read")
	}
	next = next.withDefaults().tidy()
	next.Version, next.SSOFrom = org.Version, OrgChoice{}
	wanted := old
	wanted.Settings = next
	out.org, out.old, out.next, out.wanted = org, old.Settings, next, wanted
	if err := wanted.write(&out.org); err != nil {
		return out, err
	}
	var before *scene
	if org.SSOFrom == "" { // else nothing of it has an effect
		if before, err = sceneOf(ctx, r, org.ID); err != nil {
			return out, err
		}
	}
	if out.Refused, err = plan.findings(switchedOn(old.Settings, next)); err != nil {
		return out, err
	}
	out.Refused = append(out.Refused, findings(org, old, next, before)...)
	more, err := a.waysFindings(ctx, r, org, old.Settings, next)
	if err != nil {
		return out, err
	}
	out.Refused = append(out.Refused, more...)

	sum := sha256.New()
	fmt.Fprintf(sum, "accesssec preview v1\n%s %d\n%s\n", org.ID, org.Version, out.org.Access)
	for _, f := range out.Refused {
		fmt.Fprintf(sum, "refused %s %q\n", f.Code, f.Text)
	}
	if before != nil {
		err = out.weighAll(ctx, r, sum, before, wanted)
	}
	out.Hash = hexOf(sum.Sum(nil))
	return out, err
}

// weighAll asks about the members of the org, and of those that have their sign-on from it.
func (c *considered) weighAll(ctx context.Context, r store.Reader, sum hash.Hash, before *scene, wanted access) error {
	after := before.next().ruled(wanted)
	return before.each(ctx, r, func(m store.Member) error {
		was, err := before.input(ctx, r, m)
		if err != nil {
			return err
		}
		will, err := after.input(ctx, r, m)
		if err == nil {
			c.weigh(sum, was, will, m)
		}
		return err
	})
}

// weigh is what the policy says about one member, before and after.
func (c *considered) weigh(sum hash.Hash, before, after policy.Input, m store.Member) {
	c.ends = append(c.ends, closing(m, before, after)...)
	was, will := policy.Decide(before), policy.Decide(after)
	switch {
	case was.Allow && !will.Allow:
		fmt.Fprintf(sum, "lose %s %s\n", m.OrgID, m.UserID)
		if c.count(m) {
			c.Lose = firstHundred(c.Lose, m)
		}
	case will.Bypass && !was.Bypass:
		fmt.Fprintf(sum, "bypass %s %s\n", m.OrgID, m.UserID)
		c.Bypass = firstHundred(c.Bypass, m)
	}
}

// findings is what stands in the way of next. What is on already may stay on, whatever
// became of the domain since, or nothing else could be changed meanwhile.
func findings(org store.Org, old access, next Settings, around *scene) []Finding {
	var out []Finding
	was := old.Settings
	if org.SSOFrom != "" && (next.RequireSSO != was.RequireSSO || next.IdPManaged != was.IdPManaged || next.BlockExternal != was.BlockExternal) {
		return []Finding{{string(CodeShared), "The organization has its sign-on from another one, and its own rules about it rest.", texts[CodeShared].fix}}
	}
	if next.RequireSSO && !was.RequireSSO || next.IdPManaged && !was.IdPManaged {
		if old.SSO != policy.SSOActive {
			out = append(out, Finding{"sso_inactive", "Single sign-on is not active.", "Configure the connection and switch it on."})
		}
		if !around.proven(org.ID) {
			out = append(out, Finding{"no_domain", "No domain is verified.", "Claim and verify the domain of your people's addresses."})
		}
	}
	if next.SessionIdle < 5*time.Minute || next.SessionEnd < 15*time.Minute ||
		next.SessionIdle > longestSession || next.SessionEnd > longestSession {
		out = append(out, Finding{"session_times", "The session times are out of bounds.", "Idle from 5 minutes, end from 15 minutes, both at most 30 days."})
	}
	return out
}

func eachMember(ctx context.Context, r store.Reader, orgID string, fn func(store.Member) error) error {
	return eachThousand(ctx, r, orgID, func(members []store.Member) error {
		for _, m := range members {
			if err := fn(m); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachThousand is eachMember for what is asked of many at once.
func eachThousand(ctx context.Context, r store.Reader, orgID string, fn func([]store.Member) error) error {
	q := store.MembershipQuery{Paging: store.Paging{Limit: 1000}}
	for {
		page, err := r.Memberships(ctx, orgID, q)
		if err != nil {
			return err
		}
		if err := fn(page.Items); err != nil {
			return err
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

func firstHundred(list []Member, m store.Member) []Member {
	if len(list) < 100 {
		list = append(list, memberOf(m))
	}
	return list
}

// stale tells a lost race from a fault.
func stale(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return refuse(CodeConflict, "")
	}
	return err
}
