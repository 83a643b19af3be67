package saml_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

const (
	audiences = `<saml:AudienceRestriction><saml:Audience>` + spID + `</saml:Audience></saml:AudienceRestriction>`
	other     = `<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience></saml:AudienceRestriction>`
)

func TestAudience(t *testing.T) {
	t.Parallel()
	two := `<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience><saml:Audience>` + spID + `</saml:Audience></saml:AudienceRestriction>`
	tryEdits(t, map[string]edit{
		"wrong":                      {audiences, other, saml.CodeAudience},
		"absent":                     {audiences, ``, saml.CodeAudienceMissing},
		"empty restriction":          {audiences, `<saml:AudienceRestriction/>`, saml.CodeAudience},
		"empty audience":             {audiences, strings.Replace(audiences, spID, "", 1), saml.CodeAudience},
		"two restrictions, one ours": {audiences, audiences + other, saml.CodeAudience},
		"prefix of ours":             {audiences, strings.Replace(audiences, spID, spID[:len(spID)-1], 1), saml.CodeAudience},
		"ours with a slash":          {audiences, strings.Replace(audiences, spID, spID+"/", 1), saml.CodeAudience},
		"other case":                 {audiences, strings.Replace(audiences, "sp.example", "SP.example", 1), saml.CodeAudience},
		"the ACS":                    {audiences, strings.Replace(audiences, spID, acs, 1), saml.CodeAudience},
		"an element in it":           {audiences, strings.Replace(audiences, spID, spID+"<saml:x/>", 1), saml.CodeProfile},
	})
	for _, good := range []string{two, audiences + audiences, strings.Replace(audiences, spID, "\n  "+spID+"\n", 1)} {
		accepted(t, base("both").sign(replace(t, genuine(), audiences, good), signing{}))
	}
	none := replace(t, genuine(), genuine()[strings.Index(genuine(), "<saml:Conditions"):strings.Index(genuine(), "<saml:AuthnStatement")], "")
	got, err := login(base("both").sign(none, signing{}))
	if e := refused(t, got, err, saml.CodeAudienceMissing); e.AssertionID != "asrt-1" || e.Expected != spID {
		t.Errorf("AssertionID %q, Expected %q", e.AssertionID, e.Expected)
	}
}

