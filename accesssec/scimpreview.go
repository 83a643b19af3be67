package accesssec

import (
	"context"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/filter"
)

// mostSCIMPreview is how many people one preview takes.
const mostSCIMPreview = 10_000

// PreviewSCIM says what a sync of these people would do, and does nothing: who would be made,
// linked to the member they are, changed, left alone or refused, and why. It goes through the
// lines that decide when an identity provider writes. Two of them with one userName or
// externalId are told apart as they would be: the second one is refused. At most 10,000 at a
// time. It is for Owners and Admins.
//
// It is about this org's own people. What a token for an org that has its sign-on from this one
// ([SCIMTokenOptions].OrgID) would come to there it does not say; and an org that has its sign-on
// from another gets CodeShared, since nothing of its own comes to it.
func (a *Admin) PreviewSCIM(ctx context.Context, users []scim.User) ([]SCIMVerdict, error) {
	if len(users) > mostSCIMPreview {
		return nil, fmt.Errorf("accesssec: a preview of %d people: at most %d", len(users), mostSCIMPreview)
	}
	if err := a.allowed(ctx); err != nil {
		return nil, err
	}
	if err := provisioned(ctx, a.s.store, a.p.OrgID, a.p.OrgID); err != nil {
		var no *scim.Error
		if errors.As(err, &no) {
			return nil, refuse(CodeShared, no.Detail)
		}
		return nil, err
	}
	settings, err := scimSettingsOf(ctx, a.s.store, a.p.OrgID)
	if err != nil {
		return nil, err
	}
	d := a.s.directory(scimCaller{orgID: a.p.OrgID, fromID: a.p.OrgID, settings: settings.Value})
	names, externals := map[string]bool{}, map[string]bool{}
	out := make([]SCIMVerdict, 0, len(users))
	for _, u := range users {
		v := SCIMVerdict{UserName: u.UserName, ExternalID: u.ExternalID}
		name := filter.Fold(u.UserName)
		if names[name] || u.ExternalID != "" && externals[u.ExternalID] {
			v.refused(&scim.Error{Status: 409, Type: scim.Uniqueness, Detail: "Another one of these people has the same userName or externalId."})
			out = append(out, v)
			continue
		}
		got, err := d.plan(ctx, a.s.store, want(u))
		if err != nil {
			return nil, err
		}
		v.Action, v.EntryID, v.UserID = got.action, got.entryID, got.userID
		if got.refuse != nil {
			v.refused(got.refuse)
		} else {
			names[name], externals[u.ExternalID] = true, true
		}
		out = append(out, v)
	}
	return out, nil
}

func (v *SCIMVerdict) refused(no *scim.Error) {
	v.Action, v.Status, v.Type, v.Reason = SCIMRefuse, no.Status, no.Type, no.Detail
}
