// Package store is the one seam between accesssec and a database. It owns the
// records that a database must search, count or keep unique, and knows nothing of
// how a protocol thinks: protocol state travels as opaque, versioned bytes.
//
// To bring your own database, implement [Store] and [Tx] and let storetest.Run
// judge the result; store/memory is a complete implementation to read.
//
// # Contract
//
// Absence is [ErrNotFound]. A taken unique key, or an id that exists already, is
// [ErrExists]. A Version that is not the stored one is [ErrConflict]. Callers match
// these three with errors.Is and nothing else.
//
// After ErrNotFound or ErrConflict a [Tx] is still usable. After any other error
// (ErrExists included) the function given to RunInTx must return that error: by then
// PostgreSQL has aborted the transaction, and a store that could go on must refuse
// to, with [ErrAborted], so that no test hides the difference. A transaction whose
// function returns nil after such an error is rolled back all the same, and so is one
// whose context has ended by then. A method that fails has changed nothing, whatever
// it had done to the first of several records.
//
// Versions: a record is created with Version 0 and stored with Version 1. An update
// carries the Version that was read, and the store raises it by one. A wrong Version
// is ErrConflict, a record that is not there is ErrNotFound. For a Create method a
// Version other than 0 is a wrong one; for a Put method Version 0 of a record that is
// there is ErrExists. A record without its id is refused.
//
// Every method takes the org of what it touches and finds nothing of another org.
// The exceptions are the doors, by which a request that knows no org yet finds one
// (SessionByHash, DocByKey, TakeDoc, DomainsByName, User, UserByAddress, OrgsOf), and
// the engine's own (Orgs, Sessions and DeleteSessions by user, TouchSession,
// UnsealedOrgs, LeaseJobs, FinishJobs, DeleteExpired). CreateUser, UpdateUser and
// DeleteUser take none, since an account is in no org.
//
// A query with no condition is an error ([ErrUnbounded]), never "all"; so is a limit
// below 1 where a method takes one by itself.
//
// The OrgID "" is a place like any other for docs, sessions and audit events: of people
// and of the system, with no org record. Records are not bound to the records that
// their ids name, but for memberships (the user must be there) and group members (the
// entries): what hangs on what is deleted is deleted by who deletes it.
//
// Text is valid UTF-8 without NUL; callers see to that.
//
// A store never reads a clock: every instant is handed to it, in UTC and whole
// microseconds, and comes back equal. It never sees a secret in clear: bearer values
// arrive as [Hash], the rest sealed. Records are values: changing what was passed in
// or handed out never changes what is stored. Comparisons are byte for byte; what is
// to be compared in a folded form arrives folded (User.AddressKey, Entry.NameKey).
//
// Lists come in the order their method names, ties broken by id, rising also where
// the order is turned round. Paging through them with Page.Next visits each record
// that stays put exactly once.
//
// Implementations are safe for concurrent use and return the context's error when it
// has ended; a Tx is used by one goroutine at a time and never after its function
// has returned.
package store

import (
	"context"
	"errors"
	"time"
)

// The errors that callers match, wrapped or not.
var (
	ErrNotFound = errors.New("store: not found")
	ErrExists   = errors.New("store: already exists")
	ErrConflict = errors.New("store: changed by another writer")
)

// The errors of misuse: a caller that meets one has a defect.
var (
	ErrAborted   = errors.New("store: transaction already failed")
	ErrUnbounded = errors.New("store: query without a condition")
	// ErrJoined refuses, in a store inside a transaction of the host's own, what has to
	// be committed by itself.
	ErrJoined = errors.New("store: not inside the host's transaction")
)

// Store reads, opens transactions, and does the few steps that must be committed
// whatever becomes of the change they guard.
type Store interface {
	Reader
	Standalone

	// RunInTx runs fn in one transaction and commits when fn returns nil; on an
	// error or a panic everything fn wrote is undone, and the error is returned or
	// the panic goes on.
	//
	// Transactions are serializable: what comes of several at once is what could have
	// come of one after another. A login that read "a password is enough" and a change
	// that closes the password and ends the sessions can't both commit without the
	// later one having seen the earlier. After a serialization failure the store runs
	// fn again, a bounded number of times, and then returns ErrConflict: fn touches
	// only tx and variables that it sets afresh. No network, no password hashing and no
	// nested RunInTx inside fn.
	RunInTx(ctx context.Context, fn func(tx Tx) error) error
}