// Every bound, its exact edge with the skew, and what is no time.
func TestTime(t *testing.T) {
	t.Parallel()
	const skew = 3 * time.Minute
	scd := func(v string) edit {
		return edit{` NotOnOrAfter="` + at(5*time.Minute) + `" InResponseTo`, v + ` InResponseTo`, ""}
	}
	cond := `NotBefore="` + at(-5*time.Minute) + `" NotOnOrAfter="` + at(5*time.Minute) + `"`
	issued := `IssueInstant="` + at(0) + `"><saml:Issuer>` + idpID + `</saml:Issuer>@A@`
	issue := func(v string) edit { return edit{issued, strings.Replace(issued, at(0), v, 1), ""} }
	authn := `AuthnInstant="` + at(-time.Minute) + `"`
	for name, c := range map[string]struct {
		e    edit
		code saml.Code // "" is accepted
	}{
		"conditions over, at the edge":    {edit{cond, `NotOnOrAfter="` + at(-skew) + `"`, ""}, saml.CodeExpired},
		"conditions not over yet":         {edit{cond, `NotOnOrAfter="` + at(-skew+time.Second) + `"`, ""}, ""},
		"conditions to come":              {edit{cond, `NotBefore="` + at(skew+time.Second) + `"`, ""}, saml.CodeNotYetValid},
		"conditions at their start":       {edit{cond, `NotBefore="` + at(skew) + `"`, ""}, ""},
		"conditions without bounds":       {edit{cond, ``, ""}, ""},
		"conditions, empty NotBefore":     {edit{cond, `NotBefore=""`, ""}, saml.CodeProfile},
		"conditions, NotBefore is no day": {edit{cond, `NotBefore="2026-02-30T00:00:00Z"`, ""}, saml.CodeProfile},
		"confirmation over, at the edge":  {scd(` NotOnOrAfter="` + at(-skew) + `"`), saml.CodeExpired},
		"confirmation not over yet":       {scd(` NotOnOrAfter="` + at(-skew+time.Second) + `"`), ""},
		"confirmation without an end":     {scd(``), saml.CodeSubject},
		"confirmation, end in year 9999":  {scd(` NotOnOrAfter="9999-12-31T23:59:59Z"`), saml.CodeProfile},
		"confirmation, end in year 0001":  {scd(` NotOnOrAfter="0001-01-01T00:00:00Z"`), saml.CodeProfile},
		"confirmation to come":            {scd(` NotBefore="` + at(skew+time.Second) + `" NotOnOrAfter="` + at(time.Hour) + `"`), saml.CodeNotYetValid},
		"confirmation at its start":       {scd(` NotBefore="` + at(skew) + `" NotOnOrAfter="` + at(time.Hour) + `"`), ""},
		"offset, over":                    {scd(` NotOnOrAfter="` + clock().Add(-skew).Add(2*time.Hour).Format("2006-01-02T15:04:05") + `+02:00"`), saml.CodeExpired},
		"offset, not over":                {scd(` NotOnOrAfter="` + clock().Add(time.Minute).Add(-5*time.Hour).Format("2006-01-02T15:04:05.000") + `-05:00"`), ""},
		"no zone is UTC, over":            {scd(` NotOnOrAfter="` + clock().Add(-skew).Format("2006-01-02T15:04:05") + `"`), saml.CodeExpired},
		"no zone is UTC, not over":        {scd(` NotOnOrAfter="` + clock().Add(time.Second).Format("2006-01-02T15:04:05.9") + `"`), ""},
		"issued in the future":            {issue(at(skew + time.Second)), saml.CodeNotYetValid},
		"issued within the skew":          {issue(at(skew)), ""},
		"issued a day ago, at the edge":   {issue(at(-24*time.Hour - skew)), saml.CodeStale},
		"issued almost a day ago":         {issue(at(-24*time.Hour - skew + time.Second)), ""},
		"issued 25 years ago":             {issue("2001-03-01T12:00:00Z"), saml.CodeStale},
		"never issued":                    {edit{issued, strings.Replace(issued, `IssueInstant="`+at(0)+`"`, ``, 1), ""}, saml.CodeProfile},
		"session over, at the edge":       {edit{authn, authn + ` SessionNotOnOrAfter="` + at(-skew) + `"`, ""}, saml.CodeSessionOver},
		"session not over":                {edit{authn, authn + ` SessionNotOnOrAfter="` + at(-skew+time.Second) + `"`, ""}, ""},
		"session, no time":                {edit{authn, authn + ` SessionNotOnOrAfter="tomorrow"`, ""}, saml.CodeProfile},
	} {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				doc := b.sign(replace(t, genuine(), c.e.old, c.e.new), signing{})
				if c.code == "" {
					accepted(t, doc)
					return
				}
				got, err := login(doc)
				refused(t, got, err, c.code)
			})
		}
	}
}

func TestSkewOfTheRules(t *testing.T) {
	t.Parallel()
	doc := base("assertion").sign(genuine(), signing{})
	for _, c := range []struct {
		skew, late time.Duration
		ok         bool
	}{
		{0, 8*time.Minute - 1, true}, {0, 8 * time.Minute, false},
		{time.Second, 5 * time.Minute, true}, {time.Second, 5*time.Minute + time.Second, false},
		{10 * time.Minute, 10*time.Minute - 1, true},
	} {
		_, err := finish(doc, theirIdP(), &saml.Rules{Skew: c.skew}, ourRequest(), clock().Add(c.late))
		if (err == nil) != c.ok {
			t.Errorf("skew %s, %s late: %v", c.skew, c.late, err)
		}
	}
}

// ReplayUntil is after the last moment at which any rules accept the assertion.
func TestReplayUntilOutlivesEveryWindow(t *testing.T) {
	t.Parallel()
	widest := &saml.Rules{Skew: 10 * time.Minute}
	for name, end := range map[string]time.Duration{"minutes": 5 * time.Minute, "a week": 7 * 24 * time.Hour} {
		doc := strings.ReplaceAll(genuine(), at(5*time.Minute), at(end))
		doc = base("both").sign(doc, signing{})
		id := accepted(t, doc)
		req := &saml.Request{ID: reqID, ExpiresAt: clock().AddDate(1, 0, 0)}
		if _, err := finish(doc, theirIdP(), widest, req, id.ReplayUntil.Add(-time.Second)); err != nil {
			t.Errorf("%s: refused before ReplayUntil: %s", name, explain(err))
		}
		if _, err := finish(doc, theirIdP(), widest, req, id.ReplayUntil); err == nil {
			t.Errorf("%s: accepted at ReplayUntil", name)
		}
	}
}

