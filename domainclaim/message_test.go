package domainclaim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/accesssec/accesssec-go/domainclaim"
)

func txt(owner string, parts ...string) dnsmessage.Resource {
	return record(owner, dnsmessage.TypeTXT, &dnsmessage.TXTResource{TXT: parts})
}

func alias(owner, target string) dnsmessage.Resource {
	return record(owner, dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(target)})
}

func with(h dnsmessage.Header, rcode dnsmessage.RCode) dnsmessage.Header {
	h.RCode = rcode
	return h
}

// TestReadMessage: what an answer to a question about example.com comes to.
func TestReadMessage(t *testing.T) {
	t.Parallel()
	ask := dnsmessage.Question{Name: dnsmessage.MustNewName("example.com."), Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassINET}
	soa := record(".", dnsmessage.TypeSOA, &dnsmessage.SOAResource{NS: dnsmessage.MustNewName("ns."), MBox: dnsmessage.MustNewName("mb.")})
	ns := record(".", dnsmessage.TypeNS, &dnsmessage.NSResource{NS: dnsmessage.MustNewName("ns.")})
	a := record("example.com.", dnsmessage.TypeA, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}})
	chaos := txt("example.com.", "other class")
	chaos.Header.Class = dnsmessage.ClassCHAOS
	many := slices.Repeat([]dnsmessage.Resource{txt("example.com.", "x")}, 1025)
	resolver := dnsmessage.Header{ID: 7, Response: true, RecursionAvailable: true}
	authority := dnsmessage.Header{ID: 7, Response: true, Authoritative: true}
	neither := dnsmessage.Header{ID: 7, Response: true}
	type rrs = []dnsmessage.Resource
	for label, tt := range map[string]struct {
		header               dnsmessage.Header
		questions            []dnsmessage.Question
		answers, authorities rrs
		code                 domainclaim.Code
		values               []string
		passed               bool // over, as somebody else's
	}{
		"records":              {header: resolver, answers: rrs{txt("Example.COM.", "a", "b"), txt("example.com.", "c")}, code: domainclaim.CodeOK, values: []string{"ab", "c"}},
		"cached by a server":   {header: neither, answers: rrs{txt("example.com.", "a")}, code: domainclaim.CodeOK, values: []string{"a"}},
		"others beside":        {header: resolver, answers: rrs{a, chaos, txt("example.com.", "a"), txt("example.org.", "b")}, code: domainclaim.CodeOK, values: []string{"a"}},
		"alias after target":   {header: resolver, answers: rrs{txt("b.org.", "a"), alias("example.com.", "B.ORG.")}, code: domainclaim.CodeOK, values: []string{"a"}},
		"alias, then nothing":  {header: resolver, answers: rrs{alias("example.com.", "b.org.")}, authorities: rrs{soa}, code: domainclaim.CodeNoData},
		"alias, then no name":  {header: with(resolver, 3), answers: rrs{alias("example.com.", "b.org.")}, code: domainclaim.CodeNoName},
		"alias alone":          {header: resolver, answers: rrs{alias("example.com.", "b.org.")}},
		"two aliases":          {header: resolver, answers: rrs{alias("example.com.", "b.org."), alias("example.com.", "c.org.")}, code: domainclaim.CodeMalformed},
		"the same alias twice": {header: resolver, answers: rrs{alias("example.com.", "b.org."), alias("example.com.", "b.org."), txt("b.org.", "a")}, code: domainclaim.CodeOK, values: []string{"a"}},
		"alias of another":     {header: resolver, answers: rrs{alias("example.org.", "example.com.")}, authorities: rrs{soa}, code: domainclaim.CodeMalformed},
		"to itself":            {header: resolver, answers: rrs{alias("example.com.", "example.com.")}, code: domainclaim.CodeAliasLoop},
		"another owner":        {header: resolver, answers: rrs{txt("example.org.", "a")}, code: domainclaim.CodeMalformed},
		"owner, no name":       {header: with(resolver, 3), answers: rrs{txt("example.org.", "a")}, code: domainclaim.CodeMalformed},
		"no data":              {header: resolver, authorities: rrs{soa}, code: domainclaim.CodeNoData},
		"no data, no SOA":      {header: resolver, code: domainclaim.CodeNoData},
		"no data, other type":  {header: resolver, answers: rrs{a}, code: domainclaim.CodeNoData},
		"authority, no data":   {header: authority, authorities: rrs{soa}, code: domainclaim.CodeNoData},
		"authority, no name":   {header: with(authority, 3), authorities: rrs{soa}, code: domainclaim.CodeNoName},
		"no name":              {header: with(resolver, 3), code: domainclaim.CodeNoName},
		"no name, with record": {header: with(resolver, 3), answers: rrs{txt("example.com.", "a")}, code: domainclaim.CodeMalformed},
		"no name by nobody":    {header: with(neither, 3), authorities: rrs{soa}, code: domainclaim.CodeLame},
		"no data by nobody":    {header: neither, authorities: rrs{soa}, code: domainclaim.CodeLame},
		"referral":             {header: neither, authorities: rrs{ns}, code: domainclaim.CodeLame},
		"referral of resolver": {header: resolver, authorities: rrs{ns}, code: domainclaim.CodeLame},
		"SERVFAIL with record": {header: with(resolver, 2), answers: rrs{txt("example.com.", "a")}, code: domainclaim.CodeServFail},
		"NOTAUTH":              {header: with(resolver, 9), code: domainclaim.CodeRCode},
		"a flood of records":   {header: resolver, answers: many, code: domainclaim.CodeMalformed},
		"no question, REFUSED": {header: with(resolver, 5), questions: []dnsmessage.Question{}, code: domainclaim.CodeRefused},
		"no question":          {header: resolver, questions: []dnsmessage.Question{}, answers: rrs{txt("example.com.", "a")}, passed: true},
		"no question, no name": {header: with(resolver, 3), questions: []dnsmessage.Question{}, passed: true},
		"two questions":        {header: resolver, questions: []dnsmessage.Question{ask, ask}, passed: true},
		"a question itself":    {header: dnsmessage.Header{ID: 7}, passed: true},
		"another id":           {header: dnsmessage.Header{ID: 8, Response: true, RecursionAvailable: true}, passed: true},
		"another type":         {header: resolver, questions: []dnsmessage.Question{{Name: ask.Name, Type: dnsmessage.TypeA, Class: ask.Class}}, passed: true},
		"another operation":    {header: dnsmessage.Header{ID: 7, Response: true, OpCode: 4}, passed: true},
	} {
		if tt.questions == nil {
			tt.questions = []dnsmessage.Question{ask}
		}
		m := dnsmessage.Message{Header: tt.header, Questions: tt.questions, Answers: tt.answers, Authorities: tt.authorities}
		msg, err := m.Pack()
		if err != nil {
			t.Fatalf("%s: %v", label, err)
		}
		got, matched, err := domainclaim.ReadMessage(msg, 7, "example.com.", dnsmessage.TypeTXT, "")
		if matched == tt.passed {
			t.Errorf("%s: matched %t", label, matched)
			continue
		}
		known := tt.code == "" || tt.code == domainclaim.CodeOK || tt.code == domainclaim.CodeNoName || tt.code == domainclaim.CodeNoData
		if got.Code != tt.code || matched && known != (err == nil) {
			t.Errorf("%s: %q, %v; want %q", label, got.Code, err, tt.code)
		}
		if d := cmp.Diff(tt.values, got.Values); d != "" {
			t.Errorf("%s (-want +got):\n%s", label, d)
		}
	}
}

