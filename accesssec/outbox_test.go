package accesssec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// TestNotify: which people and which Service get a job each.
func TestNotify(t *testing.T) {
	t.Parallel()
	ann := store.User{ID: "usr-a", Address: "ann@example.com", AddressVerified: true}
	off, squatter, odd := ann, ann, ann
	off.Disabled, squatter.AddressVerified, odd.Address = true, false, "ann@example.com\r\nBcc: bob@example.com"
	values := map[string]string{}
	for _, k := range Templates()[0].Keys {
		values[k.Key] = "x"
	}
	for name, tt := range map[string]struct {
		opts *Options
		to   []store.User
		want int
	}{
		"two":                       {&Options{Notify: nobody{}}, []store.User{ann, ann}, 2},
		"nobody":                    {&Options{Notify: nobody{}}, nil, 0},
		"who must not":              {&Options{Notify: nobody{}}, []store.User{off, squatter, odd}, 0},
		"nobody to deliver it":      {nil, []store.User{ann}, 0},
		"some who must and one not": {&Options{Notify: nobody{}}, []store.User{ann, off}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testService(t, tt.opts)
			now := s.now()
			err := s.store.RunInTx(t.Context(), func(tx store.Tx) error {
				m := message{template: Templates()[0].Name, values: values, lasts: time.Hour}
				return s.notify(t.Context(), &change{Tx: tx, now: now}, m, tt.to...)
			})
			if err != nil {
				t.Fatal(err)
			}
			jobs, err := s.store.LeaseJobs(t.Context(), store.LeaseQuery{Kinds: []string{noticeJob}, Worker: "w", Now: now, Until: now.Add(time.Hour)})
			if err != nil || len(jobs) != tt.want {
				t.Errorf("%d jobs, want %d, %v", len(jobs), tt.want, err)
			}
			for _, j := range jobs {
				if b := readJobBody(j.Body); !b.Until.Equal(now.Add(time.Hour)) || b.Attempts != 0 {
					t.Errorf("%+v", b)
				}
			}
		})
	}
}

// TestDeliverKeepsToTheSealedTime: whoever can write the store can't make a notice, and
// what it holds, last longer.
func TestDeliverKeepsToTheSealedTime(t *testing.T) {
	t.Parallel()
	s := testService(t, &Options{Notify: refuser{t}})
	now := s.now()
	box := s.keys.Seal([]byte(`{"template":"x","user":"usr-a","expires":"2020-01-01T00:00:00Z"}`), "job", noticeJob, "org-a", "ntc-a")
	j := leased{store.Job{Kind: noticeJob, OrgID: "org-a", Key: "ntc-a"}, jobBody{Until: now.Add(time.Hour), Box: box}}
	res, err := s.deliver(t.Context(), j)
	if err != nil || res.change == nil {
		t.Errorf("not dropped: %+v, %v", res, err)
	}
	// Without its place, without its time, with nothing in it: never delivered.
	for name, b := range map[string]jobBody{
		"of another place": {Until: now.Add(time.Hour), Box: s.keys.Seal([]byte(`{}`), "job", noticeJob, "org-b", "ntc-a")},
		"not sealed":       {Until: now.Add(time.Hour), Box: []byte(`{"expires":"2999-01-01T00:00:00Z"}`)},
		"empty":            {},
	} {
		j.body = b
		if res, err := s.deliver(t.Context(), j); err == nil && res.change == nil {
			t.Errorf("%s: taken for delivered", name)
		}
	}
}

// refuser is a Notifier that must not be called.
type refuser struct{ t *testing.T }

func (r refuser) Notify(context.Context, Notice) error {
	r.t.Error("delivered")
	return nil
}

// crowded is a store with so many logs that can't be sealed that they fill the answer.
type crowded struct {
	store.Store
	orgs []string
}

var errBad = errors.New("bad log")

func (c *crowded) UnsealedOrgs(_ context.Context, limit int) ([]string, error) {
	return slices.Clone(c.orgs[:min(limit, len(c.orgs))]), nil
}

func (c *crowded) RunInTx(_ context.Context, fn func(store.Tx) error) error {
	return fn(crowdedTx{c: c})
}

type crowdedTx struct {
	store.Tx
	c *crowded
}

func (tx crowdedTx) AuditHead(_ context.Context, orgID string) (store.AuditHead, error) {
	if strings.HasPrefix(orgID, "bad") {
		return store.AuditHead{}, errBad
	}
	tx.c.orgs = slices.DeleteFunc(tx.c.orgs, func(o string) bool { return o == orgID })
	return store.AuditHead{}, nil
}

func (crowdedTx) AuditEvents(context.Context, string, store.AuditQuery) (store.Page[store.AuditEvent], error) {
	return store.Page[store.AuditEvent]{}, nil
}

var _ audit.Sealer = crowdedTx{}

func TestLogsBehindManyBadOnesAreSealed(t *testing.T) {
	t.Parallel()
	c := &crowded{}
	for i := range 1500 {
		c.orgs = append(c.orgs, fmt.Sprintf("bad-%04d", i))
	}
	for i := range 700 {
		c.orgs = append(c.orgs, fmt.Sprintf("good-%04d", i))
	}
	s := testService(t, nil)
	s.store = c
	res, err := s.sealLogs(t.Context(), leased{})
	if res.done != 700 || len(c.orgs) != 1500 || !errors.Is(err, errBad) {
		t.Errorf("%d sealed, %d left", res.done, len(c.orgs))
	}
}