func TestRecipientAndDestination(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"empty": "", "other tenant": "https://sp.example/saml/two/acs", "prefix": acs[:len(acs)-1], "longer": acs + "x", "slash": acs + "/",
		"case": strings.ToUpper(acs), "port": strings.Replace(acs, "sp.example", "sp.example:443", 1), "query": acs + "?a=b", "plain http": strings.Replace(acs, "https", "http", 1),
		"space": " " + acs,
	} {
		recipient := saml.CodeRecipient
		if url == "" {
			recipient = saml.CodeSubject
		}
		tryEdits(t, map[string]edit{
			"Recipient " + name:   {` Recipient="` + acs + `"`, ` Recipient="` + url + `"`, recipient},
			"Destination " + name: {` Destination="` + acs + `"`, ` Destination="` + url + `"`, saml.CodeDestination},
		})
	}
	tryEdits(t, map[string]edit{"no Recipient": {` Recipient="` + acs + `"`, ``, saml.CodeSubject}})
	for _, b := range bases() {
		accepted(t, b.sign(replace(t, genuine(), ` Destination="`+acs+`"`, ``), signing{}))
	}
}

func TestInResponseToAndUnsolicited(t *testing.T) {
	t.Parallel()
	reply := ` InResponseTo="` + reqID + `"`
	in := func(s, n string) string { return strings.Replace(s, reply, n, 1) }
	scdOnly := in(genuine(), "")
	respOnly := strings.Replace(genuine(), reply+"/>", "/>", 1)
	none := in(scdOnly, "")
	mine := ourRequest()
	foreign := &saml.Request{ID: "req-foreign", ExpiresAt: mine.ExpiresAt}
	over := &saml.Request{ID: reqID, ExpiresAt: clock()}
	idpInit := &saml.Rules{IdPInitiated: true}
	for name, c := range map[string]struct {
		doc   string
		req   *saml.Request
		rules *saml.Rules
		code  saml.Code
	}{
		"answer":                               {genuine(), mine, nil, ""},
		"answer, Response says nothing":        {scdOnly, mine, nil, ""},
		"answer where unsolicited is allowed":  {genuine(), mine, idpInit, ""},
		"only the Response answers":            {respOnly, mine, nil, saml.CodeUnsolicited},
		"another browser's request":            {genuine(), foreign, nil, saml.CodeRequestUnknown},
		"Response contradicts":                 {in(genuine(), ` InResponseTo="req-foreign"`), mine, nil, saml.CodeRequestUnknown},
		"Response answers nothing":             {in(genuine(), ` InResponseTo=""`), mine, nil, saml.CodeRequestUnknown},
		"confirmation contradicts":             {strings.Replace(genuine(), reply+"/>", ` InResponseTo="req-foreign"/>`, 1), mine, nil, saml.CodeRequestUnknown},
		"request over":                         {genuine(), over, nil, saml.CodeRequestExpired},
		"answer, no request":                   {genuine(), nil, nil, saml.CodeRequestUnknown},
		"answer, no request, unsolicited fine": {genuine(), nil, idpInit, saml.CodeRequestUnknown},
		"Response alone, unsolicited fine":     {respOnly, nil, idpInit, saml.CodeRequestUnknown},
		"confirmation alone, unsolicited fine": {scdOnly, nil, idpInit, saml.CodeRequestUnknown},
		"invented InResponseTo":                {strings.ReplaceAll(genuine(), reqID, "dummy"), nil, idpInit, saml.CodeRequestUnknown},
		"unsolicited":                          {none, nil, nil, saml.CodeUnsolicited},
		"unsolicited, allowed":                 {none, nil, idpInit, ""},
		"unsolicited, with a request open":     {none, mine, idpInit, saml.CodeUnsolicited},
	} {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				id, err := finish(b.sign(c.doc, signing{}), theirIdP(), c.rules, c.req, clock())
				if c.code != "" {
					refused(t, id, err, c.code)
					return
				}
				if err != nil {
					t.Fatal(explain(err))
				}
				if id.Solicited != (c.req != nil) {
					t.Errorf("Solicited = %v", id.Solicited)
				}
			})
		}
	}
}