// Tx reads what it has written, and writes. Only a transaction can write, so that
// no change can be made without the audit event beside it.
type Tx interface {
	Reader
	Writer
}

// Reader is implemented by Store and by Tx alike, so that one function can gather
// the facts of a login before the bounce and again inside the transaction that mints.
type Reader interface {
	Org(ctx context.Context, id string) (Org, error)
	Orgs(ctx context.Context, q OrgQuery) (Page[Org], error) // by id

	Domain(ctx context.Context, orgID, id string) (Domain, error)
	Domains(ctx context.Context, orgID string, p Paging) (Page[Domain], error) // by name
	// DomainsByName returns the claims on any of names that count for somebody:
	// verified, missing and unverified ones, never pending or released. It is
	// ErrUnbounded for no names. A door.
	DomainsByName(ctx context.Context, names []string) ([]Domain, error)

	People

	Entry(ctx context.Context, orgID, id string) (Entry, error)
	Entries(ctx context.Context, orgID string, q EntryQuery) (Page[Entry], error)
	// EntryMembers lists the ids of a group's members, by id.
	EntryMembers(ctx context.Context, orgID, groupID string, q MemberQuery) (Page[string], error)
	// EntryGroups maps each of entryIDs that is in a group to its group ids, sorted.
	EntryGroups(ctx context.Context, orgID string, entryIDs []string) (map[string][]string, error)

	Grants(ctx context.Context, orgID string, q GrantQuery) (Page[Grant], error) // by CreatedAt

	SessionByHash(ctx context.Context, hash Hash) (Session, error)       // a door
	Sessions(ctx context.Context, q SessionQuery) (Page[Session], error) // by CreatedAt

	Doc(ctx context.Context, kind Kind, orgID, id string) (Doc, error)
	DocByKey(ctx context.Context, kind Kind, key string) (Doc, error)                 // a door
	Docs(ctx context.Context, kind Kind, orgID string, q DocQuery) (Page[Doc], error) // by At

	// AuditHead is the end of the org's chain; the zero head before the first seal.
	AuditHead(ctx context.Context, orgID string) (AuditHead, error)
	// AuditEvents lists sealed events by Seq, or unsealed ones by At, never both.
	AuditEvents(ctx context.Context, orgID string, q AuditQuery) (Page[AuditEvent], error)
	UnsealedOrgs(ctx context.Context, limit int) ([]string, error)
}

// People reads accounts and who belongs where. A host that keeps its own users
// table brings People and [PeopleWriter] in place of ours, and nothing else.
type People interface {
	User(ctx context.Context, id string) (User, error)
	UserByAddress(ctx context.Context, addressKey string) (User, error) // a door
	Membership(ctx context.Context, orgID, userID string) (Member, error)
	Memberships(ctx context.Context, orgID string, q MembershipQuery) (Page[Member], error) // by JoinedAt
	OrgsOf(ctx context.Context, userID string) ([]Membership, error)                        // by JoinedAt
}

// PeopleWriter is the writing half of [People].
type PeopleWriter interface {
	CreateUser(ctx context.Context, u User) error
	UpdateUser(ctx context.Context, u User) error
	// DeleteUser deletes the account and its memberships.
	DeleteUser(ctx context.Context, id string) error
	// PutMembership creates with Version 0, else compares. It is ErrNotFound when
	// there is no such user.
	PutMembership(ctx context.Context, m Membership) error
	DeleteMembership(ctx context.Context, orgID, userID string) error
}

