package accesssec_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

const longEnough = "Correct horse 7 battery staple"

var errHost = errors.New("the host changes its mind")

// joined is a store inside a transaction that is open already, as sqlstore's Join
// makes one. There are no savepoints in store/memory, so it undoes nothing by itself.
type joined struct {
	store.Tx
	standalone
	runs     *int
	conflict error // what each transaction comes to, when it is set
}

// standalone are the steps that no transaction of the host's can have.
type standalone struct{}

var errStandalone = errors.New("a step that commits by itself")

func (standalone) SwapDoc(context.Context, store.Doc) error { return errStandalone }
func (standalone) TouchSession(context.Context, store.Hash, time.Time, time.Time) error {
	return errStandalone
}
func (standalone) LeaseJobs(context.Context, store.LeaseQuery) ([]store.Job, error) {
	return nil, errStandalone
}
func (standalone) DeleteExpired(context.Context, time.Time, int) (int, error) {
	return 0, errStandalone
}

func (j joined) RunInTx(_ context.Context, fn func(store.Tx) error) error {
	*j.runs++
	if err := fn(j.Tx); err != nil {
		return err
	}
	return j.conflict
}

// outer is a service on a store/memory, with an org whose Owner is signed in.
type outer struct {
	svc   *accesssec.Service
	store *memory.Store
	owner accesssec.Principal // vouched for
	in    *accesssec.Entered
	runs  int
}

