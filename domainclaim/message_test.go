package domainclaim_test

import (
	"slices"
	"testing"

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
