package accesssec

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/internal/throttle"
	"github.com/accesssec/accesssec-go/store"
)

// OrgChoice names an org to a person.
type OrgChoice struct{ ID, Name string }

// LinkingCode is what an Owner of one org gives to an Owner of another, by a way that both
// trust, so that the other can have its sign-on from the first: see [Admin.LinkTo].
type LinkingCode struct {
	// Code is shown this once, in groups to be read out and typed: "7K4Q-M2XD-…". It has 140
	// random bits; the store has only its hash.
	Code    string
	Expires time.Time
}

const (
	linkingFor       = 24 * time.Hour
	mostLinkingCodes = 10

	// What people mistake for each other is not in it, as in traces.
	linkingAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	linkingLength   = 28
)

// limitLinking is on guessing codes. They have so many bits that it is there for the peace of
// mind of who reads the log.
var limitLinking = throttle.Limit{Free: 10, First: 30 * time.Second, Max: time.Hour}

// linkingCode waits to be used. Its key is the hash of the code, its owner who made it.
type linkingCode struct{}

// sharedSSO is that an org has its sign-on from another. What counts is Org.SSOFrom; this is
// beside it, in the org that governs, by the id of the other.
type sharedSSO struct{}

var (
	linkingCodes = collection[linkingCode]{"linking_code"}
	sharedSSOs   = collection[sharedSSO]{"shared_sso"}
)

func linkingCounters(p Principal) []counter {
	return []counter{{name: "link\x00" + p.OrgID, limit: limitLinking}, {name: "link\x00" + p.UserID, limit: limitLinking}}
}

// LinkingCode makes a code by which another org can have its sign-on from this one. It is
// for an Owner, asks for the password again ([Me.Prove]), and is good once, for a day, and as
// long as who made it is an Owner. At most ten wait at a time: CodeRoleLimit. An org that
// has its own sign-on from another can give it to no third: CodeShared. The org's plan must
// have [FeatureSharedSSO].
//
// Who uses the code gets the say of this org's connection and domains over the sign-on of
// its people, and nothing in this org.
func (a *Admin) LinkingCode(ctx context.Context) (LinkingCode, error) {
	if err := a.needs(ctx, FeatureSharedSSO, proven); err != nil {
		return LinkingCode{}, err
	}
	code := newLinkingCode()
	var out LinkingCode
	err := a.s.change(ctx, func(c *change) error {
		by, err := a.authoriseOwner(ctx, c)
		if err != nil {
			return err
		}
		org, err := a.governing(ctx, c, &by, thing(audit.KindOrg, a.p.OrgID, ""))
		if err != nil {
			return err
		}
		e := by.by(audit.SSOLinkOffered, thing(audit.KindOrg, org.ID, org.Name))
		open, err := c.openLinkingCodes(ctx, org.ID)
		if err != nil {
			return err
		}
		if len(open) >= mostLinkingCodes {
			return refusedAs(refuse(CodeRoleLimit, "ten linking codes wait to be used"), org.ID, e)
		}
		out = LinkingCode{Code: code, Expires: c.now.Add(linkingFor)}
		k := linkingCodes.fresh(org.ID, newID("lnk"), linkingKey(code), c.now, out.Expires, linkingCode{})
		k.Owner = by.user.ID
		if err := linkingCodes.put(ctx, c, k); err != nil {
			return err
		}
		if err := c.record(ctx, org.ID, e); err != nil {
			return err
		}
		return a.s.notifyAdmins(ctx, c, message{template: TemplateSSOLinkOffered, orgID: org.ID,
			values: map[string]string{"by": by.named(), "until": noticeTime(out.Expires)}})
	})
	if err != nil {
		return LinkingCode{}, err
	}
	return out, nil
}

// CancelLinkingCodes makes all codes worthless that wait to be used, and says how many
// there were. It is for an Owner, and asks for the password again.
func (a *Admin) CancelLinkingCodes(ctx context.Context) (int, error) {
	n := 0
	err := a.s.change(ctx, func(c *change) error {
		n = 0
		by, err := a.authoriseOwner(ctx, c)
		if err != nil {
			return err
		}
		open, err := c.openLinkingCodes(ctx, a.p.OrgID)
		if err != nil {
			return err
		} else if len(open) == 0 {
			return errSettled
		}
		for _, k := range open {
			if err := c.DeleteDoc(ctx, linkingCodes.kind, a.p.OrgID, k.ID); err != nil {
				return err
			}
			n++
		}
		e := by.by(audit.SSOLinkCancelled, thing(audit.KindOrg, a.p.OrgID, ""))
		e.Facts = []audit.Fact{count("codes", n)}
		return c.record(ctx, a.p.OrgID, e)
	})
	if err != nil && !errors.Is(err, errSettled) {
		return 0, err
	}
	return n, nil
}

