package accesssectest_test

import (
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
	"github.com/accesssec/accesssec-go/domainclaim"
)

// A host's test can walk the whole life of a domain: its record goes, the domain lapses by
// the word of its name servers, and is verified again once the record is back.
func TestDomainLapses(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	claim := func() accesssec.Domain {
		t.Helper()
		list, err := w.Admin().Domains(t.Context())
		ok(t, err)
		return list[0]
	}
	pass := func(until domainclaim.State) {
		t.Helper()
		for range 60 {
			if claim().State == until {
				return
			}
			w.Advance(6 * time.Hour)
			ok(t, w.Tick())
		}
		t.Fatalf("the claim is %s, never %s", claim().State, until)
	}
	record := claim().Records()[0]
	w.DNS.Remove(record.Name)
	pass(domainclaim.Missing)
	ann, err := w.SignIn("ann@example.com")
	ok(t, err)
	says(t, ann, w.URL+"/", "ann@example.com is member of Acme")
	pass(domainclaim.Unverified)
	c, err := w.SignIn("ann@example.com")
	refused(t, c, err)
	ok(t, w.Tick()) // a notice comes after what it tells of
	told := map[accesssec.Template]int{}
	for _, n := range w.Outbox.To("owner@example.com") {
		told[n.Template]++
	}
	if told[accesssec.TemplateDomainMissing] != 3 || told[accesssec.TemplateDomainLapsed] != 1 {
		t.Errorf("the Owner was told %v", told)
	}
	w.DNS.SetTXT(record.Name, record.Value)
	pass(domainclaim.Verified)
	_, err = w.SignIn("ann@example.com")
	ok(t, err)
}
