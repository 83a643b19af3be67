package accesssec

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

const (
	noticeJob = "notice"
	noticeFor = 3 * 24 * time.Hour

	mostOfValue = 500 // characters
)

// message is a notice before it is addressed.
type message struct {
	template Template
	orgID    string
	values   map[string]string
	lasts    time.Duration // until it is given up; 0: three days
}

// posted is a notice as it waits: sealed, because a notice may hold a secret, and
// rendered, so that each delivery is the same whatever release makes it.
type posted struct {
	Template Template          `json:"template"`
	Values   map[string]string `json:"values"`
	UserID   string            `json:"user"`
	To       string            `json:"to"`
	Subject  string            `json:"subject"`
	Text     string            `json:"text"`
	Expires  time.Time         `json:"expires"`
}

// notify puts a message into the outbox, once for each of to, in the transaction of the
// change it tells of: one that is undone tells nobody. Who is disabled, or whose address
// nobody has proven, gets none. Without a Notifier nothing is written.
func (s *Service) notify(ctx context.Context, c *change, m message, to ...store.User) error {
	if s.opts.Notify == nil {
		return nil
	}
	values := make(map[string]string, len(m.values))
	for k, v := range m.values {
		values[k] = oneLine(v, mostOfValue)
	}
	subject, text, err := render(m.template, values)
	if err != nil {
		return err
	}
	if m.lasts == 0 {
		m.lasts = noticeFor
	}
	until := c.now.Add(m.lasts)
	var jobs []store.Job
	for _, u := range to {
		if _, err := domainclaim.ParseAddress(u.Address); err != nil || u.Disabled || !u.AddressVerified {
			continue
		}
		plain, err := json.Marshal(posted{m.template, values, u.ID, u.Address, subject, text, until})
		if err != nil {
			return fmt.Errorf("accesssec: notice: %w", err)
		}
		id := newID("ntc")
		body, err := jobBody{Until: until, Box: s.keys.Seal(plain, "job", noticeJob, m.orgID, id)}.encode()
		if err != nil {
			return err
		}
		jobs = append(jobs, store.Job{Kind: noticeJob, OrgID: m.orgID, Key: id, At: c.now, Body: body})
	}
	if len(jobs) == 0 {
		return nil
	}
	return c.PutJobs(ctx, jobs...)
}

