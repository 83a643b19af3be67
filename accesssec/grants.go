package accesssec

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// SubjectKind says to what a role is granted.
type SubjectKind string

// The kinds of [Subject].
const (
	ToPerson         SubjectKind = store.SubjectUser           // a member; ID is the user's
	ToTeam           SubjectKind = store.SubjectGroup          // all who are in the team at the time
	ToServiceAccount SubjectKind = store.SubjectServiceAccount // ID is that of a [ServiceAccount]
	ToEveryone       SubjectKind = store.SubjectEveryone       // all members at the time, however they came; ID is ""
)

// Subject is to whom a role is granted.
type Subject struct {
	Kind SubjectKind
	ID   string
}

// Grant is a role that a subject has on a project, or on the org and with it on all of its
// projects. What is granted adds up, see [Access].
type Grant struct {
	ID      string // made of subject, project, role and source: the same grant again is the same one
	To      Subject
	Project string    // the host's own id, up to 200 bytes; "" the org
	Role    string    // a policy.ProjectRole, or the id of a custom [Role]
	Expires time.Time // zero: never

	Source string // where it was granted: "admin", "scim"
	By     string // the user's id; "" nobody's decision
	Since  time.Time
}

// sourceAdmin is of what an Owner or Admin, of the org or of the project, has granted.
const sourceAdmin = "admin"

func grantOf(g store.Grant) Grant {
	return Grant{
		ID: g.ID, To: Subject{SubjectKind(g.SubjectKind), g.Subject}, Project: g.Project, Role: g.Role, Expires: g.ExpiresAt,
		Source: g.Source, By: g.GrantedBy, Since: g.CreatedAt,
	}
}

// grantID is the same for the same grant, so that none is there twice.
func grantID(g store.Grant) string {
	sum := hashOf(strings.Join([]string{g.SubjectKind, g.Subject, g.Project, g.Role, g.Source}, "\x00"))
	return "grant-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])[:26])
}

// Grant grants a role on a project or the org. Who may: on a project its Owners and Admins,
// on the org its Owners and Admins, and nobody more than they have themselves, nor for longer:
// CodeAbove. But an Owner of the org may give any role, also of actions that no role has by
// itself. Granting again what has not ended changes when it ends, and by whom it is. What lets manage
// every project wants a fresh proof ([Me.Prove]).
func (a *Admin) Grant(ctx context.Context, g Grant) (Grant, error) {
	if err := g.sound(); err != nil {
		return Grant{}, err
	}
	var out Grant
	err := a.s.change(ctx, func(c *change) error {
		rec := store.Grant{
			OrgID: a.p.OrgID, Project: g.Project, Subject: g.To.ID, SubjectKind: string(g.To.Kind), Role: g.Role,
			Source: sourceAdmin, GrantedBy: a.p.UserID, CreatedAt: c.now, ExpiresAt: g.Expires.UTC().Truncate(time.Microsecond),
		}
		if g.Expires.IsZero() {
			rec.ExpiresAt = time.Time{}
		}
		rec.ID = grantID(rec)
		by, name, err := a.mayGrant(ctx, c, rec)
		if err != nil {
			return err
		}
		if expired(rec, c.now) {
			return fmt.Errorf("accesssec: a grant that ended at %v", rec.ExpiresAt)
		}
		e := grantEvent(by.by(audit.GrantAdded, name), rec)
		there, err := c.grant(ctx, rec.OrgID, rec.ID)
		switch {
		case err == nil && expired(there, c.now): // left over, and nobody has it
			rec.Version = there.Version
		case err == nil:
			e.Changes = []audit.Change{{Field: "expires", Old: endOf(there), New: endOf(rec)}}
			rec.CreatedAt, rec.Version = there.CreatedAt, there.Version
		case !IsRefusal(err, CodeNotFound):
			return err
		}
		if err := c.PutGrant(ctx, rec); err != nil {
			return err
		}
		out = grantOf(rec)
		return c.record(ctx, rec.OrgID, e)
	})
	if err != nil {
		return Grant{}, err
	}
	return out, nil
}