// TestReadZoneMessage: what an answer of a name server of example.com comes to. It is
// believed about its own zone alone, and only when it says that it is an authority.
func TestReadZoneMessage(t *testing.T) {
	t.Parallel()
	ask := dnsmessage.Question{Name: dnsmessage.MustNewName("_x.example.com."), Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassINET}
	soa := record("example.com.", dnsmessage.TypeSOA, &dnsmessage.SOAResource{NS: dnsmessage.MustNewName("ns."), MBox: dnsmessage.MustNewName("mb."), MinTTL: 30})
	ns := record("_x.example.com.", dnsmessage.TypeNS, &dnsmessage.NSResource{NS: dnsmessage.MustNewName("ns.")})
	aa := dnsmessage.Header{ID: 7, Response: true, Authoritative: true}
	cached := dnsmessage.Header{ID: 7, Response: true, RecursionAvailable: true}
	type rrs = []dnsmessage.Resource
	for label, tt := range map[string]struct {
		header               dnsmessage.Header
		answers, authorities rrs
		code                 domainclaim.Code
		ttl                  time.Duration
	}{
		"records":                 {aa, rrs{txt("_x.example.com.", "a")}, nil, domainclaim.CodeOK, time.Minute},
		"records, not its own":    {cached, rrs{txt("_x.example.com.", "a")}, nil, domainclaim.CodeLame, 0},
		"no name":                 {with(aa, 3), nil, rrs{soa}, domainclaim.CodeNoName, 30 * time.Second},
		"no name, not its own":    {with(cached, 3), nil, rrs{soa}, domainclaim.CodeLame, 0},
		"no data":                 {aa, nil, rrs{soa}, domainclaim.CodeNoData, 30 * time.Second},
		"no data, no SOA":         {aa, nil, nil, domainclaim.CodeNoData, 0},
		"referral":                {dnsmessage.Header{ID: 7, Response: true}, nil, rrs{ns}, domainclaim.CodeLame, 0},
		"referral with AA":        {aa, nil, rrs{ns}, domainclaim.CodeLame, 0},
		"refused":                 {with(aa, 5), nil, nil, domainclaim.CodeRefused, 0},
		"alias within":            {aa, rrs{alias("_x.example.com.", "b.example.com."), txt("b.example.com.", "a")}, nil, domainclaim.CodeOK, time.Minute},
		"alias within, to nobody": {with(aa, 3), rrs{alias("_x.example.com.", "b.example.com.")}, rrs{soa}, domainclaim.CodeNoName, 30 * time.Second},
		"alias within, unsaid":    {aa, rrs{alias("_x.example.com.", "b.example.com.")}, nil, domainclaim.CodeElsewhere, time.Minute},
		"alias to what it gave":   {aa, rrs{alias("_x.example.com.", "b.example.com.")}, rrs{ns}, domainclaim.CodeElsewhere, time.Minute},
		"alias out":               {aa, rrs{alias("_x.example.com.", "b.org.")}, nil, domainclaim.CodeElsewhere, time.Minute},
		"alias out, with records": {aa, rrs{alias("_x.example.com.", "b.org."), txt("b.org.", "a")}, nil, domainclaim.CodeElsewhere, time.Minute},
		"alias out, no name":      {with(aa, 3), rrs{alias("_x.example.com.", "b.org.")}, rrs{soa}, domainclaim.CodeElsewhere, time.Minute},
		"alias to a neighbour":    {aa, rrs{alias("_x.example.com.", "notexample.com.")}, nil, domainclaim.CodeElsewhere, time.Minute},
		"a circle":                {aa, rrs{alias("_x.example.com.", "_x.example.com.")}, nil, domainclaim.CodeAliasLoop, 0},
		"another owner":           {aa, rrs{txt("example.com.", "a")}, nil, domainclaim.CodeMalformed, 0},
	} {
		m := dnsmessage.Message{Header: tt.header, Questions: []dnsmessage.Question{ask}, Answers: tt.answers, Authorities: tt.authorities}
		msg, err := m.Pack()
		if err != nil {
			t.Fatalf("%s: %v", label, err)
		}
		got, matched, err := domainclaim.ReadMessage(msg, 7, "_x.example.com.", dnsmessage.TypeTXT, "example.com.")
		if !matched || got.Code != tt.code || err == nil && got.TTL != tt.ttl {
			t.Errorf("%s: %q, %s, %v; want %q, %s", label, got.Code, got.TTL, err, tt.code, tt.ttl)
		}
		if (len(got.Values) > 0) != (tt.code == domainclaim.CodeOK) {
			t.Errorf("%s: %q", label, got.Values)
		}
	}
}
