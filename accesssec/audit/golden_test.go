package audit_test

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// The bytes below were worked out outside this package and outlive a release: a test
// that fails here means that stored logs no longer verify. Never change them; a new
// layout gets a new version and new lines beside these.
const (
	goldenOrg = "org-aaaaaaaaaaaaaaaaaaaaaaaaaa"

	goldenBody = `{"v":1,"org":"org-aaaaaaaaaaaaaaaaaaaaaaaaaa","id":"evt-bbbbbbbbbbbbbbbbbbbbbbbbbb",` +
		`"at":"2026-03-01T12:00:00.000001Z","type":"user.renamed",` +
		`"actor":{"kind":"user","id":"usr-cccccccccccccccccccccccccc",` +
		`"name":"33f7a0434a9e62972cd3fb8c941e0a15bc20e7f4b611bae1c8f0492db160134d",` +
		`"address":"b45dd0ec7493968fa6b7de6f88387d0a4861bd5577442db3cc85b81963fb6565","on_behalf_of":""},` +
		`"targets":[{"kind":"user","id":"usr-cccccccccccccccccccccccccc",` +
		`"name":"735e64e2e5ccf38e414c58c92e2fec6683a5fbfe8bcd260bd14cbba8d5520df1","person":true},` +
		`{"kind":"org","id":"org-aaaaaaaaaaaaaaaaaaaaaaaaaa","name":"R&D <Köln>","person":false}],` +
		`"outcome":"success","reason":"","session":"ses-dddddddddddddddddddddddddd","trace":"7K4Q-M2XD",` +
		`"ip":"4677cf07d81d957361c4c052c8a59b6e358cdd323f551ef982e8891566dd3191",` +
		`"agent":"663545f479b9e9cce33b32e288b4b9f51053249db93cafd28ecb69a7d9720e49",` +
		`"changes":[{"field":"first_name",` +
		`"old":"59c10bbb776fd248e7f4833ac141a420c4d9883d1d13305d16217f8c439d8166",` +
		`"new":"2ba761a599b5357e3bc516243f4ffaea89b4fb7ad78c85e020e2361168249983","personal":true},` +
		`{"field":"note","old":"","new":"line\u000aend \"\\\"","personal":false}],` +
		`"facts":[{"key":"method","value":"password"}]}`

	goldenPersonal = `{"v":1,"salt":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","values":{` +
		`"actor.name":"Ann Example","actor.address":"ann@example.com","targets.0.name":"Ann Example",` +
		`"ip":"192.0.2.7","agent":"Mozilla/5.0","changes.0.old":"Anna","changes.0.new":"Ann"}}`

	// The first of the chain.
	goldenHash = "78700e716acdaf796e5139719e6ce02d3b67d637fc958780f0b16520bdbd5c64"

	goldenPlain = `{"v":1,"org":"org-aaaaaaaaaaaaaaaaaaaaaaaaaa","id":"evt-eeeeeeeeeeeeeeeeeeeeeeeeee",` +
		`"at":"2026-03-01T12:00:01.000000Z","type":"domain.verified",` +
		`"actor":{"kind":"system","id":"","name":"","address":"","on_behalf_of":""},"targets":[],` +
		`"outcome":"success","reason":"","session":"","trace":"","ip":"","agent":"","changes":[],"facts":[]}`

	// The second, behind goldenHash.
	goldenPlainHash = "f389c018e4ac0c7a45fc2b626cc797fdcab18447056c11761d706aa77cb451b3"
)

func goldenSalt() (s [32]byte) {
	for i := range s {
		s[i] = byte(i)
	}
	return s
}

