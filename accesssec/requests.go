package accesssec

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

const (
	requestFor   = 30 * 24 * time.Hour
	requestAgain = time.Hour // Owners and Admins are not told more often

	mostAsked     = 5   // that one person has open
	mostRequests  = 100 // that an org has open
	mostStrangers = 50  // of which by people of other domains

	mostOfNote = 300 // characters
)

// accessRequest waits for an Owner or Admin. Its owner is the account of who asks; "" they
// have none. A declined one stays until it is over, so that no is no.
type accessRequest struct {
	Address  string        `json:"address"`
	Key      string        `json:"key"` // the address, folded
	Note     string        `json:"note,omitempty"`
	Method   policy.Method `json:"method"` // by which they had shown who they are
	Declined bool          `json:"declined,omitempty"`
}

// asker is the other side of a request: what one person has asked of whom.
type asker struct {
	Org string `json:"org"`
}

// refusedLogin is a single sign-on that was sound, of somebody who is no member. It is of one
// browser, which has at most one.
type refusedLogin struct {
	Org     string `json:"org"`
	Address string `json:"address"`
}

var (
	accessRequests = collection[accessRequest]{"access_request"} // keyed by org and address
	askers         = collection[asker]{"access_asker"}           // by the request's id, owned by the address
	accessTold     = collection[struct{}]{"access_told"}         // that an org's Owners and Admins were, lately
	refusedLogins  = collection[refusedLogin]{"refused_login"}   // keyed by the browser
)

// refusedName stands where an address key does, and is none.
const refusedName = "refused login\x00"

func accessKey(orgID, addressKey string) string {
	sum := hashOf("access request\x00" + orgID + "\x00" + addressKey)
	return hexOf(sum[:])
}

func askerOf(addressKey string) string {
	sum := hashOf("asker\x00" + addressKey)
	return hexOf(sum[:])
}

// RequestAccess asks the Owners and Admins of an org to make the person a member of it. They
// know its id from a link, and their address is proven: CodeUnproven. note is theirs to read,
// and is cut to 300 characters. It waits for thirty days, and the answer comes as a notice.
//
// policy.SSORequired, with Next, for those whose domain has them come through an identity
// provider and who have not; CodeMember; CodeRequested, also after a no, until the thirty days
// are over; CodeLocked with five requests that are open, or when too many wait at the org.
// CodeNotFound for an org that is not there, and for one that would not let them in.
func (m *Me) RequestAccess(ctx context.Context, orgID, note string) error {
	return m.s.change(ctx, func(c *change) error {
		who, err := m.signedIn(ctx, c)
		if err != nil {
			return err
		}
		a, err := domainclaim.ParseAddress(who.user.Address)
		if err != nil || !who.user.AddressVerified {
			return refuse(CodeUnproven, "nobody has proven the address of who asks")
		}
		var f facts
		if _, err := f.domain(ctx, c, a); err != nil {
			return err
		}
		bySSO := slices.Contains(who.session.Methods, string(policy.SSO)) && f.in.Owner != nil && who.session.ConnectionID == f.in.Owner.Connection
		if policy.Decide(f.in).Next == policy.NextSSO && !bySSO {
			return throughProvider().through(f.in.Owner)
		}
		p := petition{orgID: orgID, address: a, user: who.user, note: note, method: policy.Password}
		if slices.Contains(who.session.Methods, string(policy.SSO)) {
			p.method = policy.SSO
		}
		return m.s.ask(ctx, c, p, who.by(audit.AccessRequested))
	})
}

// throughProvider refuses who has only to come through their identity provider.
func throughProvider() *Refusal {
	no := refuse(Code(policy.SSORequired), "single sign-on is the way in for the address")
	no.Next = policy.NextSSO
	return no
}

