package flowtest

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/store"
)

// scimLimitFlows: how fast an identity provider may come.
func scimLimitFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"one token":                        scimLimitToken,
		"a bulk is many requests":          scimLimitBulk,
		"what fails, from one network":     scimLimitSource,
		"a proxy is nobody's network":      scimLimitProxy,
		"failures of one token in the log": scimLimitLog,
	})
}

// behind is a host that tells the client's address by a header.
func behind(o *accesssec.Options) {
	supported(o)
	o.TrustedIP = func(r *http.Request) string { return r.Header.Get("Client-Ip") }
}

func scimLimitToken(t *testing.T, w *world) {
	w.rehost(func(o *accesssec.Options) {
		supported(o)
		o.SCIMRate = 5
	})
	acme, beta := w.newOrg("Acme", "owner@example.com"), w.newOrg("Beta", "owner@example.net")
	p, other := acme.provisioner(), beta.provisioner()
	through := func() (n int, last scimAnswer) {
		for range 15 {
			a := p.do("GET", "/ServiceProviderConfig", "")
			if a.status == 200 {
				n++
			} else {
				last = a
			}
		}
		return n, last
	}
	n, a := through()
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	if n != 10 || a.status != 429 || a.json["status"] != "429" || err != nil || wait != 1 {
		t.Errorf("%d came through, then %d %v %s", n, a.status, a.header, a.body)
	}
	other.good()
	w.advance(time.Duration(wait) * time.Second)
	if n, _ := through(); n != 5 {
		t.Errorf("a second later: %d", n)
	}
	w.advance(time.Hour)
	if n, _ := through(); n != 10 {
		t.Errorf("an hour later: %d", n)
	}
	s := acme.scimState()
	if use := s.Tokens[0].SCIMUse; use.Requests != 45 || use.Limited != 20 || len(s.Requests) != 0 {
		t.Errorf("counted %+v, listed %+v", use, s.Requests)
	}
	if use := beta.scimState().Tokens[0].SCIMUse; use.Requests != 1 || use.Limited != 0 {
		t.Errorf("another token: %+v", use)
	}
}

// scimLimitBulk: who sends many writes in one request waits as long as who sends them one by one.
func scimLimitBulk(t *testing.T, w *world) {
	w.rehost(func(o *accesssec.Options) {
		supported(o)
		o.SCIMRate = 5
	})
	p := w.newOrg("Acme", "owner@example.com").provisioner()
	op := `{"method":"DELETE","path":"/Users/nobody"}`
	bulk := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[` + op + strings.Repeat(","+op, 59) + `]}`
	if a := p.do("POST", "/Bulk", bulk); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	a := p.do("GET", "/ServiceProviderConfig", "")
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	if a.status != 429 || err != nil || wait < 10 || wait > 12 {
		t.Errorf("after 60 writes in one: %d %v", a.status, a.header)
	}
	w.advance(time.Duration(wait) * time.Second)
	if a := p.do("GET", "/ServiceProviderConfig", ""); a.status != 200 {
		t.Errorf("%d s later: %d", wait, a.status)
	}
}

func scimLimitSource(t *testing.T, w *world) {
	st := &counting{Store: w.store}
	w.store = st
	w.rehost(behind)
	acme, beta := w.newOrg("Acme", "owner@example.com"), w.newOrg("Beta", "owner@example.net")
	known, fresh := acme.provisioner(), beta.provisioner()
	known.ip, fresh.ip = "192.0.2.7", "192.0.2.7"
	known.good()
	stranger := &provisioner{w: w, url: w.host.URL, token: w.anotherToken(), ip: "192.0.2.7"}
	codes := map[int]int{}
	for range 150 {
		codes[stranger.do("GET", "/Users", "").status]++
	}
	if codes[401] != 100 || codes[429] != 50 {
		t.Errorf("a token that is none: %v", codes)
	}
	before := st.n
	if a := stranger.do("GET", "/Users", ""); a.status != 429 || a.header.Get("Retry-After") != "1" || st.n != before {
		t.Errorf("%d %v, the store was asked %d times", a.status, a.header, st.n-before)
	}
	nothing := &provisioner{w: w, url: w.host.URL, token: "none", ip: "192.0.2.7"}
	if a := nothing.do("GET", "/Users", ""); a.status != 429 {
		t.Errorf("what is no token: %d", a.status)
	}
	known.good() // who was here before is not kept out by the others
	if a := fresh.do("GET", "/Users", ""); a.status != 429 {
		t.Errorf("who was not: %d %s", a.status, a.body)
	}
	stranger.ip = "192.0.2.8"
	if a := stranger.do("GET", "/Users", ""); a.status != 401 {
		t.Errorf("from elsewhere: %d", a.status)
	}
	stranger.ip = "2001:db8::1"
	for range 100 {
		stranger.do("GET", "/Users", "")
	}
	if stranger.ip = "2001:db8::ffff"; stranger.do("GET", "/Users", "").status != 429 {
		t.Error("another address of the same network")
	}
	w.advance(time.Second)
	fresh.good()
	known.good()
	if n := len(acme.scimState().Requests) + len(beta.scimState().Requests); n != 0 {
		t.Errorf("%d lines of strangers in the logs", n)
	}
}

func scimLimitProxy(t *testing.T, w *world) {
	w.rehost(behind)
	acme := w.newOrg("Acme", "owner@example.com")
	stranger := &provisioner{w: w, url: w.host.URL, token: w.anotherToken()}
	for _, ip := range []string{"127.0.0.1", "10.0.0.1", "", "nonsense"} {
		stranger.ip = ip
		for range 120 {
			if a := stranger.do("GET", "/Users", ""); a.status != 401 {
				t.Fatalf("%q: %d", ip, a.status)
			}
		}
		p := acme.provisioner()
		p.ip = ip
		p.good()
	}
}

func scimLimitLog(t *testing.T, w *world) {
	w.rehost(func(o *accesssec.Options) {
		supported(o)
		o.SCIMRate = 10_000
	})
	acme := w.newOrg("Acme", "owner@example.com")
	p := acme.provisioner()
	for range 120 {
		if a := p.do("GET", "/Users/none", ""); a.status != 404 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	page := must1(acme.admin().SCIMRequests(w.ctx, accesssec.SCIMRequestQuery{Paging: store.Paging{Limit: 1000}}))
	if use := acme.scimState().Tokens[0].SCIMUse; len(page.Items) != 100 || use.Unlogged != 20 || use.Failures != 120 {
		t.Errorf("%d are listed, %+v", len(page.Items), use)
	}
	w.must(acme.admin().RevokeSCIMToken(w.ctx, p.id))
	for range 50 {
		p.over()
	}
	// Who has an old token can't push out with it what is in the log.
	page = must1(acme.admin().SCIMRequests(w.ctx, accesssec.SCIMRequestQuery{Paging: store.Paging{Limit: 1000}}))
	if use := acme.scimState().Tokens[0].SCIMUse; len(page.Items) != 105 || use.Unlogged != 65 {
		t.Errorf("then %d are listed, %+v", len(page.Items), use)
	}
	if strings.Contains(w.everything(acme.owner.OrgID), "Bearer") {
		t.Error("a header is kept")
	}
}