// Finish has no memory, so what it gives the caller to burn must be the same
// each time and come from the signed bytes.
func TestReplayHasTheSameAssertionID(t *testing.T) {
	t.Parallel()
	for _, b := range bases() {
		doc := b.sign(genuine(), signing{})
		first := accepted(t, doc)
		if b == "assertion" {
			doc = replace(t, doc, `ID="resp-1"`, `ID="resp-2"`) // not signed, so free to change
		}
		if diff := cmp.Diff(first, accepted(t, doc)); diff != "" {
			t.Error(diff)
		}
	}
}

// What nobody signed can refuse a login and cannot make one.
func TestUnsignedResponseWrapper(t *testing.T) {
	t.Parallel()
	doc := base("assertion").sign(genuine(), signing{})
	want := accepted(t, doc)
	status := `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>`
	for name, e := range map[string]edit{
		"Status":           {`status:Success`, `status:Responder`, saml.CodeStatus},
		"no Status":        {status, ``, saml.CodeProfile},
		"two Status":       {status, status + status, saml.CodeProfile},
		"fail then pass":   {status, strings.Replace(status, "Success", "Responder", 1) + status, saml.CodeProfile},
		"two StatusCode":   {`</samlp:Status>`, `<samlp:StatusCode Value="x"/></samlp:Status>`, saml.CodeProfile},
		"Destination":      {` Destination="` + acs, ` Destination="https://evil.example`, saml.CodeDestination},
		"InResponseTo":     {` InResponseTo="` + reqID + `"><saml:Issuer>`, ` InResponseTo="req-x"><saml:Issuer>`, saml.CodeRequestUnknown},
		"Issuer":           {idpID, "https://evil.example", saml.CodeIssuer},
		"empty Issuer":     {idpID, "", saml.CodeIssuer},
		"two Issuer":       {`<samlp:Status>`, `<saml:Issuer>` + idpID + `</saml:Issuer><samlp:Status>`, saml.CodeProfile},
		"Version":          {`ID="resp-1" Version="2.0"`, `ID="resp-1" Version="2.1"`, saml.CodeVersion},
		"no ID":            {` ID="resp-1"`, ``, saml.CodeProfile},
		"ID is not a name": {` ID="resp-1"`, ` ID="1 2"`, saml.CodeProfile},
		"a second NameID":  {`<samlp:Status>`, `<saml:NameID>owner</saml:NameID><samlp:Status>`, saml.CodeProfile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := login(replace(t, doc, e.old, e.new))
			refused(t, got, err, e.code)
		})
	}
	for _, e := range [][2]string{
		{` Destination="` + acs + `"`, ``},
		{` InResponseTo="` + reqID + `"><saml:Issuer>`, `><saml:Issuer>`},
		{`<saml:Issuer>` + idpID + `</saml:Issuer><samlp:Status>`, `<samlp:Status>`},
		{` IssueInstant="` + at(0) + `" Destination`, ` IssueInstant="2001-01-01T00:00:00Z" Destination`},
	} {
		if diff := cmp.Diff(want, accepted(t, replace(t, doc, e[0], e[1]))); diff != "" {
			t.Error(diff)
		}
	}
}

func TestIssuer(t *testing.T) {
	t.Parallel()
	issuer := `<saml:Issuer>` + idpID + `</saml:Issuer>@A@`
	tryEdits(t, map[string]edit{
		"other":      {issuer, `<saml:Issuer>https://evil.example</saml:Issuer>@A@`, saml.CodeIssuer},
		"none":       {issuer, `@A@`, saml.CodeIssuer},
		"empty":      {issuer, `<saml:Issuer/>@A@`, saml.CodeIssuer},
		"two":        {issuer, issuer + `<saml:Issuer>` + idpID + `</saml:Issuer>`, saml.CodeProfile},
		"with slash": {issuer, `<saml:Issuer>` + idpID + `/</saml:Issuer>@A@`, saml.CodeIssuer},
	})
	// The same entity ID with another key is another connection.
	got, err := finish(base("both").sign(genuine(), signing{}), theirIdP("second"), nil, ourRequest(), clock())
	refused(t, got, err, saml.CodeSignature)
}