// RequestAccess is [Me.RequestAccess] for who was refused a moment ago as policy.NotMember,
// in this browser, after a single sign-on that was sound: CodeHalfOver when that is longer
// ago than ten minutes, or was not so. It signs nobody in.
func (i *SignIn) RequestAccess(ctx context.Context, v Visit, note string) error {
	s := i.s
	if err := s.alone(); err != nil {
		return err
	}
	if v.id() == "" {
		return v.refused(CodeHalfOver, nil)
	}
	err := s.change(ctx, func(c *change) error {
		login, err := refusedLogins.take(ctx, c, v.browser(refusedName))
		if errors.Is(err, store.ErrNotFound) || err == nil && !c.now.Before(login.ExpiresAt) {
			return v.refused(CodeHalfOver, nil)
		} else if err != nil {
			return err
		}
		a, err := domainclaim.ParseAddress(login.Value.Address)
		if err != nil {
			return err
		}
		u, err := c.UserByAddress(ctx, a.Key())
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		p := petition{orgID: login.Value.Org, address: a, note: note, method: policy.SSO}
		who := stranger(a)
		if u.AddressVerified {
			p.user, who = u, actorOf(u)
		}
		return s.ask(ctx, c, p, v.by(audit.AccessRequested, who))
	})
	return traced(err, v)
}

// keepRefused remembers, in this browser, whom a sound single sign-on was refused to because
// they are no member: they may ask to be let in. err is that refusal, or another.
func (s *Service) keepRefused(ctx context.Context, v Visit, address domainclaim.Address, err error) {
	var no *Refusal
	if !errors.As(err, &no) || no.Code != Code(policy.NotMember) || no.target == "" || v.id() == "" {
		return
	}
	ctx, cancel := lingering(ctx)
	defer cancel()
	err = s.upkeep(ctx, func(tx store.Tx) error {
		id, now := v.browser(refusedName), s.now()
		login, err := refusedLogins.get(ctx, tx, "", id)
		if errors.Is(err, store.ErrNotFound) {
			login = refusedLogins.fresh("", id, id, now, time.Time{}, refusedLogin{})
		} else if err != nil {
			return err
		}
		login.ExpiresAt = now.Add(halfLoginFor)
		login.Value = refusedLogin{Org: no.target, Address: address.String()}
		return refusedLogins.put(ctx, tx, login)
	})
	if err != nil { // the page then offers what will not work, and nothing worse
		s.opts.Log.ErrorContext(ctx, "accesssec: refused sign-on not kept", "err", err)
	}
}

// petition is who asks what of whom.
type petition struct {
	orgID   string
	address domainclaim.Address
	user    store.User // zero: without an account that is proven to be theirs
	note    string
	method  policy.Method
}

