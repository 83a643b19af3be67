package accesssec

import "time"

// SessionProfile names the times that a standard asks of sessions, for a page to offer:
// set them in [Settings] by Times. The names are those of the authentication assurance levels of
// NIST SP 800-63B-4 (sections 2.1.3, 2.2.3 and 2.3.3). Times alone make no level: AAL2 asks for
// two factors as well (Settings.RequireFactor, and no remembered devices), and AAL3 for one that
// can't be phished, which is the identity provider's to ask.
//
//	         ends after    or unused for
//	AAL1     30 days       14 days
//	AAL2     24 hours      1 hour
//	AAL3     12 hours      15 minutes
//
// Without any, sessions end after 14 days, or unused for 24 hours: within AAL1.
type SessionProfile string

// The profiles.
const (
	AAL1 SessionProfile = "aal1"
	AAL2 SessionProfile = "aal2"
	AAL3 SessionProfile = "aal3"
)

// SessionProfiles are all of them, the laxest first.
func SessionProfiles() []SessionProfile { return []SessionProfile{AAL1, AAL2, AAL3} }

// Times are those of Settings.SessionIdle and Settings.SessionEnd; 0 of what is no profile.
func (p SessionProfile) Times() (idle, end time.Duration) {
	switch p {
	case AAL1:
		return 14 * 24 * time.Hour, 30 * 24 * time.Hour
	case AAL2:
		return time.Hour, 24 * time.Hour
	case AAL3:
		return 15 * time.Minute, 12 * time.Hour
	}
	return 0, 0
}

// SessionProfile is the strictest one that the settings keep to; "" none. Orgs that have not set
// any times are AAL1.
func (s Settings) SessionProfile() SessionProfile {
	s = s.withDefaults()
	var keeps SessionProfile
	for _, p := range SessionProfiles() {
		if idle, end := p.Times(); s.SessionIdle <= idle && s.SessionEnd <= end {
			keeps = p
		}
	}
	return keeps
}