// sound refuses what no grant can be.
func (g Grant) sound() error {
	switch g.To.Kind {
	case ToPerson, ToTeam, ToServiceAccount:
		if g.To.ID == "" {
			return errors.New("accesssec: a grant to nobody")
		}
	case ToEveryone:
		if g.To.ID != "" {
			return errors.New("accesssec: a grant to everyone names nobody")
		}
	default:
		return fmt.Errorf("accesssec: %q is nothing that a role can be granted to", g.To.Kind)
	}
	return soundProject(g.Project)
}

func soundProject(id string) error {
	if len(id) > 200 || id != bound(id, 200) {
		return errors.New("accesssec: the id of a project is text of at most 200 bytes, without control characters")
	}
	return nil
}

// mayGrant is authorise for a grant: by rights on the project, and for nothing that is above
// them. It returns how the log names the subject.
func (a *Admin) mayGrant(ctx context.Context, c *change, g store.Grant) (acting, audit.Target, error) {
	by, h, err := a.onProject(ctx, c, g.Project)
	if err != nil {
		return by, audit.Target{}, err
	}
	name, err := c.subject(ctx, g)
	if err != nil {
		return by, name, err
	}
	set, err := rolesOf(ctx, c, a.p.OrgID)
	if err != nil {
		return by, name, err
	}
	if !set.Value.has(g.Role) {
		return by, name, refuse(CodeRole, "")
	}
	if !h.lasting(g.ExpiresAt).covers(g.Project, g.Role, set.Value) {
		e := grantEvent(by.by(audit.ChangeRefused, name), g)
		return by, name, refuse(CodeAbove, "the role allows more than its giver may do, or for longer").inOrg(a.p.OrgID, e)
	}
	if set.Value.managesAll(g, h.actions) {
		err = a.s.proved(by.session)
	}
	return by, name, err
}

// managesAll reports whether a grant makes somebody one who says who has what, on every project.
func (s roleSet) managesAll(g store.Grant, host []policy.Permission) bool {
	return g.Project == "" && slices.Contains(s.madeOf(g.Role, host), policy.ManageProject)
}

// onProject is authorise for who may say who has what on a project; with "" on the org.
func (a *Admin) onProject(ctx context.Context, r store.Reader, project string) (acting, holdings, error) {
	by, err := a.member(ctx, r)
	if err != nil {
		return by, holdings{}, err
	}
	h, err := a.s.holdings(ctx, r, a.p.OrgID, Subject{ToPerson, a.p.UserID}, nil)
	if err != nil {
		return by, h, err
	}
	need := policy.ManageGrants
	if project != "" {
		need = policy.ManageProject
	}
	if !h.on(project).Can(need) {
		return by, h, a.notAllowed(by, "no Owner or Admin of the org or the project")
	}
	return by, h, nil
}

// subject is how the log names to whom a grant goes, who has to be there.
func (c *change) subject(ctx context.Context, g store.Grant) (audit.Target, error) {
	switch SubjectKind(g.SubjectKind) {
	case ToPerson:
		m, err := c.member(ctx, g.OrgID, g.Subject)
		return personOf(m.User), err
	case ToTeam:
		e, err := c.team(ctx, g.OrgID, g.Subject)
		return thing(audit.KindTeam, e.ID, e.Name), err
	case ToServiceAccount:
		sa, err := serviceAccounts.get(ctx, c, g.OrgID, g.Subject)
		return thing(audit.KindServiceAccount, sa.ID, sa.Value.Name), gone(err)
	}
	return thing(audit.KindOrg, g.OrgID, "everyone"), nil
}

// named is subject of what is there already, where they need not be any more.
func (c *change) named(ctx context.Context, g store.Grant) (audit.Target, error) {
	name, err := c.subject(ctx, g)
	var no *Refusal
	if errors.As(err, &no) {
		return thing(audit.KindGrant, g.ID, ""), nil
	}
	return name, err
}

// grant is one of an org's.
func (c *change) grant(ctx context.Context, orgID, id string) (store.Grant, error) {
	page, err := c.Grants(ctx, orgID, store.GrantQuery{IDs: []string{id}})
	if err != nil {
		return store.Grant{}, err
	} else if len(page.Items) == 0 {
		return store.Grant{}, refuse(CodeNotFound, "")
	}
	return page.Items[0], nil
}

