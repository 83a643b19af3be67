package accesssec

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/accesssec/accesssec-go/internal/throttle"
	"github.com/accesssec/accesssec-go/store"
)

// The limits on guessing. The first joins the address and the network it is tried
// from; the wide one counts the address whoever tries it, and the one of a network
// whatever is tried there, of which a success gives its own back. A browser in which the
// person has signed in before is counted by itself, so that strangers can't keep them
// out.
var (
	limitNear     = throttle.Limit{Free: 5, First: 30 * time.Second, Max: time.Hour}
	limitWide     = throttle.Limit{Free: 50, First: 30 * time.Second, Max: 15 * time.Minute}
	limitNetwork  = throttle.Limit{Free: 100, First: 30 * time.Second, Max: 15 * time.Minute}
	limitResponse = throttle.Limit{Free: 50, First: 30 * time.Second, Max: 15 * time.Minute}

	limitChallenge = throttle.Limit{Free: 100, First: 30 * time.Second, Max: time.Minute}
	limitVerify    = throttle.Limit{Free: 6, First: 10 * time.Second, Max: time.Minute, Forget: 10 * time.Minute}
	limitSetUp     = throttle.Limit{Free: 20, First: 30 * time.Second, Max: 5 * time.Minute}

	// About ten an hour to one mail domain, and 200 a day.
	limitInvite  = throttle.Limit{Free: 10, First: 6 * time.Minute, Max: 6 * time.Minute, Forget: time.Hour}
	limitInvites = throttle.Limit{Free: 200, First: 432 * time.Second, Max: 432 * time.Second}
	limitAccept  = throttle.Limit{Free: 10, First: 30 * time.Second, Max: 5 * time.Minute}
)

// knownFor is how long a browser counts as the person's after they signed in there.
const knownFor = 180 * 24 * time.Hour

// counter is one thing that is counted. Its name is hashed before it is stored.
type counter struct {
	name   string
	limit  throttle.Limit
	shared bool // with other people: a success takes only itself out
}

func (c counter) id() string {
	sum := hashOf(c.name)
	return hexOf(sum[:])
}

func proveCounters(userID string) []counter {
	return []counter{{name: "prove\x00" + userID, limit: limitNear}}
}

func networkCounter(ip string) counter {
	return counter{name: "network\x00" + network(ip), limit: limitNetwork, shared: true}
}

// responseCounter counts each reason by itself: who posts rubbish must not hide who
// posts forgeries.
func responseCounter(connectionID, ip string, code Code) counter {
	name := "response\x00" + connectionID + "\x00" + network(ip) + "\x00" + string(code)
	return counter{name: name, limit: limitResponse, shared: true}
}

// passwordCounters are those of one attempt. An address that may be a proxy's is not
// counted as a network: it would be one network for everybody.
func (s *Service) passwordCounters(ctx context.Context, v Visit, addressKey string) ([]counter, error) {
	known, err := s.knows(ctx, v, addressKey)
	if err != nil {
		return nil, err
	} else if known {
		return []counter{{name: "browser\x00" + v.browser(addressKey), limit: limitNear}}, nil
	}
	out := []counter{
		{name: "password\x00" + addressKey + "\x00" + network(v.IP), limit: limitNear},
		{name: "password\x00" + addressKey, limit: limitWide},
	}
	if outside(v.IP) {
		out = append(out, networkCounter(v.IP))
	}
	return out, nil
}

// knows reports whether the person has signed in in this browser before.
func (s *Service) knows(ctx context.Context, v Visit, addressKey string) (bool, error) {
	known, err := browsers.get(ctx, s.store, "", v.browser(addressKey))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && s.now().Before(known.ExpiresAt), err
}

// challengeCounters count the right passwords that a second factor was asked after, until
// one is shown: who has the password alone shall not fill the log with them.
func challengeCounters(userID string) []counter {
	return []counter{{name: "challenge\x00" + userID, limit: limitChallenge}}
}

