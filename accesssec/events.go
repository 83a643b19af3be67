package accesssec

import (
	"strconv"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// Events are made here and nowhere else, from what may be written down: no event can
// hold a secret, because none of these takes one.

// by starts an event of a person at a browser.
func (v Visit) by(t audit.Type, actor audit.Actor) audit.Event {
	return audit.Event{Type: t, Actor: actor, Trace: v.Trace, IP: v.IP, Agent: v.Agent, Outcome: audit.Success}
}

// acting is who acts, as the store has them now, and the session they act in: none
// when it is the host that vouches for them.
type acting struct {
	user    store.User
	session store.Session
	role    policy.Role // in the org that they act in, where that was asked
}

// by starts an event of the one who acts.
func (a acting) by(t audit.Type, targets ...audit.Target) audit.Event {
	s := a.session
	e := audit.Event{Type: t, Actor: actorOf(a.user), Session: s.ID, IP: s.IP, Agent: s.Agent, Targets: targets, Outcome: audit.Success}
	if s.ID == "" {
		e.Actor = audit.Actor{Kind: audit.KindHost, OnBehalfOf: a.user.ID}
	}
	return e
}

// byHost starts an event of the host's own code.
func byHost(t audit.Type, targets ...audit.Target) audit.Event {
	return audit.Event{Type: t, Actor: audit.Actor{Kind: audit.KindHost}, Targets: targets, Outcome: audit.Success}
}

// bySystem starts an event of our own background work.
func bySystem(t audit.Type, targets ...audit.Target) audit.Event {
	return audit.Event{Type: t, Actor: audit.Actor{Kind: audit.KindSystem}, Targets: targets, Outcome: audit.Success}
}

func actorOf(u store.User) audit.Actor {
	return audit.Actor{Kind: audit.KindUser, ID: u.ID, Name: fullName(u), Address: u.Address}
}

// stranger is whoever typed an address: nobody, until proven.
func stranger(a domainclaim.Address) audit.Actor {
	return audit.Actor{Kind: audit.KindStranger, Address: a.String()}
}

func personOf(u store.User) audit.Target {
	return audit.Target{Kind: audit.KindUser, ID: u.ID, Name: u.Address, Person: true}
}

func thing(kind, id, name string) audit.Target {
	return audit.Target{Kind: kind, ID: id, Name: name}
}

func fullName(u store.User) string {
	if u.FirstName == "" || u.LastName == "" {
		return u.FirstName + u.LastName
	}
	return u.FirstName + " " + u.LastName
}

func fact(key, value string) audit.Fact { return audit.Fact{Key: key, Value: value} }

func count(key string, n int) audit.Fact { return fact(key, strconv.Itoa(n)) }

// changed lists the settings that differ, in the order of the form.
func changed(old, next Settings) []audit.Change {
	var out []audit.Change
	add := func(field, from, to string) {
		if from != to {
			out = append(out, audit.Change{Field: field, Old: from, New: to})
		}
	}
	add("require_sso", strconv.FormatBool(old.RequireSSO), strconv.FormatBool(next.RequireSSO))
	add("idp_managed", strconv.FormatBool(old.IdPManaged), strconv.FormatBool(next.IdPManaged))
	add("block_external", strconv.FormatBool(old.BlockExternal), strconv.FormatBool(next.BlockExternal))
	add("session_idle", old.SessionIdle.String(), next.SessionIdle.String())
	add("session_end", old.SessionEnd.String(), next.SessionEnd.String())
	add("methods", listed(old.Methods), listed(next.Methods))
	add("require_factor", strconv.FormatBool(old.RequireFactor), strconv.FormatBool(next.RequireFactor))
	add("factor_from", day(old.FactorFrom), day(next.FactorFrom))
	add("remember_devices", old.RememberDevices.String(), next.RememberDevices.String())
	return out
}

// listed are the ways in as the log has them.
func listed(methods []policy.Method) string {
	if len(methods) == 0 {
		return "all"
	}
	var names []string
	for _, m := range methods {
		names = append(names, string(m))
	}
	return strings.Join(names, " ")
}

// day is a time in the log; "none" for none.
func day(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.UTC().Format(time.RFC3339)
}