func newOuter(t *testing.T) *outer {
	t.Helper()
	o := &outer{store: memory.New()}
	var err error
	o.svc, err = accesssec.New(o.store, "https://app.example.com", seal.GenerateRing(), &accesssec.Options{
		Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if o.owner, err = o.svc.CreateOrg(t.Context(), "Acme", accesssec.Person{Address: "olive@example.com", Verified: true, Password: longEnough}); err != nil {
		t.Fatal(err)
	}
	step, err := o.svc.SignIn().Password(t.Context(), accesssec.Visit{}, "olive@example.com", longEnough)
	if err != nil {
		t.Fatal(err)
	}
	o.in = step.Entered
	return o
}

// inside runs fn in a transaction of the host's.
func (o *outer) inside(t *testing.T, fn func(on *accesssec.Service, tx store.Tx) error) error {
	t.Helper()
	return o.store.RunInTx(t.Context(), func(tx store.Tx) error {
		return fn(o.svc.On(joined{Tx: tx, runs: &o.runs}), tx)
	})
}

func (o *outer) events(t *testing.T, types ...audit.Type) []audit.Event {
	t.Helper()
	q := store.AuditQuery{}
	for _, typ := range types {
		q.Types = append(q.Types, string(typ))
	}
	p, err := o.svc.Vouch(t.Context(), o.owner.OrgID, o.owner.UserID)
	if err != nil {
		t.Fatal(err)
	}
	page, err := o.svc.Admin(p).Events(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return page.Items
}

// TestOnCommitsWithTheHost does what a host does in one transaction with its own
// writes, and then commits or rolls back.
func TestOnCommitsWithTheHost(t *testing.T) {
	t.Parallel()
	for name, host := range map[string]error{"commit": nil, "rollback": errHost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOuter(t)
			ctx := t.Context()
			var made accesssec.Principal
			err := o.inside(t, func(on *accesssec.Service, tx store.Tx) error {
				var err error
				if made, err = on.CreateOrg(ctx, "Other", accesssec.Person{Address: "otto@example.org", Password: longEnough}); err != nil {
					return err
				}
				if err := on.ImportPeople(ctx, o.owner.OrgID, accesssec.Person{Address: "ann@example.com", Role: policy.Member}); err != nil {
					return err
				}
				p, err := on.Vouch(ctx, o.owner.OrgID, o.owner.UserID)
				if err != nil {
					return err
				}
				if _, err := on.Admin(p).ClaimDomain(ctx, "example.com"); err != nil {
					return err
				}
				if _, err := on.Admin(p).NewConnection(ctx, "IdP"); err != nil {
					return err
				}
				u, err := tx.User(ctx, o.owner.UserID) // the host's own table
				if err != nil {
					return err
				}
				u.Disabled = true
				if err := tx.UpdateUser(ctx, u); err != nil {
					return err
				}
				if err := on.PersonChanged(ctx, u.ID); err != nil {
					return err
				}
				return host
			})
			if !errors.Is(err, host) {
				t.Fatal(err)
			}
			kept := host == nil
			_, err = o.svc.Authenticate(ctx, o.in.Token())
			if ended := accesssec.IsRefusal(err, accesssec.CodeSignedOut); ended != kept {
				t.Errorf("the Owner's session: %v", err)
			}
			if _, err := o.store.Org(ctx, made.OrgID); (err == nil) != kept {
				t.Errorf("the other org: %v", err)
			}
			if _, err := o.store.UserByAddress(ctx, "ann@example.com"); (err == nil) != kept {
				t.Errorf("Ann: %v", err)
			}
			page, err := o.store.Domains(ctx, o.owner.OrgID, store.Paging{})
			if err != nil || (len(page.Items) == 1) != kept {
				t.Errorf("%d claims, %v", len(page.Items), err)
			}
		})
	}
}

// TestOnRefuses calls everything that has to be committed by itself, or waits for a
// network. Each is refused before anything is read or written.
func TestOnRefuses(t *testing.T) {
	t.Parallel()
	o := newOuter(t)
	ctx := t.Context()
	d, err := o.svc.Admin(o.owner).ClaimDomain(ctx, "example.com")
	if err != nil {
		t.Fatal(err)
	}
	on := o.svc.On(untouched{})
	visit := on.SignIn().Visit(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	for name, call := range map[string]func() error{
		"SignIn.Password": func() error {
			_, err := on.SignIn().Password(ctx, visit, "olive@example.com", longEnough)
			return err
		},
		"SignIn.StartSSO": func() error {
			_, err := on.SignIn().StartSSO(ctx, visit, "con-none", nil)
			return err
		},
		"SignIn.FinishSSO": func() error {
			_, err := on.SignIn().FinishSSO(ctx, visit, "con-none", saml.Message{})
			return err
		},
		"Service.Authenticate": func() error {
			_, err := on.Authenticate(ctx, o.in.Token())
			return err
		},
		"SignIn.Logout": func() error {
			_, err := on.SignIn().Logout(ctx, visit, "con-none", saml.LogoutMessage{})
			return err
		},
		"Me.SignOutSSO": func() error {
			_, err := on.Me(o.in.Principal).SignOutSSO(ctx)
			return err
		},
		"Admin.FollowMetadata": func() error {
			_, err := on.Admin(o.owner).FollowMetadata(ctx, "con-none", accesssec.MetadataURL{}, nil)
			return err
		},
		"Admin.RefreshMetadata": func() error {
			_, err := on.Admin(o.owner).RefreshMetadata(ctx, "con-none")
			return err
		},
		"Me.Prove": func() error {
			_, err := on.Me(o.in.Principal).Prove(ctx, longEnough)
			return err
		},
		"SignIn.SecondFactor": func() error {
			_, err := on.SignIn().SecondFactor(ctx, visit, "123456")
			return err
		},
		"SignIn.Recover": func() error {
			_, err := on.SignIn().Recover(ctx, visit, "0000-0000-0000-0000")
			return err
		},
		"SignIn.SettingUp": func() error {
			_, err := on.SignIn().SettingUp(httptest.NewRequest(http.MethodGet, "/", nil))
			return err
		},
		"SignIn.FinishSetUp": func() error {
			_, err := on.SignIn().FinishSetUp(ctx, visit, o.in.Principal)
			return err
		},
		"SignIn.ConfirmReset": func() error { return on.SignIn().ConfirmReset(ctx, visit, "r1.", longEnough) },
		"SignIn.AcceptInvitation": func() error {
			_, err := on.SignIn().AcceptInvitation(ctx, visit, accesssec.Newcomer{Password: longEnough})
			return err
		},
		"SignIn.RequestAccess": func() error { return on.SignIn().RequestAccess(ctx, visit, "") },
		"Admin.Invite": func() error {
			_, err := on.Admin(o.owner).Invite(ctx, "ann@example.com", policy.Member)
			return err
		},
		"Admin.ResendInvitation": func() error {
			_, err := on.Admin(o.owner).ResendInvitation(ctx, "inv-none")
			return err
		},
		"Me.BeginFactor": func() error {
			_, err := on.Me(o.in.Principal).BeginFactor(ctx)
			return err
		},
		"Me.ConfirmFactor": func() error {
			_, err := on.Me(o.in.Principal).ConfirmFactor(ctx, "123456")
			return err
		},
		"Me.RemoveFactor": func() error { return on.Me(o.in.Principal).RemoveFactor(ctx, "123456") },
		"Me.NewRecoveryCodes": func() error {
			_, err := on.Me(o.in.Principal).NewRecoveryCodes(ctx, "123456")
			return err
		},
		"Admin.VerifyDomain": func() error {
			_, err := on.Admin(o.owner).VerifyDomain(ctx, d.ID)
			return err
		},
		"Admin.Events": func() error {
			_, err := on.Admin(o.owner).Events(ctx, store.AuditQuery{})
			return err
		},
		"Admin.PreviewLink": func() error {
			_, err := on.Admin(o.owner).PreviewLink(ctx, "code", nil)
			return err
		},
		"Admin.LinkTo": func() error { return on.Admin(o.owner).LinkTo(ctx, "code", "", nil) },
		"Service.SystemEvents": func() error {
			_, err := on.SystemEvents(ctx, store.AuditQuery{})
			return err
		},
		"Service.Tick": func() error {
			_, err := on.Tick(ctx)
			return err
		},
		"Service.Run": func() error { return on.Run(ctx) },
	} {
		if err := call(); !errors.Is(err, store.ErrJoined) {
			t.Errorf("%s: %v", name, err)
		}
		var no *accesssec.Refusal
		if err := call(); errors.As(err, &no) {
			t.Errorf("%s: told to a person as %s", name, no.Code)
		}
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: "__Host-accesssec", Value: o.in.Token()})
	on.Protect(http.NotFoundHandler()).ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("Protect: status %d", w.Code)
	}
	if _, err := o.svc.Authenticate(ctx, o.in.Token()); err != nil {
		t.Errorf("the service itself: %v", err)
	}
}

