package store

import "time"

// Hash is the SHA-256 of a bearer value.
type Hash [32]byte

// Kind names a collection of [Doc]s, for example "connection".
type Kind string

// Paging asks for one page of a list.
type Paging struct {
	After string // opaque, from Page.Next; "" is the first page; any other text is an error
	Limit int    // 0 means 100; more than 1000 means 1000; less than 0 is an error
}

// Page is one page of a list. Items is never nil on success.
type Page[T any] struct {
	Items []T
	Next  string // "" on the last page
	Total int    // -1 when not asked for
}

// Org is one customer organisation.
type Org struct {
	ID        string
	Name      string
	SSOFrom   string // the admin org whose domains and connections govern this one; "" itself
	Access    []byte // accesssec's settings as JSON
	CreatedAt time.Time
	Version   int64
}

// OrgQuery with a zero SSOFrom lists every org: it is the engine's own.
type OrgQuery struct {
	SSOFrom string
	Paging
}

// The states of a claim on a domain. Verified and Missing hold the name: no other
// org's claim on it can be verified. Pending reserves nothing.
const (
	DomainPending    = "pending"
	DomainVerified   = "verified"
	DomainMissing    = "missing"    // verified, and its record is gone for less than the grace
	DomainUnverified = "unverified" // lapsed: no longer proven, still remembered
	DomainReleased   = "released"   // given up; counts for nobody
)

// Domain is one org's claim on one name. (OrgID, ID) is unique, and so is (OrgID, Name),
// and Name among the claims of all orgs that hold it.
type Domain struct {
	OrgID, ID string
	Name      string // A-label, lower case
	Status    string
	Claim     []byte // domainclaim.Claim as JSON
	Version   int64
}

// User is one account. ID is unique, and so is an AddressKey that is not "".
type User struct {
	ID                  string
	Address             string // as typed
	AddressKey          string // the form by which addresses are compared
	AddressVerified     bool
	FirstName, LastName string
	NamesFrom           string // who set the names last: "", "self", "sso", "scim"
	Password            string // PHC string, or what a host's own check keeps there; "" none
	PasswordSetByUser   bool
	Disabled            bool
	CreatedAt           time.Time
	Version             int64
}

// Membership is unique by (OrgID, UserID).
type Membership struct {
	OrgID, UserID string
	Role          string // owner, admin, billing, member
	Source        string // created, import, jit, scim, invitation, request
	Disabled      bool   // may not come into the org, and stays a member of it
	JoinedAt      time.Time
	Version       int64
}

// Member is a Membership with the User it is for: what lists and previews read.
type Member struct {
	Membership
	User User
}

// MembershipQuery narrows the members of one org.
type MembershipQuery struct {
	Search string   // in AddressKey, FirstName or LastName, ASCII case ignored
	Roles  []string // any of these; empty: every role
	Count  bool     // fill Page.Total
	Paging
}

// The types of an [Entry].
const (
	EntryUser  = "User"
	EntryGroup = "Group"
)

// Entry is a person or a team in an org's directory. (OrgID, ID) is unique; so are
// (OrgID, Type, NameKey), (OrgID, ConnectionID, Type, ExternalID) when ExternalID is
// not "", and (OrgID, UserID) when UserID is not "".
type Entry struct {
	OrgID, ID             string
	ConnectionID          string // "" until an IdP manages it
	Type                  string // EntryUser or EntryGroup
	Name                  string // userName or displayName
	NameKey               string // the folded form by which names are compared
	ExternalID            string
	UserID                string // the account behind it; "" for groups
	Active                bool
	Attributes            []byte  // JSON
	Index                 []Index // what filters may ask for beyond the columns
	CreatedAt, ModifiedAt time.Time
	Version               int64
}

// Index is one searchable value of an Entry. Row ties together the parts of one
// element of a multi-valued attribute ("emails" row 0: emails.type, emails.value).
type Index struct {
	Path string
	Row  int
	Text string // folded where the attribute is not case-exact
}

// EntryQuery narrows the directory of one org. Without Sort the order is by
// CreatedAt.
type EntryQuery struct {
	Type   string // "": both
	Filter *Filter
	Sort   Sort
	Count  bool
	Offset int // index paging, 0-based; an error beside After
	Paging
}

// Sort orders by a column (but for "members", see [Sort.Validate]) or an Index path
// (its value of the lowest Row); entries without one, or with an empty one, come last
// in either direction. A Desc without a Path turns the order by CreatedAt round.
type Sort struct {
	Path string
	Desc bool
}

// Filter is a condition on an Entry. Exactly one of And, Or, Not, Element and Op is
// set. Path is a column ("id", "name", "externalId", "active", "userId",
// "connectionId", "created", "modified", or "members" with OpEq) or an Index path.
// "name" reads NameKey. A comparison on an Index path holds when any of its values
// matches; Element holds when one Row of Path matches all of its conditions, whose
// Paths are full and lie under Path. OpPresent means not empty. A filter that is not
// so is an error whatever the directory holds; [Filter.Validate] is that check, to be
// called by a Store before anything else.
type Filter struct {
	And, Or []Filter
	Not     *Filter
	Path    string
	Op      Op
	Value   string // "true" or "false" for active; RFC 3339 for created and modified
	Element []Filter
}

// Op compares text byte for byte, and instants as instants.
type Op string