// Writer is the half that only a Tx has. Deleting what is not there is ErrNotFound,
// but for the methods that count.
type Writer interface {
	CreateOrg(ctx context.Context, o Org) error
	UpdateOrg(ctx context.Context, o Org) error
	// DeleteOrg deletes the org and all that it owns, its audit log included.
	DeleteOrg(ctx context.Context, id string) error

	// CreateDomain and UpdateDomains are ErrExists when a claim holds its name (verified
	// or missing) and another claim on that name does so already, or when the org has
	// another claim on it.
	CreateDomain(ctx context.Context, d Domain) error
	// UpdateDomains is all or an error: what comes of updating one claim after another,
	// in the order they are given. So a claim may take a name that one before it has
	// given up, two that swap their names are ErrExists, and a claim given twice needs
	// the Version it has by then.
	UpdateDomains(ctx context.Context, ds ...Domain) error
	DeleteDomain(ctx context.Context, orgID, id string) error

	PeopleWriter

	PutEntry(ctx context.Context, e Entry) error // Version 0 creates, else compares
	// DeleteEntry also takes the entry out of its groups, and all out of it.
	DeleteEntry(ctx context.Context, orgID, id string) error
	// ChangeEntryMembers applies d to a group's members and leaves the group's own
	// record alone. Adding a member twice and removing none are no errors. It is
	// ErrNotFound when groupID is no group, or an id to add no entry, of this org.
	ChangeEntryMembers(ctx context.Context, orgID, groupID string, d MemberDelta) error

	PutGrant(ctx context.Context, g Grant) error // Version 0 creates, else compares
	DeleteGrant(ctx context.Context, orgID, id string) error

	CreateSession(ctx context.Context, s Session) error
	// UpdateSession finds the session by OrgID and ID; its Hash may be a new one.
	UpdateSession(ctx context.Context, s Session) error
	// DeleteSessions deletes all that q is for, whatever its Paging, and counts them.
	DeleteSessions(ctx context.Context, q SessionQuery) (int, error)

	// PutDocs creates a doc with Version 0, else compares. It is all or an error, and as
	// one after another: a doc may take a key that one before it has given up.
	PutDocs(ctx context.Context, docs ...Doc) error
	// TakeDoc finds and deletes in one step, so that of two who race one gets it and
	// the other ErrNotFound. For links, request records, codes.
	TakeDoc(ctx context.Context, kind Kind, key string) (Doc, error)
	DeleteDoc(ctx context.Context, kind Kind, orgID, id string) error

	// PutJobs creates each job, or moves the one of that kind, org and key that is
	// there already: At and Body are replaced, Seq is raised so that a running lease
	// can no longer finish it, and the lease is given up. Seq and lease of what is
	// passed in count for nothing.
	PutJobs(ctx context.Context, jobs ...Job) error
	// FinishJobs ends leases: each job whose Lease and Seq still match is deleted, or
	// put back for Next with its Body replaced and its Seq as it is. The others are
	// counted as stale and left alone. Of two for one job the first that fits ends it.
	FinishJobs(ctx context.Context, done ...JobDone) (stale int, err error)

	// AddAudit takes no lock, and refuses events that have a Seq, Prev or Hash.
	AddAudit(ctx context.Context, events ...AuditEvent) error
	// SealAudit writes Seq, Prev and Hash of events, and nothing else of them, and
	// moves the head to the last. It is ErrConflict unless head is still the org's
	// head and all events are unsealed, ErrNotFound when one is not there, and
	// refuses Seqs that do not follow head one by one.
	SealAudit(ctx context.Context, orgID string, head AuditHead, events ...AuditEvent) error
	// EraseAudit clears the Personal part of these events and leaves all else, Body
	// and Hash above all, as it was. It counts the events found.
	EraseAudit(ctx context.Context, orgID string, ids []string) (int, error)
	// PruneAudit deletes the sealed events up to and including Seq through.
	PruneAudit(ctx context.Context, orgID string, through int64) (int, error)
}

// Standalone steps commit by themselves. They are not in Tx on purpose: an attempt
// that is rolled back with the login it guarded was never counted.
type Standalone interface {
	// SwapDoc is one PutDocs that is committed on return.
	SwapDoc(ctx context.Context, d Doc) error
	// TouchSession sets SeenAt and IdleAt of a session that exists and never makes
	// one: a slow request must not bring back what log-out-everywhere has ended. It
	// leaves Version alone, and never moves SeenAt or IdleAt back.
	TouchSession(ctx context.Context, hash Hash, seenAt, idleAt time.Time) error
	// LeaseJobs hands out due jobs (At not after q.Now) whose lease is free or ended,
	// oldest first, to one worker until q.Until, and raises Seq of each. It refuses an
	// Until that is not after Now.
	LeaseJobs(ctx context.Context, q LeaseQuery) ([]Job, error)
	// DeleteExpired deletes at most limit docs, grants and sessions whose time is
	// over at now, and counts them.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}