// setUpCounters count how often a person begins to set up a second factor.
func setUpCounters(userID string) []counter {
	return []counter{{name: "set up\x00" + userID, limit: limitSetUp}}
}

// verifyCounters count how often an org has us look for its records now.
func verifyCounters(orgID string) []counter {
	return []counter{{name: "verify\x00" + orgID, limit: limitVerify}}
}

// inviteCounters count the mails that an org has sent to people it invites: to a mail domain,
// and altogether.
func inviteCounters(orgID, domain string) []counter {
	return []counter{
		{name: "invite\x00" + orgID + "\x00" + domain, limit: limitInvite},
		{name: "invite\x00" + orgID, limit: limitInvites},
	}
}

// acceptCounters count how often somebody sets a password by one invitation: each costs a hash.
func acceptCounters(key string) []counter {
	return []counter{{name: "accept\x00" + key, limit: limitAccept}}
}

// browser names this browser and one person, for nobody who does not know both.
func (v Visit) browser(addressKey string) string {
	sum := hashOf("browser\x00" + v.id() + "\x00" + addressKey)
	return hexOf(sum[:])
}

// remember makes the browser one of the person's.
func (c *change) remember(ctx context.Context, v Visit, u store.User) error {
	return c.rememberAs(ctx, v, u.AddressKey, u.ID)
}

// rememberAs makes the browser a known one under that name, until the person's browsers
// are forgotten.
func (c *change) rememberAs(ctx context.Context, v Visit, name, userID string) error {
	if v.id() == "" {
		return nil
	}
	id := v.browser(name)
	b, err := browsers.get(ctx, c, "", id)
	if errors.Is(err, store.ErrNotFound) {
		b = browsers.fresh("", id, "", c.now, c.now.Add(knownFor), struct{}{})
		b.Owner = userID
	} else if err != nil || b.ExpiresAt.Sub(c.now) > knownFor/2 {
		return err
	}
	b.ExpiresAt = c.now.Add(knownFor)
	return browsers.put(ctx, c, b)
}

// forgetBrowsers makes every browser a stranger's again, however many there are, and has the code
// of a second factor asked in each.
func (c *change) forgetBrowsers(ctx context.Context, userID string) error {
	if _, err := browsers.drop(ctx, c, "", []string{userID}, nil); err != nil {
		return err
	}
	_, err := c.forgetDevices(ctx, userID)
	return err
}

