package accesssec

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// Access is what somebody may do on one project, or in the org itself, and where each right
// comes from. The zero value allows nothing.
//
// Rights only add up: what any source gives is given, and a source that is gone takes with it
// what no other gives.
type Access struct {
	OrgID, Project string // Project "": the org, and what holds on all of its projects
	OrgRole        policy.Role
	Role           policy.ProjectRole // the highest that is built in; "" none
	Sources        []Source           // the org role first, then the grants, oldest first

	allowed []policy.Action
}

// Source is one reason why somebody has a role.
type Source struct {
	Kind    SourceKind
	Role    string // a policy.ProjectRole, or the id of a custom role
	Grant   string // its id; "" with FromOrgRole
	Team    string // its id, with FromTeam
	Project string // that was granted on; "" the org, so that it holds on each project
	By      string // who granted it: a user's id, or what Grant.Source says
	Since   time.Time
	Expires time.Time // zero: never
}

// SourceKind is how a right comes to somebody.
type SourceKind string

// The kinds of [Source].
const (
	FromOrgRole  SourceKind = "org_role" // Owners and Admins of the org, on each project
	FromGrant    SourceKind = "grant"    // to the very person, or service account
	FromTeam     SourceKind = "team"
	FromEveryone SourceKind = "everyone" // to all members, whoever they are
)

// Can reports whether the action is allowed: on the project, or in the org for one of the
// org's.
func (a Access) Can(action policy.Action) bool {
	_, ok := slices.BinarySearch(a.allowed, action)
	return ok
}

// Actions lists all that is allowed, sorted. The slice is the caller's.
func (a Access) Actions() []policy.Action { return slices.Clone(a.allowed) }

// Access is what p may do on a project of its org; "" asks about the org itself. It is read
// from the store each time, so that what was granted or taken back a moment ago counts: the
// membership, the grants that reach the person, and, only where one of those is of a custom
// role, the org's roles. A person who is no member, or disabled, has none. Whether the session
// still stands is what Protect and Authenticate say.
func (s *Service) Access(ctx context.Context, p Principal, project string) (Access, error) {
	out := Access{OrgID: p.OrgID, Project: project}
	if !p.genuine() || p.OrgID == "" {
		return out, nil
	}
	return s.accessOf(ctx, s.store, p.OrgID, Subject{Kind: ToPerson, ID: p.UserID}, project)
}

// AccessOf is the Access of any one person or service account of an org. It is for a host
// that authenticates service accounts by itself.
func (s *Service) AccessOf(ctx context.Context, orgID string, of Subject, project string) (Access, error) {
	return s.accessOf(ctx, s.store, orgID, of, project)
}

func (s *Service) accessOf(ctx context.Context, r store.Reader, orgID string, of Subject, project string) (Access, error) {
	h, err := s.holdings(ctx, r, orgID, of, []string{"", project})
	if err != nil {
		return Access{}, err
	}
	return h.on(project), nil
}

// holdings is all that somebody has in an org, or on some of its projects.
type holdings struct {
	orgID   string
	role    policy.Role
	grants  []store.Grant // that have not expired
	custom  roleSet
	actions []policy.Permission // the host's own
	until   *time.Time          // counts what lasts as long as this, zero: for ever; nil: what holds now
}

// holdings reads it. Projects narrows to those; nil is all.
func (s *Service) holdings(ctx context.Context, r store.Reader, orgID string, of Subject, projects []string) (holdings, error) {
	h := holdings{orgID: orgID, actions: s.opts.Actions}
	q := store.GrantQuery{Projects: slices.Compact(projects), Paging: store.Paging{Limit: 1000}}
	switch of.Kind {
	case ToPerson:
		m, err := r.Membership(ctx, orgID, of.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && (m.Disabled || m.User.Disabled) {
			return h, nil
		} else if err != nil {
			return h, err
		}
		h.role, q.Person = policy.Role(m.Role), of.ID
	case ToServiceAccount:
		if of.ID == "" {
			return h, nil
		}
		q.Subjects = []string{of.ID}
	default:
		return h, errors.New("accesssec: access is what a person or a service account has")
	}
	now := s.now()
	for {
		page, err := r.Grants(ctx, orgID, q)
		if err != nil {
			return h, err
		}
		for _, g := range page.Items {
			if (q.Person != "" || g.SubjectKind == string(of.Kind)) && !expired(g, now) {
				h.grants = append(h.grants, g)
			}
		}
		if q.After = page.Next; q.After == "" {
			return h, h.loadCustom(ctx, r)
		}
	}
}

func expired(g store.Grant, now time.Time) bool {
	return !g.ExpiresAt.IsZero() && !now.Before(g.ExpiresAt)
}

// loadCustom reads the org's own roles, where one of them is held.
func (h *holdings) loadCustom(ctx context.Context, r store.Reader) error {
	for _, g := range h.grants {
		if !policy.ProjectRole(g.Role).Valid() {
			set, err := rolesOf(ctx, r, h.orgID)
			h.custom = set.Value
			return err
		}
	}
	return nil
}

// on is what of it holds on a project.
func (h holdings) on(project string) Access {
	a := Access{OrgID: h.orgID, Project: project, OrgRole: h.role}
	if r := h.role.OnProjects(); r != "" {
		a.Sources = append(a.Sources, Source{Kind: FromOrgRole, Role: string(r)})
	}
	for _, g := range h.grants {
		if (g.Project == "" || g.Project == project) && h.lasts(g) {
			a.Sources = append(a.Sources, sourceOf(g))
		}
	}
	a.allowed = h.role.Actions()
	for _, src := range a.Sources {
		if r := policy.ProjectRole(src.Role); r.Valid() && (a.Role == "" || r.AtLeast(a.Role)) {
			a.Role = r
		}
		a.allowed = append(a.allowed, h.custom.allowedBy(src.Role, h.actions)...)
	}
	slices.Sort(a.allowed)
	a.allowed = slices.Compact(a.allowed)
	return a
}

func sourceOf(g store.Grant) Source {
	src := Source{Kind: FromGrant, Role: g.Role, Grant: g.ID, Project: g.Project, By: g.GrantedBy, Since: g.CreatedAt, Expires: g.ExpiresAt}
	switch g.SubjectKind {
	case store.SubjectGroup:
		src.Kind, src.Team = FromTeam, g.Subject
	case store.SubjectEveryone:
		src.Kind = FromEveryone
	}
	return src
}

// lasting is what of it lasts until end, or with the zero time for ever. By what ends on Friday
// nobody gives anything for longer than that, to themselves or to anybody.
func (h holdings) lasting(end time.Time) holdings {
	h.until = &end
	return h
}

func (h holdings) lasts(g store.Grant) bool {
	return h.until == nil || !outlasts(store.Grant{ExpiresAt: *h.until}, g)
}

// byProject narrows it to what counts on a project: so that to ask about each of thousands
// does not go through all of it each time.
func (h holdings) byProject() func(project string) holdings {
	parts := map[string][]store.Grant{}
	for _, g := range h.grants {
		parts[g.Project] = append(parts[g.Project], g)
	}
	return func(project string) holdings {
		on := h
		if on.grants = parts[""]; project != "" {
			on.grants = slices.Concat(parts[""], parts[project])
		}
		return on
	}
}

// covers reports whether who has this may give or take a role on the project, or with "" on
// the org: see gives.
func (h holdings) covers(project, role string, custom roleSet) bool {
	return h.gives(project, custom.madeOf(role, h.actions))
}
