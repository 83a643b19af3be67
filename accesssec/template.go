package accesssec

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// TemplateInfo is one line of the catalogue of notices. In Subject and Text stands
// "{key}" where a value goes.
type TemplateInfo struct {
	Name    Template
	Subject string
	Text    string
	Keys    []TemplateKey // the keys of Notice.Values: these, and no others
}

// TemplateKey is one value of a notice. Each is a single line of plain text without
// control characters, and may come from people: a host that writes HTML escapes it.
type TemplateKey struct{ Key, Meaning string }

// Templates lists what notices there are, for hosts that send words of their own. The
// slice is the caller's.
func Templates() []TemplateInfo {
	return slices.Concat(changeTemplates(), providerTemplates(), factorTemplates(), domainTemplates(), sharingTemplates(), inviteTemplates(), scimTemplates(), addressTemplates(),
		mailTemplates(), passwordTemplates(), loginTemplates())
}

// changeTemplates are of what people have done.
func changeTemplates() []TemplateInfo {
	org := TemplateKey{"org", "the name of the organization"}
	site := TemplateKey{"site", "the host that people know the application by"}
	when := TemplateKey{"time", "when it happened, in UTC"}
	by := TemplateKey{"by", "the address of who did it; \"the application on behalf of\" it when it was not the person at a browser"}
	return []TemplateInfo{
		{
			TemplateSSOBypassed,
			"Sign-in to {org} without single sign-on",
			"On {time} {by} signed in to {org} at {site} with a password, from the network address {ip}, " +
				"although {org} requires single sign-on.\n\n" +
				"Owners and Admins may do so, so that nobody is locked out when single sign-on fails. " +
				"If this was not expected, ask {by}. If it was somebody else, end their sessions and have the password changed.\n",
			[]TemplateKey{org, site, when, by, {"ip", "the network address they came from"}},
		},
		{
			TemplateSettingsChanged,
			"The access settings of {org} were changed",
			"On {time} {by} changed the access settings of {org} at {site}:\n\n" +
				"{changes}\n\n" +
				"If nobody among you expected this, look into the audit log, and end the sessions of who did it.\n",
			[]TemplateKey{org, site, when, by, {"changes", "each setting with its old and its new value, in English"}},
		},
		{
			TemplateConnectionChanged,
			"Single sign-on of {org} was changed",
			"On {time} a single sign-on connection of {org} at {site} was {change} by {by}.\n\n" +
				"Connection: {connection}\n" +
				"Settings that changed: {fields}\n\n" +
				"A connection decides who can sign in to {org}. " +
				"If nobody among you expected this, look into the audit log, and end the sessions of who did it.\n",
			[]TemplateKey{org, site, when, by,
				{"connection", "the name of the connection"},
				{"change", "configured, enabled, disabled or removed"},
				{"fields", "the names of the settings that changed, or none"}},
		},
	}
}

// render fills in a template. Values that are missing, or that it has no place for, are
// a defect of the caller.
func render(name Template, values map[string]string) (subject, text string, err error) {
	for _, t := range Templates() {
		if t.Name != name {
			continue
		}
		for _, k := range t.Keys {
			if _, ok := values[k.Key]; !ok {
				return "", "", fmt.Errorf("accesssec: notice %s: no value for %s", name, k.Key)
			}
		}
		if len(values) != len(t.Keys) {
			return "", "", fmt.Errorf("accesssec: notice %s: a value that it has no key for", name)
		}
		return fill(t.Subject, values), fill(t.Text, values), nil
	}
	return "", "", fmt.Errorf("accesssec: no notice is called %q", name)
}

// fill puts values into their places, in one pass: what looks like a place within a
// value is text.
func fill(template string, values map[string]string) string {
	var pairs []string
	for k, v := range values {
		pairs = append(pairs, "{"+k+"}", v)
	}
	return strings.NewReplacer(pairs...).Replace(template)
}

// oneLine is s without controls or marks that turn its direction, with single blanks,
// of at most so many characters: a value in a header can begin no other header.
func oneLine(s string, most int) string {
	if len(s) <= most && tidy(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		s = strings.TrimSpace(string(r[:most]))
	}
	return s
}

// tidy reports whether s is printable ASCII with single blanks between, as most names are.
func tidy(s string) bool {
	blank := true // one more would be too many
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == ' ' && blank {
			return false
		}
		blank = s[i] == ' '
	}
	return s == "" || !blank
}