func TestDuplicatesInTheAssertion(t *testing.T) {
	t.Parallel()
	subject := `<saml:Subject><saml:NameID>owner@victim.example</saml:NameID></saml:Subject>`
	tryEdits(t, map[string]edit{
		"Subject after":              {`<saml:Conditions `, subject + `<saml:Conditions `, saml.CodeProfile},
		"Subject before":             {`@A@`, `@A@` + subject, saml.CodeProfile},
		"NameID":                     {`<saml:SubjectConfirmation `, `<saml:NameID>owner@victim.example</saml:NameID><saml:SubjectConfirmation `, saml.CodeProfile},
		"Conditions":                 {`<saml:AuthnStatement `, `<saml:Conditions/><saml:AuthnStatement `, saml.CodeProfile},
		"AttributeStatement":         {`<saml:AttributeStatement>`, `<saml:AttributeStatement/><saml:AttributeStatement>`, saml.CodeProfile},
		"SubjectConfirmationData":    {`</saml:SubjectConfirmation>`, `<saml:SubjectConfirmationData/></saml:SubjectConfirmation>`, saml.CodeProfile},
		"an element in NameID":       {`ann@victim.example<`, `ann@victim.example<saml:x/><`, saml.CodeProfile},
		"an Attribute without Name":  {` Name="firstName"`, ``, saml.CodeProfile},
		"an unknown element":         {`<saml:Conditions `, `<saml:Other/><saml:Conditions `, saml.CodeProfile},
		"an element in the Audience": {`</saml:AudienceRestriction>`, `<saml:Other/></saml:AudienceRestriction>`, saml.CodeProfile},
	})
}

func TestNameID(t *testing.T) {
	t.Parallel()
	name := `<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">ann@victim.example</saml:NameID>`
	tryEdits(t, map[string]edit{
		"none":         {name, ``, saml.CodeNameID},
		"empty":        {name, `<saml:NameID/>`, saml.CodeNameID},
		"blank":        {name, "<saml:NameID> \n\t</saml:NameID>", saml.CodeNameID},
		"BaseID":       {name, `<saml:BaseID/>`, saml.CodeProfile},
		"encrypted":    {name, `<saml:EncryptedID/>`, saml.CodeProfile},
		"two lines":    {name, strings.Replace(name, "ann@", "ann&#10;@", 1), saml.CodeValue},
		"tab":          {name, strings.Replace(name, "ann@", "ann&#9;@", 1), saml.CodeValue},
		"C1 control":   {name, strings.Replace(name, "ann@", "ann\u0085@", 1), saml.CodeValue},
		"line break":   {name, strings.Replace(name, "ann@", "ann\u2028@", 1), saml.CodeValue},
		"1025 bytes":   {name, strings.Replace(name, "ann@", strings.Repeat("a", 1025), 1), saml.CodeValue},
		"long session": {`SessionIndex="sess-1"`, `SessionIndex="` + strings.Repeat("s", 1025) + `"`, saml.CodeValue},
	})
	accepted(t, base("both").sign(replace(t, genuine(), ">ann@victim.example<", ">\n  ann@victim.example\n  <"), signing{}))
}

