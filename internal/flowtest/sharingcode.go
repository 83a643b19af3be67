package flowtest

import (
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

func sharingCodeFlows() map[string]flow {
	return map[string]flow{
		"good once, however it is typed":      codeOnce,
		"what is no code, or none any more":   codeRefused,
		"guessing":                            codeGuessing,
		"ten at a time":                       codeLimit,
		"Owners alone, who have proven it":    codeOwners,
		"one level":                           codeOneLevel,
		"one code, many orgs":                 codeRace,
		"a chain that is made at both ends":   codeChainRace,
		"a preview that is not true any more": codeStale,
		"a plan that has it not":              codeEntitled,
	}
}

func codeOnce(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	one, two := w.newOrg("One", "owner@example.net"), w.newOrg("Two", "owner@example.org")
	code := acme.linkingCode()
	if len(code) != 34 || strings.Trim(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-") != "" {
		t.Errorf("the code is %q", code)
	}
	docs, err := w.store.Docs(w.ctx, "linking_code", acme.owner.OrgID, store.DocQuery{})
	w.must(err)
	for _, d := range docs.Items {
		if strings.Contains(string(d.Body)+d.Key+d.ID, strings.ReplaceAll(code, "-", "")) {
			t.Error("the store has the code in clear")
		}
	}
	typed := " " + strings.NewReplacer("-", " ", "0", "o", "1", "l").Replace(strings.ToLower(code)) + "\n"
	p, err := one.admin().PreviewLink(w.ctx, typed, nil)
	w.must(err)
	w.must(one.admin().LinkTo(w.ctx, typed, p.Hash, nil))
	_, err = two.admin().PreviewLink(w.ctx, code, nil)
	two.refuses(err, accesssec.CodeLinkCode)
	two.refuses(two.admin().LinkTo(w.ctx, code, p.Hash, nil), accesssec.CodeLinkCode)
}

func codeRefused(t *testing.T, w *world) {
	acme, beta := w.newCustomer("Acme", "example.com"), w.newOrg("Beta", "owner@example.net")
	acme.add(policy.Owner, "olga@example.com")
	old := acme.linkingCode()
	w.advance(24 * time.Hour)
	hers, err := acme.as("olga@example.com").LinkingCode(w.ctx)
	w.must(err)
	w.must(acme.admin().SetRole(w.ctx, acme.member("olga@example.com"), policy.Admin))
	cancelled := acme.linkingCode()
	if n, err := acme.admin().CancelLinkingCodes(w.ctx); err != nil || n != 2 {
		t.Errorf("%d cancelled, %v", n, err)
	}
	if n, err := acme.admin().CancelLinkingCodes(w.ctx); err != nil || n != 0 {
		t.Errorf("%d cancelled, %v", n, err)
	}
	hers2, err := acme.as("olga@example.com").LinkingCode(w.ctx)
	acme.refuses(err, accesssec.CodeNotAllowed)
	for name, code := range map[string]string{
		"none": "", "over": old, "of who is no Owner": hers.Code, "cancelled": cancelled, "never made": hers2.Code,
		"another": "0000-0000-0000-0000-0000-0000-0000", "too long": strings.Repeat("0", 300), "binary": "\x00\xff",
	} {
		if _, err := beta.admin().PreviewLink(w.ctx, code, nil); w.code(err) != accesssec.CodeLinkCode {
			t.Errorf("%s: %v", name, err)
		}
	}
	own := beta.linkingCode()
	_, err = beta.admin().PreviewLink(w.ctx, own, nil)
	beta.refuses(err, accesssec.CodeLinkCode)
	if n := len(beta.events(audit.ChangeRefused)); n != 9 {
		t.Errorf("%d refusals in the log", n)
	}
}

func codeGuessing(t *testing.T, w *world) {
	acme, beta := w.newCustomer("Acme", "example.com"), w.newOrg("Beta", "owner@example.net")
	good := acme.linkingCode()
	for range 50 { // what is right counts for nothing
		_, err := beta.admin().PreviewLink(w.ctx, good, nil)
		w.must(err)
	}
	for range 10 {
		beta.refuses(beta.admin().LinkTo(w.ctx, "0000-0000-0000-0000-0000-0000-0000", "", nil), accesssec.CodeLinkCode)
	}
	_, err := beta.admin().PreviewLink(w.ctx, good, nil)
	beta.refuses(err, accesssec.CodeLocked)
	beta.refuses(beta.admin().LinkTo(w.ctx, good, "", nil), accesssec.CodeLocked)
	w.advance(time.Minute)
	if _, err := beta.admin().PreviewLink(w.ctx, good, nil); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func codeLimit(_ *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	for range 10 {
		acme.linkingCode()
	}
	_, err := acme.admin().LinkingCode(w.ctx)
	acme.refuses(err, accesssec.CodeRoleLimit)
	w.advance(24 * time.Hour)
	acme.linkingCode()
}

func codeOwners(t *testing.T, w *world) {
	acme, beta := w.newCustomer("Acme", "example.com"), w.newOrg("Beta", "owner@example.net")
	beta.add(policy.Admin, "adam@example.net")
	calls := func(a *accesssec.Admin) map[string]error {
		_, code := a.LinkingCode(w.ctx)
		_, cancel := a.CancelLinkingCodes(w.ctx)
		_, preview := a.PreviewLink(w.ctx, "x", nil)
		_, unlink := a.PreviewUnlink(w.ctx, beta.owner.OrgID, nil)
		_, transfer := a.PreviewTransfer(w.ctx, "dom-x", acme.owner.OrgID)
		return map[string]error{
			"LinkingCode": code, "CancelLinkingCodes": cancel, "PreviewLink": preview, "LinkTo": a.LinkTo(w.ctx, "x", "", nil),
			"PreviewUnlink": unlink, "Unlink": a.Unlink(w.ctx, beta.owner.OrgID, "", nil),
			"PreviewTransfer": transfer, "TransferDomain": a.TransferDomain(w.ctx, "dom-x", acme.owner.OrgID, ""),
		}
	}
	for name, err := range calls(beta.as("adam@example.net")) {
		if w.code(err) != accesssec.CodeNotAllowed {
			t.Errorf("an Admin, %s: %v", name, err)
		}
	}
	in, err := w.byPassword("owner@example.net", right)
	w.must(err)
	for name, err := range calls(w.svc.Admin(in.Principal)) {
		if w.code(err) != accesssec.CodeProve {
			t.Errorf("not proven, %s: %v", name, err)
		}
	}
	if _, err := beta.as("adam@example.net").LinkedOrgs(w.ctx, store.Paging{}); err != nil {
		t.Error(err)
	}
}

func codeOneLevel(_ *testing.T, w *world) {
	acme, beta, gamma := w.newCustomer("Acme", "example.com"), w.newOrg("Beta", "owner@example.net"), w.newOrg("Gamma", "owner@example.org")
	later := beta.linkingCode()
	beta.linkTo(acme, false)
	_, err := gamma.admin().PreviewLink(w.ctx, later, nil) // whose sign-on is another's by now
	gamma.refuses(err, accesssec.CodeLinkCode)
	_, err = acme.admin().PreviewLink(w.ctx, gamma.linkingCode(), nil)
	acme.refuses(err, accesssec.CodeInUse)
	beta.unlink(beta, false)
	gamma.linkTo(beta, false)
}

func codeRace(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	code := acme.linkingCode()
	var orgs []*customer
	var hashes []string
	for _, owner := range []string{"a@example.net", "b@example.net", "c@example.net", "d@example.net"} {
		c := w.newOrg(owner, owner)
		p, err := c.admin().PreviewLink(w.ctx, code, nil)
		w.must(err)
		orgs, hashes = append(orgs, c), append(hashes, p.Hash)
	}
	admins := make([]*accesssec.Admin, len(orgs))
	for i, c := range orgs {
		admins[i] = c.admin()
	}
	won, codes := w.race(len(orgs), func(i int) error { return admins[i].LinkTo(w.ctx, code, hashes[i], nil) })
	if won != 1 || codes[accesssec.CodeLinkCode] != 3 {
		t.Errorf("%d linked, refused as %v", won, codes)
	}
}

func codeChainRace(t *testing.T, w *world) {
	a, b, c := w.newOrg("A", "owner@example.com"), w.newOrg("B", "owner@example.net"), w.newOrg("C", "owner@example.org")
	ofB, ofC := b.linkingCode(), c.linkingCode()
	p1, err := a.admin().PreviewLink(w.ctx, ofB, nil)
	w.must(err)
	p2, err := b.admin().PreviewLink(w.ctx, ofC, nil)
	w.must(err)
	left, right := a.admin(), b.admin()
	won, codes := w.race(2, func(i int) error {
		if i == 0 {
			return left.LinkTo(w.ctx, ofB, p1.Hash, nil)
		}
		return right.LinkTo(w.ctx, ofC, p2.Hash, nil)
	})
	if won != 1 || codes[accesssec.CodeLinkCode]+codes[accesssec.CodeInUse] != 1 {
		t.Errorf("%d linked, refused as %v", won, codes)
	}
}

func codeStale(_ *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	code := acme.linkingCode()
	p, err := beta.admin().PreviewLink(w.ctx, code, nil)
	w.must(err)
	all, err := beta.admin().PreviewLink(w.ctx, code, &accesssec.LinkOptions{TransferDomains: true})
	w.must(err)
	beta.refuses(beta.admin().LinkTo(w.ctx, code, all.Hash, nil), accesssec.CodePreviewStale)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	beta.refuses(beta.admin().LinkTo(w.ctx, code, p.Hash, nil), accesssec.CodePreviewStale)
	beta.linkTo(acme, true)
	back, err := beta.admin().PreviewUnlink(w.ctx, beta.owner.OrgID, nil)
	w.must(err)
	beta.refuses(beta.admin().Unlink(w.ctx, beta.owner.OrgID, back.Hash, &accesssec.UnlinkOptions{ReturnDomains: true}), accesssec.CodePreviewStale)
	w.heldBy("example.net", acme)
}

func codeEntitled(_ *testing.T, w *world) {
	p := w.sells()
	acme, beta := w.newOrg("Acme", "owner@example.com"), w.newOrg("Beta", "owner@example.net")
	code := acme.linkingCode()
	preview, err := beta.admin().PreviewLink(w.ctx, code, nil)
	w.must(err)
	p.say(true, nil)
	_, err = acme.admin().LinkingCode(w.ctx)
	acme.refuses(err, accesssec.CodeNotEntitled)
	beta.refuses(beta.admin().LinkTo(w.ctx, code, preview.Hash, nil), accesssec.CodeNotEntitled)
	p.say(false, nil)
	w.must(beta.admin().LinkTo(w.ctx, code, preview.Hash, nil))
	p.say(true, nil)
	beta.unlink(beta, true) // what is on can always be switched off
}
