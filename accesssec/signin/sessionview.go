package signin

import (
	"strings"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

const minute = "2 January 2006, 15:04 UTC"

// sessionView is one session as its owner reads it.
type sessionView struct {
	accesssec.SessionInfo
	Device, By, Began, Last string
}

func shownSession(s accesssec.SessionInfo, google string) sessionView {
	names := map[policy.Method]string{
		policy.Password: "password", policy.Link: "mail", policy.Google: google, policy.SSO: "single sign-on",
		policy.TOTP: "code", policy.Recovery: "recovery code", policy.Device: "remembered browser",
	}
	var by []string
	for _, m := range s.Methods {
		if name := names[m]; name != "" {
			by = append(by, name)
		}
	}
	return sessionView{
		SessionInfo: s, Device: device(s.Agent), By: strings.Join(by, ", "),
		Began: s.Since.UTC().Format(minute), Last: s.Seen.UTC().Format(minute),
	}
}

// device is what a browser calls itself, in short. It is a hint for the person who looks for
// a session they don't know; a program may call itself anything.
func device(agent string) string {
	browser := first(agent, [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"},
	})
	system := first(agent, [][2]string{
		{"Windows", "Windows"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Mac OS X", "Mac"}, {"Linux", "Linux"},
	})
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser+system != "":
		return browser + system
	case agent != "":
		return "Another program"
	}
	return "Unknown"
}

// first is the name of the first mark that agent has.
func first(agent string, marks [][2]string) string {
	for _, m := range marks {
		if strings.Contains(agent, m[0]) {
			return m[1]
		}
	}
	return ""
}
