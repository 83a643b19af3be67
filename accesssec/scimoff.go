package accesssec

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// scimOff says that it is provisioning which keeps a member out, in that membership. Where there
// is none it was somebody else, an Owner or Admin or the host's own code, and then it is not
// provisioning's to let the member in again.
type scimOff struct {
	Joined time.Time `json:"joined"`
}

var scimOffs = collection[scimOff]{"scim_off"} // by the user's id

// body is k as encoding/json writes it, which reads it back.
func (k scimOff) body() []byte {
	b := append(make([]byte, 0, 48), `{"joined":"`...)
	return append(k.Joined.AppendFormat(b, time.RFC3339Nano), `"}`...)
}

// noteOff is for who was just kept out by provisioning.
func (c *change) noteOff(ctx context.Context, m store.Membership) error {
	doc, err := c.Doc(ctx, scimOffs.kind, m.OrgID, m.UserID)
	if errors.Is(err, store.ErrNotFound) {
		doc = store.Doc{Kind: scimOffs.kind, OrgID: m.OrgID, ID: m.UserID, Owner: m.UserID, At: c.now}
	} else if err != nil {
		return err
	}
	doc.Body = scimOff{m.JoinedAt}.body()
	return c.PutDocs(ctx, doc)
}

// forgetOff is for who is let in, or kept out by somebody else.
func (c *change) forgetOff(ctx context.Context, orgID, userID string) error {
	return unless(c.DeleteDoc(ctx, scimOffs.kind, orgID, userID), store.ErrNotFound)
}

// offBySCIM reports whether a member is kept out, and provisioning may let them in again.
func offBySCIM(ctx context.Context, r store.Reader, m store.Membership) (bool, error) {
	if !m.Disabled {
		return false, nil
	}
	doc, err := r.Doc(ctx, scimOffs.kind, m.OrgID, m.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err == nil && bytes.Equal(doc.Body, scimOff{m.JoinedAt}.body()) {
		return true, nil // as it was written, and nearly always is
	}
	k, err := scimOffs.read(doc, err)
	return err == nil && k.Value.Joined.Equal(m.JoinedAt), err
}

// holdBack makes it the word of an Owner or Admin that a member is kept out who is so by
// provisioning. Of everybody else there is nothing to do.
func (c *change) holdBack(ctx context.Context, m store.Membership) error {
	off, err := offBySCIM(ctx, c, m)
	if err != nil {
		return err
	} else if !off {
		return errSettled
	}
	return c.forgetOff(ctx, m.OrgID, m.UserID)
}

// endSignedOn ends all that the identity provider of the org has signed a person in to, in whatever
// org: it says that they are not to come in any more. Where they may by other means, they can.
func (c *change) endSignedOn(ctx context.Context, m store.Membership, e *audit.Event) error {
	conns, err := connections.list(ctx, c, m.OrgID, store.DocQuery{Paging: store.Paging{Limit: mostConnections}})
	if err != nil {
		return err
	}
	ended := 0
	for _, conn := range conns.Items {
		n, err := c.DeleteSessions(ctx, store.SessionQuery{UserID: m.UserID, ConnectionID: conn.ID})
		if ended += n; err != nil {
			return err
		}
	}
	if ended > 0 {
		e.Facts = append(e.Facts, count("sso_sessions_ended_elsewhere", ended))
	}
	return nil
}