// ask keeps a request that may be made.
func (s *Service) ask(ctx context.Context, c *change, p petition, e audit.Event) error {
	external, err := s.mayAsk(ctx, c, p)
	if err != nil {
		return err
	}
	key := accessKey(p.orgID, p.address.Key())
	was, err := accessRequests.byKey(ctx, c, key)
	if err == nil && c.now.Before(was.ExpiresAt) {
		return refuse(CodeRequested, "")
	} else if err == nil {
		err = c.unask(ctx, p.orgID, p.address.Key())
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	waiting, err := c.roomToAsk(ctx, p, external)
	if err != nil {
		return err
	}
	req := accessRequests.fresh(p.orgID, newID("req"), key, c.now, c.now.Add(requestFor), accessRequest{
		Address: p.address.String(), Key: p.address.Key(), Note: oneLine(p.note, mostOfNote), Method: p.method,
	})
	req.Owner = p.user.ID
	if err := accessRequests.put(ctx, c, req); err != nil {
		return err
	}
	mine := askers.fresh("", req.ID, "", c.now, req.ExpiresAt, asker{Org: p.orgID})
	mine.Owner = askerOf(p.address.Key())
	if err := askers.put(ctx, c, mine); err != nil {
		return err
	}
	e.Targets = []audit.Target{requestTarget(req)}
	e.Facts = []audit.Fact{fact("method", string(p.method))}
	if err := c.record(ctx, p.orgID, e); err != nil {
		return err
	}
	return s.tellRequested(ctx, c, req, waiting+1)
}

// requestTarget names one in the log.
func requestTarget(req kept[accessRequest]) audit.Target {
	return audit.Target{Kind: audit.KindRequest, ID: req.ID, Name: req.Value.Address, Person: true}
}

// mayAsk refuses who can't ask this org, and says whether they are from outside.
func (s *Service) mayAsk(ctx context.Context, c *change, p petition) (external bool, err error) {
	if p.orgID == "" {
		return false, refuse(CodeNotFound, "")
	}
	f, err := s.facts(ctx, c, asking{address: p.address, orgID: p.orgID})
	if err != nil {
		return false, gone(err)
	}
	if f.in.Person.Role != "" {
		return false, refuse(CodeMember, "")
	}
	if err := s.couldEnter(ctx, c, p.orgID, p.address, policy.Member); err != nil {
		if IsRefusal(err, Code(policy.ExternalBlocked)) {
			err = refuse(CodeNotFound, "the org lets in people of its own domains only")
		}
		return false, err
	}
	if f.in.Owner != nil {
		f.in.Attempt = policy.Attempt{Method: policy.SSO, Connection: f.in.Owner.Connection}
		if policy.Decide(f.in).Create {
			return false, throughProvider() // that makes them a member, and needs nobody's yes
		}
	}
	return f.in.External(), nil
}

// roomToAsk refuses a person, or an org, who has too many that are open. It says how many wait
// at the org.
func (c *change) roomToAsk(ctx context.Context, p petition, external bool) (int, error) {
	theirs, err := askers.list(ctx, c, "", store.DocQuery{Owners: []string{askerOf(p.address.Key())}, Paging: store.Paging{Limit: 1000}})
	if err != nil {
		return 0, err
	}
	open := 0
	for _, a := range theirs.Items {
		req, err := accessRequests.get(ctx, c, a.Value.Org, a.ID)
		if err == nil && c.now.Before(req.ExpiresAt) {
			open++
		} else if err != nil && !errors.Is(err, store.ErrNotFound) { // not there: with its org
			return 0, err
		}
	}
	most := mostRequests
	if external {
		most = mostStrangers
	}
	waiting, err := openOf(ctx, c, accessRequests, p.orgID, mostRequests, c.now, func(r kept[accessRequest]) bool { return !r.Value.Declined })
	if err == nil && (open >= mostAsked || waiting >= most) {
		err = refuse(CodeLocked, "too many requests are open")
	}
	return waiting, err
}

// tellRequested tells the Owners and Admins, once an hour however many ask. What a stranger
// has to say for themselves is in the list and in no mail.
func (s *Service) tellRequested(ctx context.Context, c *change, req kept[accessRequest], waiting int) error {
	told, err := accessTold.get(ctx, c, req.OrgID, "told")
	if err == nil && c.now.Before(told.ExpiresAt) {
		return nil
	} else if errors.Is(err, store.ErrNotFound) {
		told = accessTold.fresh(req.OrgID, "told", "", c.now, time.Time{}, struct{}{})
	} else if err != nil {
		return err
	}
	told.ExpiresAt = c.now.Add(requestAgain)
	if err := accessTold.put(ctx, c, told); err != nil {
		return err
	}
	return s.notifyAdmins(ctx, c, message{template: TemplateAccessRequested, orgID: req.OrgID,
		values: map[string]string{"address": req.Value.Address, "open": strconv.Itoa(waiting)}})
}

// unask takes away what somebody has asked of an org, with its other side.
func (c *change) unask(ctx context.Context, orgID, addressKey string) error {
	req, err := accessRequests.byKey(ctx, c, accessKey(orgID, addressKey))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if err := c.DeleteDoc(ctx, accessRequests.kind, orgID, req.ID); err != nil {
		return err
	}
	return c.doneAsking(ctx, req.ID)
}

// doneAsking makes room for another request of the person's.
func (c *change) doneAsking(ctx context.Context, id string) error {
	err := c.DeleteDoc(ctx, askers.kind, "", id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
