package accesssec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

const mailJob = "mail"

// mailAsked is a mail that somebody has asked for, as it waits: sealed, for it has a part of
// the browser's secret.
type mailAsked struct {
	For     MailFor `json:"for"`
	Address string  `json:"address"` // as it was typed
	UserID  string  `json:"user,omitempty"`
	Was     string  `json:"was,omitempty"`
	Proof   string  `json:"proof,omitempty"`
	OrgID   string  `json:"org,omitempty"`
	Invite  string  `json:"invite,omitempty"`
	After   string  `json:"after,omitempty"`
	Browser string  `json:"browser,omitempty"` // of a MailSignIn: the id of its link
	Secret  string  `json:"secret,omitempty"`  // what its code is hashed with
	IP      string  `json:"ip,omitempty"`
	Agent   string  `json:"agent,omitempty"`
	Trace   string  `json:"trace,omitempty"`

	at time.Time // of the asking, which is in the job
}

// visit is the browser that has asked, as far as the log and the policy know it.
func (m mailAsked) visit() Visit {
	return Visit{OrgID: m.OrgID, After: m.After, invite: m.Invite, IP: m.IP, Agent: m.Agent, Trace: m.Trace}
}

// askMail puts the job that answers: one row, alike for everybody.
func (s *Service) askMail(ctx context.Context, m mailAsked) error {
	job, err := s.mailJob(m)
	if err != nil {
		return err
	}
	return s.upkeep(ctx, func(tx store.Tx) error { return tx.PutJobs(ctx, job) })
}

func (s *Service) mailJob(m mailAsked) (store.Job, error) {
	plain, err := json.Marshal(m)
	if err != nil {
		return store.Job{}, fmt.Errorf("accesssec: mail: %w", err)
	}
	id, now := newID("mail"), s.now()
	body, err := jobBody{Until: now.Add(m.For.lasts()), Box: s.keys.Seal(plain, "job", mailJob, "", id)}.encode()
	return store.Job{Kind: mailJob, Key: id, At: now, Body: body}, err
}

// answerMail is the run of the job. What is to be written is found out, and the mail handed to
// the outbox, in the one transaction that ends the job.
func (s *Service) answerMail(ctx context.Context, j leased) (result, error) {
	over := !s.now().Before(j.body.Until)
	var m mailAsked
	plain, err := s.keys.Open(j.body.Box, "job", mailJob, "", j.Key)
	if err == nil {
		err = json.Unmarshal(plain, &m)
	}
	switch {
	case err != nil && over:
		s.opts.Log.WarnContext(ctx, "accesssec: a mail that was asked for can't be read, and is dropped", "key", j.Key)
		return result{done: 1}, nil
	case err != nil: // an instance with newer keys can read it
		return result{}, fmt.Errorf("accesssec: mail: %w", err)
	}
	m.at = j.body.Until.Add(-m.For.lasts())
	a, err := domainclaim.ParseAddress(m.Address)
	if err != nil {
		return result{}, err
	}
	return result{done: 1, change: func(ctx context.Context, c *change) error {
		if m.For == MailAddress {
			return s.answerAddress(ctx, c, m, a, over)
		}
		r, err := s.reply(ctx, c, m, a)
		if err != nil {
			return err
		}
		if over && r.withheld == "" {
			r.withheld, r.template, r.link = "expired", "", false
		}
		return s.sendReply(ctx, c, m, r)
	}}, nil
}

// reply is what somebody is written who has asked for a mail.
type reply struct {
	facts    facts
	visit    Visit
	template Template // "" nothing
	withheld string   // why it is not the mail that was asked for; "" it is
	why      string   // of TemplateMailOtherWay
	link     bool     // the template has one
}

// reply decides it, with the facts of now.
func (s *Service) reply(ctx context.Context, r store.Reader, m mailAsked, a domainclaim.Address) (reply, error) {
	out := reply{visit: m.visit()}
	var err error
	if m.For == MailSignUp {
		return s.replySignUp(ctx, r, out, a)
	}
	var d policy.Decision
	if out.facts, d, err = s.mailFacts(ctx, r, &out.visit, a, m.For); err != nil {
		return out, err
	}
	u := out.facts.user
	switch {
	case u.ID == "":
		out.withheld = "unknown"
	case u.Disabled:
		out.withheld = string(policy.PersonDisabled)
	case !d.Allow:
		out.withheld = string(d.Reason)
		if u.AddressVerified {
			out.template, out.why = TemplateMailOtherWay, texts[Code(d.Reason)].say
		}
	case m.For == MailSignIn:
		out.template, out.link = TemplateMailSignIn, true
	case s.hasPassword(u):
		out.template, out.link = TemplateMailPassword, true
	default:
		out.template, out.link = TemplateMailFirstPassword, true
	}
	return out, nil
}