func goldenEvent() audit.Event {
	return audit.Event{
		ID:    "evt-bbbbbbbbbbbbbbbbbbbbbbbbbb",
		Type:  audit.UserRenamed,
		At:    time.Date(2026, 3, 1, 12, 0, 0, 1000, time.UTC),
		Actor: audit.Actor{Kind: audit.KindUser, ID: "usr-cccccccccccccccccccccccccc", Name: "Ann Example", Address: "ann@example.com"},
		Targets: []audit.Target{
			{Kind: audit.KindUser, ID: "usr-cccccccccccccccccccccccccc", Name: "Ann Example", Person: true},
			{Kind: audit.KindOrg, ID: goldenOrg, Name: "R&D <Köln>"},
		},
		Outcome: audit.Success,
		Session: "ses-dddddddddddddddddddddddddd",
		Trace:   "7K4Q-M2XD",
		IP:      "192.0.2.7",
		Agent:   "Mozilla/5.0",
		Changes: []audit.Change{
			{Field: "first_name", Old: "Anna", New: "Ann", Personal: true},
			{Field: "note", New: "line\nend \"\\\""},
		},
		Facts: []audit.Fact{{Key: "method", Value: "password"}},
	}
}

func plainEvent() audit.Event {
	return audit.Event{
		ID:      "evt-eeeeeeeeeeeeeeeeeeeeeeeeee",
		Type:    audit.DomainVerified,
		At:      time.Date(2026, 3, 1, 13, 0, 1, 999, time.FixedZone("", 3600)),
		Actor:   audit.Actor{Kind: audit.KindSystem},
		Outcome: audit.Success,
	}
}

func TestGoldenBytes(t *testing.T) {
	t.Parallel()
	got, err := audit.EncodeWith(goldenOrg, goldenEvent(), goldenSalt())
	if err != nil {
		t.Fatal(err)
	}
	want := store.AuditEvent{
		OrgID: goldenOrg, ID: "evt-bbbbbbbbbbbbbbbbbbbbbbbbbb",
		At: time.Date(2026, 3, 1, 12, 0, 0, 1000, time.UTC), Type: "user.renamed",
		Actor: "usr-cccccccccccccccccccccccccc", Target: "usr-cccccccccccccccccccccccccc", Outcome: "success",
		Body: []byte(goldenBody), Personal: []byte(goldenPersonal),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got, err = audit.EncodeWith(goldenOrg, plainEvent(), goldenSalt())
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Body) != goldenPlain || got.Personal != nil {
		t.Errorf("Body %s\nPersonal %s", got.Body, got.Personal)
	}
}

// What an older release wrote is read, and its chain verifies.
func TestGoldenChain(t *testing.T) {
	t.Parallel()
	hash := func(s string) (h store.Hash) {
		if n, err := hex.Decode(h[:], []byte(s)); n != len(h) || err != nil {
			t.Fatal(n, err)
		}
		return h
	}
	chain := []store.AuditEvent{
		{
			OrgID: goldenOrg, ID: "evt-bbbbbbbbbbbbbbbbbbbbbbbbbb", Seq: 1,
			At: time.Date(2026, 3, 1, 12, 0, 0, 1000, time.UTC), Type: "user.renamed",
			Actor: "usr-cccccccccccccccccccccccccc", Target: "usr-cccccccccccccccccccccccccc", Outcome: "success",
			Hash: hash(goldenHash), Body: []byte(goldenBody), Personal: []byte(goldenPersonal),
		},
		{
			OrgID: goldenOrg, ID: "evt-eeeeeeeeeeeeeeeeeeeeeeeeee", Seq: 2,
			At: time.Date(2026, 3, 1, 12, 0, 1, 0, time.UTC), Type: "domain.verified", Outcome: "success",
			Prev: hash(goldenHash), Hash: hash(goldenPlainHash), Body: []byte(goldenPlain),
		},
	}
	head, err := audit.VerifyChain(store.AuditHead{}, chain)
	if err != nil || head.Seq != 2 || head.Hash != hash(goldenPlainHash) {
		t.Errorf("head %d %x, %v", head.Seq, head.Hash, err)
	}
	got, err := audit.Decode(chain[0])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(goldenEvent(), got); diff != "" {
		t.Error(diff)
	}
}

// The example on paper is the one above. There, lines are broken between fields.
func TestDecisionShowsTheGoldenBytes(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/decisions/0001-bytes-that-outlive-a-release.md")
	if err != nil {
		t.Fatal(err)
	}
	paper := strings.ReplaceAll(string(b), "\n", "")
	for name, want := range map[string]string{"Body": goldenBody, "Personal": goldenPersonal, "Hash": goldenHash} {
		if !strings.Contains(paper, want) {
			t.Errorf("the paper does not show the %s of the golden event", name)
		}
	}
}
