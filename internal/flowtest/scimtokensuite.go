package flowtest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/scimtest"
	"github.com/accesssec/accesssec-go/store"
)

// scimSuiteFlows: the suite that hosts run against their own mounts, every body that a client
// is known to send, and the clients' own sequences, against an org's provisioning.
func scimSuiteFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"checks": func(t *testing.T, w *world) { scimtest.Run(t, scimSuiteTarget(w, "")) },
		"bodies": func(t *testing.T, w *world) { scimtest.RunBodies(t, scimSuiteTarget(w, "")) },
		"walks":  scimSuiteWalks,
	})
}

// scimSuiteTarget is Acme's provisioning, beside that of another org.
func scimSuiteTarget(w *world, p scim.Profile) scimtest.Target {
	w.t.Helper()
	w.rehost(func(o *accesssec.Options) {
		supported(o)
		o.SCIMRate = 1_000_000 // the clients wait by the real clock, and this one stands
	})
	made := func(name, domain string) scimtest.Target {
		c := w.newOrg(name, "owner@"+domain)
		c.verify(domain)
		if p != "" {
			must1(c.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{Profile: p}))
		}
		var n atomic.Int64
		return scimtest.Target{URL: w.host.URL + w.svc.SCIMPath(), Token: c.provisioner().token, Profile: p,
			NewUserName: func() string { return fmt.Sprintf("person-%d@%s", n.Add(1), domain) }}
	}
	acme, other := made("Acme", "example.com"), made("Other", "example.org")
	acme.Other = &other
	return acme
}

func scimSuiteWalks(t *testing.T, w *world) {
	target := scimSuiteTarget(w, "")
	ctx, cancel := context.WithTimeout(w.ctx, 3*time.Minute)
	defer cancel()
	for _, c := range []scimtest.Client{
		scimtest.NewEntra(target, false), scimtest.NewEntra(target, true), scimtest.NewOkta(target),
		scimtest.NewOneLogin(target), scimtest.NewJumpCloud(target), scimtest.NewAuthentik(target),
	} {
		report, err := scimtest.Walk(ctx, c)
		if err != nil || len(report.Steps) < 5 {
			t.Errorf("%v: %v", report, err)
		}
	}
}