// Revoke takes one grant back. What others give to the same people stays. Who may is as with
// Grant, but for how long: nobody takes back more than they may do now.
func (a *Admin) Revoke(ctx context.Context, grantID string) error {
	return a.s.change(ctx, func(c *change) error {
		if _, err := a.member(ctx, c); err != nil {
			return err
		}
		g, err := c.grant(ctx, a.p.OrgID, grantID)
		if err != nil {
			return err
		}
		by, h, err := a.onProject(ctx, c, g.Project)
		if err != nil {
			return err
		}
		set, err := rolesOf(ctx, c, a.p.OrgID)
		if err != nil {
			return err
		}
		name, err := c.named(ctx, g)
		if err != nil {
			return err
		}
		e := grantEvent(by.by(audit.GrantRevoked, name), g)
		if !h.covers(g.Project, g.Role, set.Value) {
			return refuse(CodeAbove, "the role allows more than who takes it back may do").inOrg(a.p.OrgID, refusedChange(e))
		}
		if err := c.DeleteGrant(ctx, g.OrgID, g.ID); err != nil {
			return err
		}
		return c.record(ctx, g.OrgID, e)
	})
}

// revokeAll ends all grants to one subject, which is going, and counts them.
func (c *change) revokeAll(ctx context.Context, orgID, id, kind string) (int, error) {
	q := store.GrantQuery{Subjects: []string{id}, Paging: store.Paging{Limit: 1000}}
	for n := 0; ; {
		page, err := c.Grants(ctx, orgID, q)
		if err != nil {
			return n, err
		}
		for _, g := range page.Items {
			if g.SubjectKind != kind {
				continue
			}
			if err := c.DeleteGrant(ctx, orgID, g.ID); err != nil {
				return n, err
			}
			n++
		}
		if q.After = page.Next; q.After == "" {
			return n, nil
		}
	}
}

// GrantQuery narrows a list of grants. All that is set must hold.
type GrantQuery struct {
	To      *Subject // granted to this very one; nil: to anybody
	Project *string  // on this one, "" on the org; nil: on any
	Role    string   // "" any
	store.Paging
}

// Grants lists an org's grants, oldest first: to its Owners and Admins all of them, to those
// of a project the ones on it.
func (a *Admin) Grants(ctx context.Context, q GrantQuery) (store.Page[Grant], error) {
	project := ""
	if q.Project != nil {
		project = *q.Project
	}
	if _, _, err := a.onProject(ctx, a.s.store, project); err != nil {
		return store.Page[Grant]{}, a.s.refused(ctx, err)
	}
	find := store.GrantQuery{Paging: q.Paging}
	if q.To != nil {
		find.Subjects = []string{q.To.ID}
	}
	if q.Project != nil {
		find.Projects = []string{project}
	}
	if q.Role != "" {
		find.Roles = []string{q.Role}
	}
	page, err := a.s.store.Grants(ctx, a.p.OrgID, find)
	if err != nil {
		return store.Page[Grant]{}, err
	}
	now := a.s.now()
	out := store.Page[Grant]{Next: page.Next, Total: page.Total, Items: []Grant{}}
	for _, g := range page.Items {
		if (q.To == nil || g.SubjectKind == string(q.To.Kind)) && !expired(g, now) {
			out.Items = append(out.Items, grantOf(g))
		}
	}
	return out, nil
}

// Access is what a person or a service account of the org may do on a project, for its Owners
// and Admins to see why.
func (a *Admin) Access(ctx context.Context, of Subject, project string) (Access, error) {
	if _, _, err := a.onProject(ctx, a.s.store, project); err != nil {
		return Access{}, a.s.refused(ctx, err)
	}
	return a.s.AccessOf(ctx, a.p.OrgID, of, project)
}

func grantEvent(e audit.Event, g store.Grant) audit.Event {
	e.Facts = []audit.Fact{fact("grant", g.ID), fact("to", g.SubjectKind), fact("role", g.Role)}
	if g.Subject != "" {
		e.Facts = append(e.Facts, fact("subject", g.Subject))
	}
	if g.Project != "" {
		e.Facts = append(e.Facts, fact("project", g.Project))
	}
	return e
}

// endOf is when a grant ends, for the log.
func endOf(g store.Grant) string {
	if g.ExpiresAt.IsZero() {
		return "never"
	}
	return g.ExpiresAt.Format(time.RFC3339)
}
