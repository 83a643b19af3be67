package main

import (
	"fmt"
	"strings"
)

// tenantShapes are what a customer's own provider could sign to slow everyone down, as
// large as the bounds of a message allow.
func (w *world) tenantShapes() ([]posted, error) {
	value := func(content string) string {
		return `<saml:Attribute Name="x"><saml:AttributeValue>` + content + `</saml:AttributeValue></saml:Attribute>`
	}
	var attributes, chain, used, declared strings.Builder
	for i := range 63 {
		fmt.Fprintf(&attributes, ` a%d=""`, i)
	}
	for i := range 20 {
		fmt.Fprintf(&declared, ` xmlns:n%d="urn:n:%d"`, i, i)
		fmt.Fprintf(&used, ` n%d:a=""`, i)
	}
	for i := range 24 {
		fmt.Fprintf(&chain, `<a xmlns:c%d="urn:c:%d">`, i, i)
	}
	const typed = `</saml:AttributeValue><saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">group`
	deep := strings.Repeat("<a"+attributes.String()+">", 20)
	var list []string
	for i := range 16 {
		list = append(list, fmt.Sprintf("absent%d", i))
	}
	plain := login{by: w.rsa, signAssertion: true, groups: 2}
	with := func(change func(*login)) login {
		l := plain
		change(&l)
		return l
	}
	var out []posted
	for name, l := range map[string]login{
		"groups":                     with(func(l *login) { l.groups = 9_800 }),
		"empty elements":             with(func(l *login) { l.junk = value(fit(`<a/>`)) }),
		"empty attribute values":     with(func(l *login) { l.junk = value(fit(`</saml:AttributeValue><saml:AttributeValue>`)) }),
		"attributes of many":         with(func(l *login) { l.junk = value(fit(`<a` + attributes.String() + `/>`)) }),
		"qualified attributes":       with(func(l *login) { l.scope, l.junk = declared.String(), value(fit(`<a`+used.String()+`/>`)) }),
		"elements and attributes":    with(func(l *login) { l.scope, l.junk = declared.String(), value(fit(`<n1:a n2:b="" n3:c=""/>`)) }),
		"a group and its type":       with(func(l *login) { l.junk = value(fit(typed)) }),
		"nesting":                    with(func(l *login) { l.junk = value(fit(repeat(`<a>`, 25) + repeat(`</a>`, 25))) }),
		"a chain of namespaces":      with(func(l *login) { l.junk = value(fit(chain.String() + repeat(`</a>`, 24))) }),
		"namespaces below a chain":   with(func(l *login) { l.junk = value(chain.String() + fit(`<c0:a/>`) + repeat(`</a>`, 24)) }),
		"a namespace declared again": with(func(l *login) { l.junk = value(fit(`<n:a xmlns:n="urn:n"><n:b xmlns:n="urn:m"/></n:a>`)) }),
		"a long namespace":           with(func(l *login) { l.junk = value(`<a xmlns:n="urn:` + repeat("n", 100) + `">` + fit(`<n:a/>`) + `</a>`) }),
		"text":                       with(func(l *login) { l.junk = value(fit("text ")) }),
		"text of references":         with(func(l *login) { l.junk = value(fit("&amp;")) }),
		"text in pieces":             with(func(l *login) { l.junk = value(fit(`text<a/>`)) }),
		"a long attribute":           with(func(l *login) { l.junk = value(`<a b="` + fit("&quot;") + `"/>`) }),
		"a prefix list": with(func(l *login) {
			l.prefixes = strings.Join(list, " ")
			l.junk = value(deep + fit(`<a/>`) + repeat(`</a>`, 20))
		}),
	} {
		for _, twice := range []bool{false, true} {
			if l.signResponse = twice; twice {
				name += ", both signed"
			}
			xml, err := w.document(l)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if len(xml) > maxXML {
				return nil, fmt.Errorf("bench: %s has %d bytes, which nobody would read", name, len(xml))
			}
			out = append(out, signed.post(name, []byte(xml)))
		}
	}
	return out, nil
}

// fit repeats a part as often as there is room for its bytes, elements and attributes.
func fit(part string) string {
	n := 760_000 / len(part)
	if attributes := strings.Count(part, `="`); attributes > 0 {
		n = min(n, 19_800/attributes)
	}
	if elements := strings.Count(part, "<") - strings.Count(part, "</"); elements > 0 {
		n = min(n, 9_700/elements)
	}
	return repeat(part, n)
}

func repeat(s string, n int) string { return strings.Repeat(s, n) }