// mailFacts are those of the person who would come by the mail. A password is of no org: where
// the one that is wanted keeps the person out, it is good for the others.
func (s *Service) mailFacts(ctx context.Context, r store.Reader, v *Visit, a domainclaim.Address, what MailFor) (facts, policy.Decision, error) {
	f, err := s.passwordFacts(ctx, r, *v, a, what.attempt())
	if err != nil {
		return f, policy.Decision{}, err
	}
	d := policy.Decide(f.in)
	if what != MailPassword || d.Allow || v.OrgID == "" && v.inviteKey() == "" {
		return f, d, nil
	}
	v.OrgID, v.Invitation, v.invite = "", "", ""
	if f, err = s.passwordFacts(ctx, r, *v, a, what.attempt()); err != nil {
		return f, policy.Decision{}, err
	}
	return f, policy.Decide(f.in), nil
}

func (s *Service) replySignUp(ctx context.Context, r store.Reader, out reply, a domainclaim.Address) (reply, error) {
	var err error
	out.facts, err = s.signingUp(ctx, r, out.visit, a)
	var no *Refusal
	switch {
	case err == nil:
		out.template, out.link = TemplateMailSignUp, true
		return out, nil
	case !errors.As(err, &no):
		return out, err
	}
	if out.withheld = string(no.Code); no.Code == CodeAccount && !out.facts.user.Disabled {
		out.template = TemplateMailAccount
	}
	return out, nil
}

// sendReply writes the link, its mail and its event.
func (s *Service) sendReply(ctx context.Context, c *change, m mailAsked, r reply) error {
	f := r.facts
	to := f.user
	if to.ID == "" {
		to = store.User{Address: f.asked.address.String()}
	}
	to.AddressVerified = true // what is written goes to the mailbox, and whoever has that shall have it
	link := mailLink{
		For: m.For, Address: to.Address, OrgID: r.visit.OrgID, Invite: r.visit.invite, After: r.visit.After, Log: f.eventOrg(),
	}
	if f.user.ID != "" {
		link.Proof = passwordProof(f.user)
	}
	values := map[string]string{"site": s.site(), "address": to.Address}
	switch {
	case m.For == MailSignIn: // where it is withheld as well: nobody knows of it then
		code := newTrace()
		if link.Code = codeHash(m.Secret, foldCode(code)); r.link {
			values["code"] = code
		} else {
			link.Proof, f.user = "", store.User{}
		}
		token, err := c.keepLink(ctx, m.Browser, f.user.ID, m.at, link)
		if err != nil {
			return err
		}
		if r.link {
			values["link"] = s.linkTo(m.For, token)
		}
	case r.link:
		token, err := c.keepLink(ctx, mailLinkID(m.For, r.facts.asked.address.Key()), f.user.ID, m.at, link)
		if err != nil {
			return err
		}
		values["link"] = s.linkTo(m.For, token)
	}
	if err := c.recordMail(ctx, link.Log, m, r); err != nil {
		return err
	}
	if r.template == "" {
		return nil
	}
	switch r.template {
	case TemplateMailOtherWay:
		values["why"] = r.why
		values["link"] = s.origin + s.opts.Path
	case TemplateMailAccount:
		values["link"] = s.origin + s.opts.Path
	default:
		values["until"] = noticeTime(c.now.Add(m.For.lasts()))
	}
	return s.notify(ctx, c, message{template: r.template, orgID: link.Log, values: values, lasts: m.For.lasts()}, to)
}

// linkTo is the page of the host's own origin that a mail leads to, whatever the request said
// that asked for it.
func (s *Service) linkTo(what MailFor, token string) string {
	return s.origin + s.opts.Path + what.page() + "?" + url.Values{"token": {token}}.Encode()
}

// recordMail says what became of a mail that was asked for.
func (c *change) recordMail(ctx context.Context, orgID string, m mailAsked, r reply) error {
	e := r.visit.by(audit.MailRequested, stranger(r.facts.asked.address))
	if u := r.facts.user; u.ID != "" {
		e.Targets = []audit.Target{personOf(u)}
	}
	e.Facts = []audit.Fact{fact("for", string(m.For))}
	if r.withheld != "" {
		e.Type, e.Outcome, e.Reason = audit.MailWithheld, audit.Refused, r.withheld
	}
	return c.record(ctx, orgID, e)
}
