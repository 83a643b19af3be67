package accesssec_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// readCounter names the reads that pass it, and fails the one that it is told to. Any other
// call has no store behind it, and ends the test.
type readCounter struct {
	store.Store
	inner store.Store
	reads []string
	fail  string
}

var errRead = errors.New("the store can't be read")

func (s *readCounter) note(name string) error {
	s.reads = append(s.reads, name)
	if s.fail == name {
		return errRead
	}
	return nil
}

func (s *readCounter) Membership(ctx context.Context, orgID, userID string) (store.Member, error) {
	if err := s.note("Membership"); err != nil {
		return store.Member{}, err
	}
	return s.inner.Membership(ctx, orgID, userID)
}

func (s *readCounter) Grants(ctx context.Context, orgID string, q store.GrantQuery) (store.Page[store.Grant], error) {
	if err := s.note("Grants"); err != nil {
		return store.Page[store.Grant]{}, err
	}
	return s.inner.Grants(ctx, orgID, q)
}

func (s *readCounter) Doc(ctx context.Context, kind store.Kind, orgID, id string) (store.Doc, error) {
	if err := s.note("Doc"); err != nil {
		return store.Doc{}, err
	}
	return s.inner.Doc(ctx, kind, orgID, id)
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestAccessReads: what somebody may do takes a membership and one question for the grants
// that reach them, and a third read only where a custom role is among them. When one of them
// fails nothing is allowed.
func TestAccessReads(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	inner := memory.New()
	keys, err := seal.NewRing(seal.Key{ID: "test", Secret: sha256.Sum256([]byte(t.Name()))})
	fatal(t, err)
	opts := &accesssec.Options{Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true})}
	svc, err := accesssec.New(inner, "https://app.example.com", keys, opts)
	fatal(t, err)
	owner, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "boss@example.com", Verified: true})
	fatal(t, err)
	fatal(t, svc.ImportPeople(ctx, owner.OrgID, accesssec.Person{Address: "ann@example.com", Verified: true, Role: policy.Member}))
	u, err := inner.UserByAddress(ctx, "ann@example.com")
	fatal(t, err)
	ann, err := svc.Vouch(ctx, owner.OrgID, u.ID)
	fatal(t, err)
	admin := svc.Admin(owner)
	grant := func(to accesssec.Subject, role string) {
		_, err := admin.Grant(ctx, accesssec.Grant{To: to, Project: "p1", Role: role})
		fatal(t, err)
	}
	grant(accesssec.Subject{Kind: accesssec.ToEveryone}, string(policy.Consumer))
	grant(accesssec.Subject{Kind: accesssec.ToPerson, ID: u.ID}, string(policy.Analyst))

	counted := &readCounter{inner: inner}
	asked, err := accesssec.New(counted, "https://app.example.com", keys, opts)
	fatal(t, err)
	look := func(want ...string) accesssec.Access {
		t.Helper()
		counted.reads = nil
		got, err := asked.Access(ctx, ann, "p1")
		fatal(t, err)
		if d := cmp.Diff(want, counted.reads); d != "" {
			t.Errorf("reads:\n%s", d)
		}
		if again, err := asked.AccessOf(ctx, ann.OrgID, accesssec.Subject{Kind: accesssec.ToPerson, ID: ann.UserID}, "p1"); err != nil || !cmp.Equal(again.Actions(), got.Actions()) || len(counted.reads) != 2*len(want) {
			t.Errorf("asked for by id: %+v, %v, by %v", again, err, counted.reads)
		}
		return got
	}
	if got := look("Membership", "Grants"); got.Role != policy.Analyst || !got.Can(policy.EditProject) || got.Can(policy.ManageProject) || len(got.Sources) != 2 {
		t.Errorf("%+v", got)
	}
	role, err := admin.PutRole(ctx, accesssec.Role{Name: "Deployer", Actions: []policy.Action{policy.ManageProject}})
	fatal(t, err)
	grant(accesssec.Subject{Kind: accesssec.ToPerson, ID: u.ID}, role.ID)
	if got := look("Membership", "Grants", "Doc"); got.Role != policy.Analyst || !got.Can(policy.ManageProject) || got.Can(policy.DeleteProject) || len(got.Sources) != 3 {
		t.Errorf("%+v", got)
	}
	for i := range 3 { // as many roles of the org's own as there may be are one read
		more, err := admin.PutRole(ctx, accesssec.Role{Name: fmt.Sprintf("More %d", i), Actions: []policy.Action{policy.ManageProject}})
		fatal(t, err)
		grant(accesssec.Subject{Kind: accesssec.ToEveryone}, more.ID)
	}
	if got := look("Membership", "Grants", "Doc"); len(got.Sources) != 6 {
		t.Errorf("%+v", got)
	}
	for _, fail := range []string{"Membership", "Grants", "Doc"} {
		counted.fail = fail
		got, err := asked.Access(ctx, ann, "p1")
		if !errors.Is(err, errRead) || len(got.Actions()) != 0 || got.Role != "" || len(got.Sources) != 0 {
			t.Errorf("%s fails: %+v, %v", fail, got, err)
		}
	}
	if got := (accesssec.Access{}); slices.ContainsFunc(policy.Permissions(), func(p policy.Permission) bool { return got.Can(p.Action) }) {
		t.Error("the zero Access allows something")
	}
}
