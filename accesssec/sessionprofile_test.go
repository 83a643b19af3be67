package accesssec_test

import (
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
)

func TestSessionProfiles(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, tt := range []struct {
		idle, end time.Duration
		want      accesssec.SessionProfile
	}{
		{0, 0, accesssec.AAL1},
		{14 * day, 30 * day, accesssec.AAL1},
		{14*day + 1, 30 * day, ""},
		{14 * day, 30*day + 1, ""},
		{time.Hour, 0, accesssec.AAL1},
		{time.Hour, day, accesssec.AAL2},
		{15 * time.Minute, day, accesssec.AAL2},
		{time.Hour, 12 * time.Hour, accesssec.AAL2},
		{15 * time.Minute, 12 * time.Hour, accesssec.AAL3},
		{5 * time.Minute, 15 * time.Minute, accesssec.AAL3},
	} {
		if got := (accesssec.Settings{SessionIdle: tt.idle, SessionEnd: tt.end}).SessionProfile(); got != tt.want {
			t.Errorf("idle %v, end %v: %q, want %q", tt.idle, tt.end, got, tt.want)
		}
	}
	for _, p := range accesssec.SessionProfiles() {
		idle, end := p.Times()
		if got := (accesssec.Settings{SessionIdle: idle, SessionEnd: end}).SessionProfile(); got != p {
			t.Errorf("the times of %s are %q", p, got)
		}
	}
	if idle, end := accesssec.SessionProfile("aal9").Times(); idle != 0 || end != 0 {
		t.Errorf("%v %v", idle, end)
	}
}