// The operators of a [Filter], named as in RFC 7644, section 3.4.2.2. There is no
// "ne": it is Not around OpEq.
const (
	OpEq       Op = "eq"
	OpContains Op = "co"
	OpStarts   Op = "sw"
	OpEnds     Op = "ew"
	OpPresent  Op = "pr"
	OpGreater  Op = "gt"
	OpAtLeast  Op = "ge"
	OpLess     Op = "lt"
	OpAtMost   Op = "le"
)

// MemberQuery narrows a group's members.
type MemberQuery struct {
	Among []string // only these ids; empty: all
	Count bool
	Paging
}

// MemberDelta changes a group's members: first Clear, then Remove, then Add.
type MemberDelta struct {
	Clear       bool
	Add, Remove []string
	Version     int64 // of the group, which is compared; 0: any
}

// The kinds of subject of a [Grant].
const (
	SubjectUser           = "user"            // Subject is User.ID
	SubjectGroup          = "group"           // Subject is Entry.ID
	SubjectServiceAccount = "service_account" // Subject is the id of one
	SubjectEveryone       = "everyone"        // all who are members at the time; Subject is ""
)

// Grant gives a role to a subject, on the org or on one project of the host's.
// (OrgID, ID) is unique.
type Grant struct {
	OrgID, ID   string
	Project     string // the host's own id; "" the org itself
	Subject     string
	SubjectKind string // SubjectUser and so on
	Role        string
	Source      string
	GrantedBy   string
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: never
	Version     int64
}

// GrantQuery narrows the grants of one org. All that is set must hold. Those that have
// expired are found until DeleteExpired, like those that have not.
type GrantQuery struct {
	IDs      []string // any of these; empty: all
	Subjects []string // any of these; empty: all
	Projects []string // any of these, of which "" is the org itself; empty: all
	Roles    []string // any of these; empty: all

	// Person is a User.ID, and narrows to the grants that reach this person: their own,
	// those of each group that their Entry is in, and those of everyone. Whether they are
	// a member is not asked. It is read for every request of a host's, so it is answered
	// from indexes: neither the grants of others nor the size of a group slow it.
	Person string
	Paging
}

// Session holds all that a request trusts. Whatever changes a right rewrites or
// deletes the rows it concerns in its own transaction, so that checking a request is
// one read. Hash is unique, and so is ID.
type Session struct {
	Hash         Hash
	ID, UserID   string
	OrgID        string // "" the person's own account, in no org
	ConnectionID string // "" unless by SSO
	Role         string // in OrgID
	Methods      []string
	Restricted   string // "" or what is all it may be used for: "enrol", "enrolled", "step_up"
	IdPSession   string // SessionIndex of the assertion
	IP, Agent    string
	CreatedAt    time.Time
	SeenAt       time.Time
	IdleAt       time.Time // over from here on unless it is seen before
	EndAt        time.Time // over from here on whatever happens
	ProvedAt     time.Time // when the person last proved who they are, beyond signing in
	Version      int64
}

// SessionQuery needs at least one of OrgID, UserID, ConnectionID and IdPSession. All
// that is set must hold.
type SessionQuery struct {
	OrgID, UserID, ConnectionID, IdPSession string

	ID        string // narrows further
	Except    Hash   // leaves this one out
	NotMethod string // leaves out those that used this method
	Paging
}

// Doc is a versioned value that a store keeps without understanding it.
// (Kind, OrgID, ID) is unique, and so is (Kind, Key) when Key is not "".
type Doc struct {
	Kind      Kind
	OrgID, ID string
	Key       string    // a hash where the value is a secret
	Owner     string    // a user or a parent document, for listing
	At        time.Time // order of lists
	ExpiresAt time.Time // zero: never; expired docs are found until DeleteExpired
	Body      []byte
	Version   int64
}

// DocQuery narrows the docs of one kind in one org.
type DocQuery struct {
	Owners   []string  // any of these; empty: all
	From, To time.Time // At in [From, To); zero: open
	Paging
}

// Job is a thing to do at a time. (Kind, OrgID, Key) is unique.
type Job struct {
	Kind, OrgID, Key string
	At               time.Time
	Body             []byte
	Lease            string    // the worker that holds it; "" nobody
	LeaseUntil       time.Time // zero when nobody does
	Seq              int64     // raised by every lease and every PutJobs; fences the worker
}

// JobDone ends the lease of a Job, which is the one that LeaseJobs returned, with the
// Body it shall have when it is put back.
type JobDone struct {
	Job
	Next time.Time // when to run again; zero: delete
}

// LeaseQuery asks for due jobs. Kinds and Worker must not be empty.
type LeaseQuery struct {
	Kinds      []string
	Worker     string
	Now, Until time.Time
	Limit      int // as in Paging
}

// AuditHead is the end of an org's chain.
type AuditHead struct {
	Seq  int64
	Hash Hash
}

// AuditEvent is one line of an org's log. (OrgID, ID) is unique.
type AuditEvent struct {
	OrgID, ID  string
	Seq        int64 // 0 until sealed
	At         time.Time
	Type       string
	Actor      string // id
	Target     string // id of the first target
	Outcome    string
	Prev, Hash Hash   // zero until sealed
	Body       []byte // the exact bytes that are hashed
	Personal   []byte // what the digests in Body stand for; erasable
}

// AuditQuery narrows an org's log. Empty fields do not narrow.
type AuditQuery struct {
	IDs, Types, Actors, Targets []string

	Outcome  string
	From, To time.Time // At in [From, To)
	Unsealed bool      // those without a Seq, by At; false: the chain, by Seq
	Desc     bool      // newest first
	Paging
}
