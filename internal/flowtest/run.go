package flowtest

import (
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// Run is every flow. open gives an empty store that nobody else uses: what is done in
// the background is done for all of a store, by the clock of whoever does it.
func Run(t *testing.T, open func(*testing.T) store.Store) {
	for name, flow := range map[string]func(*testing.T, func(*testing.T) store.Store){
		"Table":    tableFlows,
		"Refusals": refusalsFlows,
		"Bindings": bindingsFlows,
		"Races":    racesFlows,
		"People":   peopleFlows,
		"Sessions": sessionsFlows,
		"Settings": settingsFlows,
		"Faults":   faultsFlows,
		"Traces":   tracesFlows,
		"Matrix":   matrixFlows,
		"Pairs":    pairFlows,
		"Unasked":  unaskedFlows,
		"Rollover": rolloverFlows,
		"Sealed":   sealedFlows,
		"Logout":   logoutFlows,
		"Metadata": metadataFlows,
		"Keys":     keysFlows,

		"Connections": connectionsFlows,
		"Accounts":    accountsFlows,
		"Limits":      limitsFlows,
		"Log":         logFlows,
		"Jobs":        jobsFlows,
		"Notices":     noticesFlows,
		"Entitled":    entitledFlows,
		"Person":      personFlows,

		"PasswordCheck": passwordCheckFlows,
		"Reseal":        resealFlows,

		"Factor":         factorFlows,
		"FactorRaces":    factorRaceFlows,
		"FactorLimits":   factorLimitFlows,
		"FactorRecovery": factorRecoveryFlows,
		"FactorChange":   factorChangeFlows,
		"FactorReset":    factorResetFlows,
		"FactorPolicy":   factorPolicyFlows,
		"FactorPeople":   factorPeopleFlows,
		"FactorMoments":  factorMomentFlows,
		"FactorLinks":    factorLinkFlows,
		"FactorFaults":   factorFaultFlows,
		"FactorRunning":  factorMeanwhileFlows,
		"FactorLog":      factorLogFlows,
		"FactorAttacked": factorAttackedFlows,

		"Domains": domainFlows,
		"Sharing": sharingFlows,

		"SharingAttacked": sharingAttackedFlows,

		"Grants":    grantFlows,
		"Teams":     teamFlows,
		"Members":   memberFlows,
		"OrgDelete": orgDeleteFlows,
		"Roles":     roleFlows,
		"Rights":    rightFlows,

		"Invitations": invitationFlows,
		"Requests":    requestFlows,
		"Imports":     importFlows,

		"Mails":         mailFlows,
		"MailPasswords": mailPasswordFlows,
		"SignUps":       signUpFlows,
		"Addresses":     addressFlows,
		"AddressFollow": addressFollowFlows,
		"Passwords":     passwordFlows,
		"OpenID":        openIDFlows,
		"OrgFactor":     orgFactorFlows,
		"Devices":       deviceFlows,
		"MySessions":    mySessionFlows,
		"SessionCache":  sessionCacheFlows,

		"SCIMUsers":    scimUserFlows,
		"SCIMReturns":  scimReturnFlows,
		"SCIMAttacked": scimUserAttackedFlows,
		"SCIMGroups":   scimGroupFlows,
		"SCIMRoles":    scimGroupRoleFlows,
		"SCIMLinked":   scimLinkedFlows,

		"SCIMSuite":    scimSuiteFlows,
		"SCIMTokens":   scimTokenFlows,
		"SCIMExpiring": scimTokenExpiringFlows,
		"SCIMSettings": scimSettingsFlows,
		"SCIMLog":      scimLogFlows,
		"SCIMLimits":   scimLimitFlows,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flow(t, open)
		})
	}
}

// flow is one of them, in a world of its own.
type flow func(*testing.T, *world)

// each runs flows side by side.
func each(t *testing.T, open func(*testing.T) store.Store, flows map[string]flow) {
	t.Helper()
	for name, fn := range flows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fn(t, newWorld(t, open(t)))
		})
	}
}

// change writes to the store as nothing of ours would: it makes what takes weeks, or
// comes from a feature that is not part of the flow.
func (w *world) change(fn func(store.Tx) error) {
	w.t.Helper()
	w.must(w.store.RunInTx(w.ctx, fn))
}

// noon is when every world begins: far ahead, because a cookie jar looks at the real
// clock and forgets what has expired by it.
func noon() time.Time { return time.Date(2090, 3, 2, 12, 0, 0, 0, time.UTC) }