// book counts an attempt before the secret is looked at, and commits the count by
// itself: a login that is rolled back, or a client that hangs up, was counted all the
// same. Unknown addresses are counted like known ones. It returns a *Refusal when a
// limit is reached, and then has counted nothing; that one is not recorded, or whoever
// is locked out could fill the log at will. The failures that led to it are.
func (s *Service) book(ctx context.Context, counters []counter) error {
	for _, c := range counters {
		if err := s.open(ctx, c); err != nil {
			return err
		}
	}
	for _, c := range counters {
		if err := s.bookOne(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// failed counts what has failed, and reports whether it is too much.
func (s *Service) failed(ctx context.Context, c counter) (flood bool, err error) {
	err = s.bookOne(ctx, c)
	if IsRefusal(err, CodeLocked) {
		return true, nil
	}
	return false, err
}

// open refuses while the counter's limit is reached.
func (s *Service) open(ctx context.Context, c counter) error {
	at, err := attempts.get(ctx, s.store, "", c.id())
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	_, err = c.begin(at.Value, s.now())
	return err
}

// begin books one attempt in the count, or refuses.
func (c counter) begin(s throttle.State, now time.Time) (throttle.State, error) {
	next, err := c.limit.Begin(s, now)
	var locked *throttle.LockedError
	if errors.As(err, &locked) {
		no := refuse(CodeLocked, "too many attempts in a row")
		no.RetryAfter = locked.RetryAfter
		return s, no
	}
	return next, err
}

func (s *Service) bookOne(ctx context.Context, c counter) error {
	for range 50 {
		now := s.now()
		at, err := attempts.get(ctx, s.store, "", c.id())
		if errors.Is(err, store.ErrNotFound) {
			at = attempts.fresh("", c.id(), "", now, time.Time{}, throttle.State{})
		} else if err != nil {
			return err
		}
		if at.Value, err = c.begin(at.Value, now); err != nil {
			return err
		}
		at.ExpiresAt = c.limit.ForgottenAt(at.Value)
		d, err := at.doc()
		if err != nil {
			return err
		}
		err = s.store.SwapDoc(ctx, d)
		if err == nil {
			return nil
		}
		if !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrExists) && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	// So many others try the same thing at this moment that it can only be guessing.
	no := refuse(CodeLocked, "too many attempts at once")
	no.RetryAfter = limitNear.First
	return no
}

// bookIn keeps a value that counts its attempts by itself, before the secret is looked at.
// Who loses the race is refused, and has seen nothing.
func bookIn[T any](ctx context.Context, s *Service, v kept[T]) (kept[T], error) {
	d, err := v.doc()
	if err != nil {
		return v, err
	}
	err = s.store.SwapDoc(ctx, d)
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		return v, refuse(CodeConflict, "another attempt is under way")
	} else if err != nil {
		return v, err
	}
	v.Version++
	return v, nil
}

// settle forgets the counts in the transaction of the success they guarded, but for
// that of a network, which is others' as well.
func settle(ctx context.Context, c *change, counters []counter) error {
	for _, k := range counters {
		if k.shared {
			continue
		}
		err := c.DeleteDoc(ctx, attempts.kind, "", k.id())
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// excused gives back what was booked for an attempt that ended in a fault of ours, or a
// store that is away would lock out whoever knows the password. Who hangs up stays
// counted, and so does who was refused.
func (s *Service) excused(ctx context.Context, counters []counter, err error) error {
	var no *Refusal
	if err != nil && !errors.As(err, &no) && ctx.Err() == nil {
		s.giveBack(ctx, counters, every)
	}
	return err
}

// shared are the counts that are others' as well, which settle leaves alone.
func shared(c counter) bool { return c.shared }

func every(counter) bool { return true }

// giveBack takes an attempt that was right, or was none, out of those counts. When that
// can't be done they have one attempt less.
func (s *Service) giveBack(ctx context.Context, counters []counter, which func(counter) bool) {
	ctx, cancel := lingering(ctx)
	defer cancel()
	for _, k := range counters {
		if !which(k) {
			continue
		}
		for range 10 {
			at, err := attempts.get(ctx, s.store, "", k.id())
			if err != nil {
				break
			}
			at.Value = k.limit.GiveBack(at.Value)
			d, err := at.doc()
			if err != nil || !errors.Is(s.store.SwapDoc(ctx, d), store.ErrConflict) {
				break
			}
		}
	}
}

// outside reports whether ip is a client's for sure, and not that of a proxy beside us.
func outside(ip string) bool {
	a := addrOf(ip)
	return a.IsValid() && !a.IsLoopback() && !a.IsPrivate() && !a.IsLinkLocalUnicast() && !a.IsUnspecified()
}

// network is what one customer of an access provider can change at will: an IPv4
// address, or the /64 of an IPv6 one. What is no address is all one network, or a
// header that is made up anew each time would be a way round.
func network(ip string) string {
	a := addrOf(ip)
	if !a.IsValid() {
		return ""
	}
	if a.Is4() {
		return a.String()
	}
	p, _ := a.Prefix(64)
	return p.String()
}

// addrOf is the address, with a port or without; the zero one of what is none.
func addrOf(ip string) netip.Addr {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		withPort, err := netip.ParseAddrPort(ip)
		if err != nil {
			return netip.Addr{}
		}
		a = withPort.Addr()
	}
	return a.Unmap().WithZone("")
}