func (c *change) openLinkingCodes(ctx context.Context, orgID string) ([]kept[linkingCode], error) {
	// Those that are over are swept within the hour, so there are never many pages.
	q := store.DocQuery{From: c.now.Add(-linkingFor), Paging: store.Paging{Limit: 1000}}
	page, err := linkingCodes.list(ctx, c, orgID, q)
	return slices.DeleteFunc(page.Items, func(k kept[linkingCode]) bool { return !c.now.Before(k.ExpiresAt) }), err
}

func newLinkingCode() string {
	var b [linkingLength]byte
	rand.Read(b[:])
	var out strings.Builder
	for i, v := range b {
		if i > 0 && i%4 == 0 {
			out.WriteByte('-')
		}
		out.WriteByte(linkingAlphabet[v%32])
	}
	return out.String()
}

// linkingKey is what a code is found by, however it was typed: in whatever case, with or
// without what stands between its groups, and with the letters that it does not have for the
// digits they are mistaken for. "" could be none.
func linkingKey(typed string) string {
	if len(typed) > 200 {
		return ""
	}
	var code []byte
	for _, c := range []byte(strings.ToUpper(typed)) {
		switch {
		case c == 'O':
			c = '0'
		case c == 'I', c == 'L':
			c = '1'
		case c == '-', c == ' ', c == '\t', c == '\n', c == '\r':
			continue
		}
		if strings.IndexByte(linkingAlphabet, c) < 0 {
			return ""
		}
		code = append(code, c)
	}
	if len(code) != linkingLength {
		return ""
	}
	sum := hashOf("linking code\x00" + string(code))
	return hexOf(sum[:])
}

// governing is the org that acts, where its sign-on is its own to change. Where it has that
// from another it refuses, in the log as by, when there is one.
func (a *Admin) governing(ctx context.Context, r store.Reader, by *acting, about ...audit.Target) (store.Org, error) {
	org, err := r.Org(ctx, a.p.OrgID)
	if err != nil || org.SSOFrom == "" {
		return org, err
	}
	no := refuse(CodeShared, "")
	if by != nil {
		no.inOrg(org.ID, by.by(audit.ChangeRefused, about...))
	}
	return org, no
}

// choice names an org.
func choice(ctx context.Context, r store.Reader, orgID string) (OrgChoice, error) {
	o, err := r.Org(ctx, orgID)
	return OrgChoice{o.ID, o.Name}, err
}

// LinkedOrg is an org that has its sign-on from this one.
type LinkedOrg struct {
	ID, Name string
	Since    time.Time // zero: from before that was kept
	Members  int
}

// LinkedOrgs lists the orgs that have their sign-on from this one, by id. For an org that
// has its own from another, Settings.SSOFrom says from which.
func (a *Admin) LinkedOrgs(ctx context.Context, p store.Paging) (store.Page[LinkedOrg], error) {
	var out store.Page[LinkedOrg]
	if err := a.allowed(ctx); err != nil {
		return out, err
	}
	page, err := a.s.store.Orgs(ctx, store.OrgQuery{SSOFrom: a.p.OrgID, Paging: p})
	if err != nil {
		return out, err
	}
	out.Next, out.Total, out.Items = page.Next, page.Total, []LinkedOrg{}
	for _, o := range page.Items {
		l := LinkedOrg{ID: o.ID, Name: o.Name}
		k, err := sharedSSOs.get(ctx, a.s.store, a.p.OrgID, o.ID)
		if err == nil {
			l.Since = k.At
		} else if !errors.Is(err, store.ErrNotFound) {
			return store.Page[LinkedOrg]{}, err
		}
		members, err := a.s.store.Memberships(ctx, o.ID, store.MembershipQuery{Count: true, Paging: store.Paging{Limit: 1}})
		if err != nil {
			return store.Page[LinkedOrg]{}, err
		}
		l.Members = members.Total
		out.Items = append(out.Items, l)
	}
	return out, nil
}
