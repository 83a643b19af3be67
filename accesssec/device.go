package accesssec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// longestDevice is for how long a browser may stand in for a code.
const longestDevice = 30 * 24 * time.Hour

// device is a browser that stands in for the code of a person's second factor, in one org. The
// policy weighs it: the row alone lets in nobody.
type device struct {
	Org string `json:"org"`
	// Factor is the mark of the one whose code was shown: another one, or one that has been
	// locked since, is not shown by it.
	Factor string `json:"factor"`
}

var devices = collection[device]{"device"} // owned by the person

const (
	deviceCookie = "__Host-accesssec-device"
	deviceBegins = "d1."
)

// deviceMark is the secret that a browser is remembered by: another one than that by which it is
// recognised, which it may have had from somebody else before the person came. It is made when the
// code was right. What has read a Visit, or copied it, shares it.
type deviceMark struct{ kept atomic.Pointer[string] }

func (d *deviceMark) is(secret string) { d.kept.Store(&secret) }

func (d *deviceMark) secret() string {
	if d == nil {
		return ""
	}
	if s := d.kept.Load(); s != nil {
		return *s
	}
	return ""
}

// String leaves out the secret, as does every other way to print it.
func (d *deviceMark) String() string { return "device" }

// Format is String for every verb.
func (d *deviceMark) Format(f fmt.State, _ rune) { io.WriteString(f, d.String()) }

// deviceID names a browser of one person for one org, for nobody who does not know its secret.
func (v Visit) deviceID(orgID, userID string) string {
	secret := v.device.secret()
	if secret == "" || orgID == "" || userID == "" {
		return ""
	}
	sum := hashOf("device\x00" + secret + "\x00" + orgID + "\x00" + userID)
	return hexOf(sum[:])
}

// renewDevice gives the browser a secret of its own, unless the one that it has was made for the
// same person, and nobody has ended what it stood for: in that case it goes on for all their orgs.
// What was copied out of the browser before that end is not to count again.
func (c *change) renewDevice(ctx context.Context, v Visit, f facts, mark string) error {
	if v.device.secret() != "" {
		goesOn, err := c.deviceGoesOn(ctx, v, f, mark)
		if err != nil || goesOn {
			return err
		}
	}
	v.device.is(newSecret(deviceBegins))
	return nil
}

func (c *change) deviceGoesOn(ctx context.Context, v Visit, f facts, mark string) (bool, error) {
	everywhere, there, _, err := f.lastOut(ctx, c)
	if err != nil {
		return false, err
	}
	orgs, err := c.OrgsOf(ctx, f.user.ID)
	if err != nil {
		return false, err
	}
	goesOn := false
	for _, m := range orgs {
		k, err := devices.get(ctx, c, "", v.deviceID(m.OrgID, f.user.ID))
		if errors.Is(err, store.ErrNotFound) || err == nil && (k.Owner != f.user.ID || !c.now.Before(k.ExpiresAt)) {
			continue
		} else if err != nil {
			return false, err
		}
		if k.Value.Factor != mark || k.At.Before(everywhere) ||
			m.OrgID == f.in.Target.ID && (!f.stands(k, mark, c.now) || k.At.Before(there)) {
			return false, nil
		}
		goesOn = true
	}
	return goesOn, nil
}

// stands reports whether a browser counts in the org that is wanted, by what the org says now.
func (f facts) stands(k kept[device], mark string, now time.Time) bool {
	return k.Owner == f.user.ID && k.Value.Org == f.in.Target.ID && k.Value.Factor == mark &&
		now.Before(k.ExpiresAt) && now.Before(k.At.Add(f.access.RememberDevices)) && !k.At.Before(f.access.DevicesOn)
}