func TestSubjectConfirmations(t *testing.T) {
	t.Parallel()
	whole := genuine()
	i, j := strings.Index(whole, "<saml:SubjectConfirmation "), strings.Index(whole, "</saml:Subject>")
	good := whole[i:j]
	holder := strings.Replace(good, "cm:bearer", "cm:holder-of-key", 1)
	elsewhere := strings.Replace(good, acs, "https://other.example/acs", 1)
	late := strings.Replace(good, at(5*time.Minute), at(-time.Hour), 1)
	for _, b := range bases() {
		for _, bad := range []string{holder, elsewhere, late, strings.Replace(good, reqID, "req-x", 1), `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"/>`} {
			accepted(t, b.sign(strings.Replace(whole, good, bad+good, 1), signing{}))
			accepted(t, b.sign(strings.Replace(whole, good, good+bad, 1), signing{}))
			got, err := login(b.sign(strings.Replace(whole, good, bad+bad, 1), signing{}))
			if got != nil || err == nil {
				t.Errorf("accepted with %s", bad)
			}
		}
	}
	tryEdits(t, map[string]edit{
		"holder of key only":                     {good, holder, saml.CodeSubject},
		"none":                                   {good, ``, saml.CodeSubject},
		"without data":                           {good, `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"/>`, saml.CodeSubject},
		"half of it each":                        {good, elsewhere + late, saml.CodeRecipient},
		"late and elsewhere, the other way":      {good, late + elsewhere, saml.CodeExpired},
		"wrong method":                           {`cm:bearer`, `cm:bearer2`, saml.CodeSubject},
		"good data under a method nobody checks": {good, holder + late, saml.CodeExpired},
	})
}

func TestUnknownConditions(t *testing.T) {
	t.Parallel()
	tryEdits(t, map[string]edit{
		"unknown":              {audiences, audiences + `<saml:Condition/>`, saml.CodeConditions},
		"unknown, foreign":     {audiences, audiences + `<x:Geo xmlns:x="urn:x"/>`, saml.CodeConditions},
		"OneTimeUse elsewhere": {audiences, audiences + `<x:OneTimeUse xmlns:x="urn:x"/>`, saml.CodeConditions},
	})
	accepted(t, base("both").sign(replace(t, genuine(), audiences, `<saml:OneTimeUse/>`+audiences+`<saml:ProxyRestriction Count="0"/>`), signing{}))
}

func TestVersionAndType(t *testing.T) {
	t.Parallel()
	v := `ID="asrt-1" Version="`
	tryEdits(t, map[string]edit{
		"assertion 1.1":   {v + `2.0"`, v + `1.1"`, saml.CodeVersion},
		"assertion none":  {v + `2.0"`, `ID="asrt-1"`, saml.CodeVersion},
		"assertion 2":     {v + `2.0"`, v + `2"`, saml.CodeVersion},
		"response 1.1":    {`ID="resp-1" Version="2.0"`, `ID="resp-1" Version="1.1"`, saml.CodeVersion},
		"SAML 1 response": {`"urn:oasis:names:tc:SAML:2.0:protocol"`, `"urn:oasis:names:tc:SAML:1.0:protocol"`, saml.CodeVersion},
	})
	for _, root := range []string{"LogoutRequest", "LogoutResponse", "AuthnRequest", "ArtifactResponse", "response"} {
		doc := strings.ReplaceAll(genuine(), "samlp:Response", "samlp:"+root)
		got, err := login(base("both").sign(doc, signing{}))
		refused(t, got, err, saml.CodeProfile)
	}
	alone := genuine()[strings.Index(genuine(), "<saml:Assertion"):strings.Index(genuine(), "</samlp:Response>")]
	got, err := login(base("response").sign(strings.Replace(strings.Replace(alone, "@A@", "@R@", 1), "<saml:Assertion", `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`, 1), signing{keyInfo: "none"}))
	refused(t, got, err, saml.CodeProfile)
}

func TestStatusIsTold(t *testing.T) {
	t.Parallel()
	i, j := strings.Index(genuine(), "<samlp:Status>"), strings.Index(genuine(), "</samlp:Response>")
	status := `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/></samlp:StatusCode><samlp:StatusMessage>user is
not assigned` + "\u202e" + `</samlp:StatusMessage></samlp:Status>`
	got, err := login(unmark(genuine()[:i] + status + genuine()[j:]))
	e := refused(t, got, err, saml.CodeStatus)
	if want := "Responder / AuthnFailed: user is not assigned "; e.Received != want {
		t.Errorf("Received = %q, want %q", e.Received, want)
	}
	if !strings.Contains(e.Hint, "assigned") || e.Fix != saml.FixIdentityProvider {
		t.Errorf("Hint %q, Fix %q", e.Hint, e.Fix)
	}
	if strings.Contains(e.Error(), "assigned ") {
		t.Errorf("the sentence for the person holds received text: %q", e.Error())
	}
}
