package storetest

import (
	"github.com/accesssec/accesssec-go/store"
)

// The records below have every field set, so that a column that is forgotten shows.

func anOrg() store.Org {
	return store.Org{
		ID: newID("org"), Name: "Größe & <Co>", SSOFrom: newID("org"),
		Access: []byte(`{"a":1}`), CreatedAt: day(0),
	}
}

func aDomain(org string) store.Domain {
	return store.Domain{
		OrgID: org, ID: newID("dom"), Name: newID("name") + ".example.com",
		Status: store.DomainVerified, Claim: []byte(`{"token":"x"}`),
	}
}

func aUser() store.User {
	id := newID("usr")
	return store.User{
		ID: id, Address: "Ann." + id + "@Example.com", AddressKey: "ann." + id + "@example.com",
		AddressVerified: true, FirstName: "Ann", LastName: "O'Neil", NamesFrom: "sso",
		Password: "$argon2id$x", PasswordSetByUser: true, Disabled: true, CreatedAt: day(0),
	}
}

func aMembership(org, user string) store.Membership {
	return store.Membership{OrgID: org, UserID: user, Role: "member", Source: "jit", Disabled: true, JoinedAt: day(0)}
}

func anEntry(org, typ string) store.Entry {
	id := newID("ent")
	return store.Entry{
		OrgID: org, ID: id, ConnectionID: newID("con"), Type: typ,
		Name: "Name " + id, NameKey: "name " + id, ExternalID: newID("ext"), UserID: newID("usr"),
		Active: true, Attributes: []byte(`{"title":"Dr"}`),
		Index: []store.Index{
			{Path: "emails.type", Row: 0, Text: "work"},
			{Path: "emails.value", Row: 0, Text: "a@example.com"},
			{Path: "emails.type", Row: 1, Text: "home"},
			{Path: "emails.value", Row: 1, Text: "b@example.com"},
		},
		CreatedAt: day(0), ModifiedAt: day(1),
	}
}

func aGrant(org string) store.Grant {
	return store.Grant{
		OrgID: org, ID: newID("gra"), Project: "p1", Subject: newID("usr"), SubjectKind: "user",
		Role: "analyst", Source: "direct", GrantedBy: newID("usr"), CreatedAt: day(0), ExpiresAt: day(9),
	}
}

func aSession(org string) store.Session {
	return store.Session{
		Hash: newHash(), ID: newID("ses"), UserID: newID("usr"), OrgID: org, ConnectionID: newID("con"),
		Role: "admin", Methods: []string{"sso", "totp"}, Restricted: "step_up", IdPSession: newID("idp"),
		IP: "2001:db8::1", Agent: "curl", CreatedAt: day(0), SeenAt: day(1), IdleAt: day(2), EndAt: day(3),
		ProvedAt: day(1),
	}
}

func aDoc(kind store.Kind, org string) store.Doc {
	return store.Doc{
		Kind: kind, OrgID: org, ID: newID("doc"), Key: newID("key"), Owner: newID("usr"),
		At: day(0), ExpiresAt: day(9), Body: []byte("body\x00\xff"),
	}
}

func aJob(kind, org string) store.Job {
	return store.Job{Kind: kind, OrgID: org, Key: newID("job"), At: day(0), Body: []byte("body")}
}

func anEvent(org string) store.AuditEvent {
	return store.AuditEvent{
		OrgID: org, ID: newID("evt"), At: day(0), Type: "login", Actor: newID("usr"), Target: newID("usr"),
		Outcome: "success", Body: []byte(`{"v":1}`), Personal: []byte(`{"name":"Ann"}`),
	}
}

func newKind() store.Kind { return store.Kind(newID("kind")) }

// withOrg stores an org and returns its id.
func (s subject) withOrg() string {
	s.Helper()
	o := anOrg()
	s.must(func(tx store.Tx) error { return tx.CreateOrg(s.Context(), o) })
	return o.ID
}

// withUser stores a user and returns its id.
func (s subject) withUser() string {
	s.Helper()
	u := aUser()
	s.must(func(tx store.Tx) error { return tx.CreateUser(s.Context(), u) })
	return u.ID
}

// withEntries stores n entries of one type and returns their ids.
func (s subject) withEntries(org, typ string, n int) []string {
	s.Helper()
	ids := make([]string, n)
	s.must(func(tx store.Tx) error {
		for i := range ids {
			e := anEntry(org, typ)
			ids[i] = e.ID
			if err := tx.PutEntry(s.Context(), e); err != nil {
				return err
			}
		}
		return nil
	})
	return ids
}