// remembered has the browser shown in place of a code, where it is remembered for this org, and
// the org has not forgotten all of them since, nor made the time shorter, nor ended the person's
// sessions.
func (f *facts) remembered(ctx context.Context, r store.Reader, now time.Time) error {
	a := f.in.Attempt
	if f.asked.browser == nil || !a.Method.Own() || a.Second != "" || f.in.Person.Factor != policy.FactorLive ||
		f.in.Target == nil || !f.in.Target.Devices {
		return nil
	}
	id := f.asked.browser(f.in.Target.ID, f.user.ID)
	if id == "" {
		return nil
	}
	k, err := devices.get(ctx, r, "", id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if !f.stands(k, f.factor, now) {
		return nil
	}
	everywhere, there, _, err := f.lastOut(ctx, r)
	if err == nil && !k.At.Before(latest(everywhere, there)) {
		f.in.Attempt.Second = policy.Device
	}
	return err
}

// rememberDevice keeps the browser in which a code was shown, when the person has asked for it
// and the org that they have entered allows it. They are told when the browser was none before: one
// whose time is over, or that was forgotten for another factor, is none.
func (s *Service) rememberDevice(ctx context.Context, c *change, v Visit, f facts, mark string, in *Entered) error {
	if !v.Remember || in == nil || in.Principal.OrgID == "" || f.in.Target == nil || !f.in.Target.Devices {
		return nil
	}
	if v.device == nil {
		return nil // it is no browser's
	}
	if err := c.renewDevice(ctx, v, f, mark); err != nil {
		return err
	}
	id := v.deviceID(in.Principal.OrgID, f.user.ID)
	in.device = v.device
	until := c.now.Add(min(f.access.RememberDevices, longestDevice))
	k, err := devices.get(ctx, c, "", id)
	if errors.Is(err, store.ErrNotFound) {
		k, err = devices.fresh("", id, "", c.now, until, device{}), nil
	}
	if err != nil {
		return err
	}
	known := k.Owner == f.user.ID && k.Value.Factor == mark && c.now.Before(k.ExpiresAt) && c.now.Before(k.At.Add(f.access.RememberDevices))
	k.Owner, k.At, k.ExpiresAt, k.Value = f.user.ID, c.now, until, device{Org: in.Principal.OrgID, Factor: mark}
	if err := devices.put(ctx, c, k); err != nil {
		return err
	}
	e := v.by(audit.DeviceRemembered, actorOf(f.user))
	e.Session = in.Principal.SessionID
	e.Facts = []audit.Fact{fact("until", noticeTime(until))}
	if err := c.record(ctx, in.Principal.OrgID, e); err != nil || known {
		return err
	}
	ip := v.IP
	if ip == "" {
		ip = "unknown"
	}
	return s.tellFactor(ctx, c, TemplateDeviceRemembered, f.user, map[string]string{"org": f.in.Target.Name, "ip": ip, "until": noticeTime(until)})
}

// forgetDevices makes every browser of a person ask for the code of their second factor again,
// and counts them.
func (c *change) forgetDevices(ctx context.Context, userID string) (int, error) {
	return devices.drop(ctx, c, "", []string{userID}, nil)
}

// Rememberable is for how long this browser could stand in for the code that its sign-in waits
// for, if Visit.Remember is set with it: what the org that is entered allows. 0: not at all, or
// nothing waits here. A recovery code has no browser remembered.
func (i *SignIn) Rememberable(ctx context.Context, v Visit) (time.Duration, error) {
	s := i.s
	half, _, err := s.halfLogin(ctx, v)
	if IsRefusal(err, CodeHalfOver) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	a, err := domainclaim.ParseAddress(half.Value.Address)
	if err != nil {
		return 0, err
	}
	v.OrgID, v.After, v.invite = half.Value.OrgID, half.Value.After, half.Value.Invite
	f, err := s.insteadFacts(ctx, s.store, v, half.Value.Instead, a, policy.Attempt{Method: half.Value.Method, Second: policy.TOTP})
	if err != nil {
		return 0, err
	}
	if d := policy.Decide(f.in); !d.Allow || d.OwnAccount || d.SetUp || !f.in.Target.Devices {
		return 0, nil
	}
	return min(f.access.RememberDevices, longestDevice), nil
}
