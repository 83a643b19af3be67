package accesssec_test

import (
	"context"
	"fmt"
	"log"
	"slices"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// overheard is a store that notes, for each transaction that was committed, what in it
// bears on a login and a change of the person at the same moment.
type overheard struct {
	*memory.Store
	mu        sync.Mutex
	committed [][]string
}

type overheardTx struct {
	store.Tx
	notes *[]string
}

const markKind = store.Kind("person_changed")

func (o *overheard) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	var notes []string
	err := o.Store.RunInTx(ctx, func(tx store.Tx) error {
		notes = nil
		return fn(overheardTx{tx, &notes})
	})
	if err == nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.committed = append(o.committed, notes)
	}
	return err
}

func (tx overheardTx) note(s string) { *tx.notes = append(*tx.notes, s) }

func (tx overheardTx) Doc(ctx context.Context, kind store.Kind, orgID, id string) (store.Doc, error) {
	if kind == markKind {
		tx.note("reads the mark of " + id)
	}
	return tx.Tx.Doc(ctx, kind, orgID, id)
}

func (tx overheardTx) PutDocs(ctx context.Context, docs ...store.Doc) error {
	for _, d := range docs {
		if d.Kind == markKind {
			tx.note("writes the mark of " + d.ID)
		}
	}
	return tx.Tx.PutDocs(ctx, docs...)
}

func (tx overheardTx) Sessions(ctx context.Context, q store.SessionQuery) (store.Page[store.Session], error) {
	tx.note("looks for sessions of " + q.UserID)
	return tx.Tx.Sessions(ctx, q)
}

func (tx overheardTx) CreateSession(ctx context.Context, s store.Session) error {
	tx.note("makes a session of " + s.UserID)
	return tx.Tx.CreateSession(ctx, s)
}

// since are the transactions since the last call.
func (o *overheard) since() [][]string {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := o.committed
	o.committed = nil
	return out
}

// TestPersonChangedMeetsLogins: the users may be in tables of the host's, which no
// serializable transaction of ours watches while the host writes them. So each login
// reads what each PersonChanged writes, and each PersonChanged looks for what each login
// makes, in one committed transaction each, also where nothing was owed.
func TestPersonChangedMeetsLogins(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	st := &overheard{Store: memory.New()}
	svc, err := accesssec.New(st, "https://app.example.com", seal.GenerateRing(), &accesssec.Options{
		Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true}),
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "olive@example.com", Password: longEnough})
	if err != nil {
		t.Fatal(err)
	}
	both := func(what string, want ...string) {
		t.Helper()
		for i := range want {
			want[i] += " of " + p.UserID
		}
		for _, notes := range st.since() {
			if slices.Contains(notes, want[0]) && slices.Contains(notes, want[1]) {
				return
			}
		}
		t.Errorf("%s: no transaction that was committed %s", what, want)
	}
	st.since()
	if err := svc.PersonChanged(ctx, p.UserID); err != nil {
		t.Fatal(err)
	}
	both("nothing is owed", "writes the mark", "looks for sessions")
	if _, err := svc.SignIn().Password(ctx, accesssec.Visit{}, "olive@example.com", longEnough); err != nil {
		t.Fatal(err)
	}
	both("a login", "reads the mark", "makes a session")
	if err := st.Store.RunInTx(ctx, func(tx store.Tx) error {
		return tx.DeleteMembership(ctx, p.OrgID, p.UserID)
	}); err != nil {
		t.Fatal(err)
	}
	if err := svc.PersonChanged(ctx, p.UserID); err != nil {
		t.Fatal(err)
	}
	if txs := st.since(); len(txs) != 2 || !slices.Contains(txs[1], "writes the mark of "+p.UserID) || !slices.Contains(txs[1], "looks for sessions of "+p.UserID) {
		t.Errorf("a session was ended: %v", txs)
	}
}

// A host disables somebody in its own tables, and says so: their sessions are over.
func ExampleService_PersonChanged() {
	ctx := context.Background()
	db := memory.New() // stands in for the host's database
	svc, err := accesssec.New(db, "https://app.example.com", seal.GenerateRing(), nil)
	if err != nil {
		log.Fatal(err)
	}
	olive, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "olive@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	ann := accesssec.Person{Address: "ann@example.com", Password: "Several words & 1 number", Role: policy.Member}
	if err := svc.ImportPeople(ctx, olive.OrgID, ann); err != nil {
		log.Fatal(err)
	}
	step, err := svc.SignIn().Password(ctx, accesssec.Visit{}, "ann@example.com", "Several words & 1 number")
	if err != nil {
		log.Fatal(err)
	}
	userID := step.Entered.Principal.UserID

	// With SQL it is an UPDATE of the host's, on a table of the host's.
	err = db.RunInTx(ctx, func(tx store.Tx) error {
		u, err := tx.User(ctx, userID)
		if err != nil {
			return err
		}
		u.Disabled = true
		return tx.UpdateUser(ctx, u)
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := svc.PersonChanged(ctx, userID); err != nil {
		log.Fatal(err)
	}

	_, err = svc.Authenticate(ctx, step.Entered.Token())
	fmt.Println(accesssec.IsRefusal(err, accesssec.CodeSignedOut))
	// Output: true
}