// notifyAdmins tells each Owner and Admin of an org who is not disabled there, the one who
// acted as well: a session that was stolen acts in their name. The message gets the org, the site and
// the time.
func (s *Service) notifyAdmins(ctx context.Context, c *change, m message) error {
	if s.opts.Notify == nil {
		return nil
	}
	org, err := c.Org(ctx, m.orgID)
	if err != nil {
		return err
	}
	m.values["org"], m.values["site"] = org.Name, s.site()
	m.values["time"] = noticeTime(c.now)
	q := store.MembershipQuery{
		Roles:  []string{string(policy.Owner), string(policy.Admin)},
		Paging: store.Paging{Limit: 1000},
	}
	for {
		page, err := c.Memberships(ctx, m.orgID, q)
		if err != nil {
			return err
		}
		var users []store.User
		for _, member := range page.Items {
			if !member.Disabled {
				users = append(users, member.User)
			}
		}
		if err := s.notify(ctx, c, m, users...); err != nil {
			return err
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// noticeTime is an instant as people read it.
func noticeTime(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// tellBypass tells of a sign-in by password past the single sign-on that is required.
func (s *Service) tellBypass(ctx context.Context, c *change, orgID string, u store.User, v Visit) error {
	ip := v.IP
	if ip == "" {
		ip = "unknown"
	}
	return s.notifyAdmins(ctx, c, message{template: TemplateSSOBypassed, orgID: orgID,
		values: map[string]string{"by": u.Address, "ip": ip}})
}

// announce records a change of how people come into the org, and tells of it. One that
// changed nothing is only recorded.
func (a *Admin) announce(ctx context.Context, c *change, by acting, e audit.Event) error {
	if err := c.record(ctx, a.p.OrgID, e); err != nil {
		return err
	}
	m := message{template: TemplateConnectionChanged, orgID: a.p.OrgID, values: map[string]string{"by": by.named()}}
	var changes []string
	fields := fieldsOf(e.Changes)
	for _, ch := range e.Changes {
		changes = append(changes, fmt.Sprintf("%s from %s to %s", ch.Field, ch.Old, ch.New))
	}
	switch e.Type {
	case audit.SettingsChanged:
		m.template, m.values["changes"] = TemplateSettingsChanged, strings.Join(changes, ", ")
		if len(changes) == 0 {
			return nil
		}
		return a.s.notifyAdmins(ctx, c, m)
	case audit.ConnectionConfigured:
		m.values["change"] = "configured"
		if len(changes) == 0 {
			return nil
		}
	case audit.ConnectionEnabled:
		m.values["change"] = "enabled"
	case audit.ConnectionDisabled:
		m.values["change"] = "disabled"
	case audit.ConnectionRemoved:
		m.values["change"] = "removed"
	case audit.CertificateAdded, audit.CertificateRemoved:
		m.values["change"], fields = "configured", strings.ReplaceAll(string(e.Type), ".", " ")
	}
	m.values["fields"] = fields
	m.values["connection"] = e.Targets[0].Name
	return a.s.notifyAdmins(ctx, c, m)
}

// fieldsOf names what has changed.
func fieldsOf(changes []audit.Change) string {
	var fields []string
	for _, ch := range changes {
		fields = append(fields, ch.Field)
	}
	if len(fields) == 0 {
		return "none"
	}
	return strings.Join(fields, ", ")
}

// named is who acts, for people who are to recognise them.
func (a acting) named() string {
	if a.session.ID == "" {
		return "the application on behalf of " + a.user.Address
	}
	return a.user.Address
}

// site is the host that people know us by.
func (s *Service) site() string {
	u, err := url.Parse(s.origin)
	if err != nil {
		return s.origin // New has parsed it
	}
	return u.Host
}

// deliver hands one notice to the host, or drops it when its time is over.
func (s *Service) deliver(ctx context.Context, j leased) (result, error) {
	var p posted
	plain, err := s.keys.Open(j.body.Box, "job", noticeJob, j.OrgID, j.Key)
	if err == nil {
		err = json.Unmarshal(plain, &p)
	}
	now := s.now()
	switch {
	case err == nil && now.Before(p.Expires) && now.Before(j.body.Until):
	case err == nil:
		return dropped(j, p, "expired"), nil
	case !now.Before(j.body.Until): // or has no Until, which nothing that we wrote lacks
		return dropped(j, p, "unreadable"), nil
	default: // an instance with newer keys can read it
		return result{}, fmt.Errorf("accesssec: notice: %w", err)
	}
	err = s.opts.Notify.Notify(ctx, Notice{
		ID: j.Key, Template: p.Template, Values: p.Values, OrgID: j.OrgID, UserID: p.UserID, To: p.To,
		Subject: p.Subject, Text: p.Text, Expires: p.Expires,
	})
	if err != nil {
		return result{}, fmt.Errorf("accesssec: Notifier: %w", err)
	}
	return result{done: 1}, nil
}

// dropped is the end of a notice that nobody got, with its event: what it was about and
// whom it was for, and nothing of what it said.
func dropped(j leased, p posted, why string) result {
	e := audit.Event{
		Type: audit.NoticeDropped, Actor: audit.Actor{Kind: audit.KindSystem}, Outcome: audit.Failed, Reason: why,
		Targets: []audit.Target{thing(audit.KindNotice, j.Key, string(p.Template))},
		Facts:   []audit.Fact{count("attempts", j.body.Attempts)},
	}
	if p.UserID != "" {
		e.Targets = append(e.Targets, thing(audit.KindUser, p.UserID, ""))
	}
	return result{done: 1, change: func(ctx context.Context, c *change) error { return c.record(ctx, j.OrgID, e) }}
}