// untouched is a store that panics when it is asked anything.
type untouched struct{ store.Store }

// TestOnNoStandaloneStep looks in the source for all that uses a step which a joined
// store does not have, and holds the functions that reach one to a list: each is refused
// by TestOnRefuses, or called by nothing else.
func TestOnNoStandaloneStep(t *testing.T) {
	t.Parallel()
	under := map[string]string{
		"bookOne":  "Password and Prove, what fails at a connection, invitations that are sent and taken up, PreviewLink and LinkTo",
		"giveBack": "Password and Prove",
		"bookIn":   "SecondFactor, Recover, ConfirmFactor, and what of Me wants a code",
		"touch":    "Authenticate",
		"lease":    "Tick and Run",
		"sweep":    "Tick and Run",
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no source:", err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				switch sel.Sel.Name {
				case "SwapDoc", "TouchSession", "LeaseJobs", "DeleteExpired":
					if under[fn.Name.Name] == "" {
						t.Errorf("%s: %s uses %s: refuse it with alone() in what calls it, and say so here", name, fn.Name.Name, sel.Sel.Name)
					}
				}
				return true
			})
		}
	}
}

// TestOnGate: should a way to a session be forgotten at its door, the gate refuses it.
func TestOnGate(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "gate.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Name.Name == "admit" {
			first, ok := fn.Body.List[0].(*ast.IfStmt)
			if !ok {
				t.Fatal("admit does not begin by asking whether it is alone")
			}
			call, ok := first.Init.(*ast.AssignStmt).Rhs[0].(*ast.CallExpr)
			if sel, is := call.Fun.(*ast.SelectorExpr); !ok || !is || sel.Sel.Name != "alone" {
				t.Error("admit does not begin by asking whether it is alone")
			}
			return
		}
	}
	t.Error("no gate")
}

// TestOnLostRace: what can't be run again is not.
func TestOnLostRace(t *testing.T) {
	t.Parallel()
	for _, lost := range []error{store.ErrConflict, store.ErrExists} {
		o := newOuter(t)
		ctx := t.Context()
		for name, call := range map[string]func(*accesssec.Service) error{
			"ImportPeople": func(on *accesssec.Service) error {
				return on.ImportPeople(ctx, o.owner.OrgID, accesssec.Person{Address: "ann@example.com", Role: policy.Member})
			},
			"PersonChanged, and nothing is owed": func(on *accesssec.Service) error { return on.PersonChanged(ctx, o.owner.UserID) },
			"CreateOrg": func(on *accesssec.Service) error {
				_, err := on.CreateOrg(ctx, "Third", accesssec.Person{Address: "owner@example.org"})
				return err
			},
		} {
			runs := 0
			err := o.store.RunInTx(ctx, func(tx store.Tx) error {
				return call(o.svc.On(joined{Tx: tx, runs: &runs, conflict: lost}))
			})
			if !errors.Is(err, lost) || runs != 1 {
				t.Errorf("%s: %v after %d runs, want one", name, err, runs)
			}
		}
	}
}

// TestOnRefusal: a refusal's event is the host's to keep.
func TestOnRefusal(t *testing.T) {
	t.Parallel()
	for _, host := range []error{nil, errHost} {
		o := newOuter(t)
		ctx := t.Context()
		err := o.inside(t, func(on *accesssec.Service, _ store.Tx) error {
			p, err := on.Vouch(ctx, o.owner.OrgID, o.owner.UserID)
			if err != nil {
				return err
			}
			con, err := on.Admin(p).NewConnection(ctx, "IdP")
			if err != nil {
				return err
			}
			if err := on.Admin(p).Enable(ctx, con.ID, true); !accesssec.IsRefusal(err, accesssec.CodeConfiguration) {
				t.Errorf("enabled unconfigured: %v", err)
			}
			return host
		})
		if !errors.Is(err, host) {
			t.Fatal(err)
		}
		want := 1
		if host != nil {
			want = 0
		}
		if n := len(o.events(t, audit.ChangeRefused)); n != want {
			t.Errorf("host ends with %v: %d refusals in the log, want %d", host, n, want)
		}
	}
}

// TestOnLeavesTheService: the service that On was called on is as it was.
func TestOnLeavesTheService(t *testing.T) {
	t.Parallel()
	o := newOuter(t)
	o.svc.On(untouched{})
	if _, err := o.svc.Tick(t.Context()); err != nil {
		t.Error(err)
	}
}
