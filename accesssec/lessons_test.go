package accesssec_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/internal/lessons"
)

// TestLessons: what has let people past a second factor, a limit or a sign-in elsewhere has its
// tests here.
func TestLessons(t *testing.T) {
	t.Parallel()
	lessons.Check(t, "..",
		lessons.Of(1, "one code at two nodes is good once", "totp:TestOneCodeOnManyNodes", "accesssec:TestFlows/FactorRaces/64 browsers with one code"),
		lessons.Of(2, "a code is booked before it is looked at, on every surface", "totp:TestCheckWantsBooked", "accesssec:TestFlows/FactorRaces/64 times one code in one browser", "accesssec:TestFlows/FactorLimits/in the settings as at the sign-in"),
		lessons.Of(3, "after t and t+1, t is refused", "totp:TestCodesTThenNextThenTIsRefused"),
		lessons.Of(4, "a code that was taken a step late is used up", "totp:TestCodeOfTheStepBeforeIsUsedUp"),
		lessons.Of(5, "a code with blanks is the same code, and the same attempt", "totp:TestSpellingsOfACodeAreOneCode", "accesssec:TestFlows/Factor/however it is typed"),
		lessons.Of(6, "nothing but the one verifier asks the library for a code", "totp:TestOneVerifier", "internal/archtest:TestImports"),
		lessons.Of(7, "who writes late does not bring a used step back", "totp:TestSlowWriterDoesNotLowerTheStep"),
		lessons.Of(8, "what is remembered of a code is its step, not its spelling", "totp:TestSpellingsOfACodeAreOneCode"),
		lessons.Of(9, "the code that confirms a factor signs nobody in", "totp:TestCodeThatConfirmedIsUsedUp"),
		lessons.Of(10, "a secret has 160 bits", "totp:TestSecretHas160Bits"),
		lessons.Of(11, "a source of random bytes that gives few at a time makes no zeros", "totp:TestRandomThatComesInPieces"),
		lessons.Of(12, "an empty or broken secret is an error, and no factor that is passed", "totp:TestEmptySecretIsAnError", "accesssec:TestFlows/FactorFaults/what is broken denies"),
		lessons.Of(13, "any issuer and account comes back from the link, also by readers of others", "totp:TestNamesComeBackFromTheLink", "totp:TestNamesComeBackByOthers"),
		lessons.Of(14, "a store that fails denies", "accesssec:TestFlows/FactorFaults/an attempt that can't be booked", "accesssec:TestFlows/FactorFaults/a code, at each call", "accesssec:TestFlows/Faults/password"),
		lessons.Of(15, "of two answers to one challenge one makes a session", "accesssec:TestFlows/FactorRaces/64 times one code in one browser", "accesssec:TestFlows/FactorRaces/a code and a recovery code at once"),

		lessons.Of(16, "every kind of guess is counted, and ends", "accesssec:TestFlows/FactorLimits/a lock, and the next one", "accesssec:TestFlows/FactorLimits/a lock of the recovery codes", "accesssec:TestFlows/Mails/its code", "accesssec:TestFlows/Mails/a code beside another", "accesssec:TestFlows/Limits/doubling, and forgotten"),
		lessons.Of(17, "while a lock lasts the right code is refused", "totp:TestRightCodeIsRefusedWhileLocked", "accesssec:TestFlows/FactorLimits/a lock, and the next one"),
		lessons.Of(18, "recovery codes are limited, with nothing to switch on", "totp:TestParallelWrongRecoveryCodesAreAllCounted", "accesssec:TestFlows/FactorLimits/a hundred of the recovery codes"),
		lessons.Of(19, "to begin the sign-in anew begins no new count", "accesssec:TestFlows/FactorLimits/to sign in anew begins no new count"),
		lessons.Of(20, "a lock ends the sign-ins that wait", "accesssec:TestFlows/FactorLimits/a lock ends the sign-ins that wait", "accesssec:TestFlows/FactorLimits/whichever way a sign-in began"),
		lessons.Of(21, "who guesses passwords from outside locks nobody's second factor", "accesssec:TestFlows/FactorLimits/passwords and codes are counted apart"),
		lessons.Of(22, "of 200 guesses at once those looked at are those counted, and few", "totp:TestParallelWrongCodesAreAllCounted", "accesssec:TestFlows/Races/200 wrong passwords at once"),
		lessons.Of(23, "after a lock the next one comes", "totp:TestSecondLockComesAgain", "accesssec:TestFlows/FactorLimits/a lock, and the next one"),
		lessons.Of(24, "a flood of other addresses makes no count forgotten", "accesssec:TestFlows/Limits/a flood of others forgets nothing"),
		lessons.Of(25, "headers that anybody can send make nobody another network", "accesssec:TestFlows/Limits/headers that anybody can send"),
		lessons.Of(26, "the spellings of an address share one count, and look-alikes are nobody's", "accesssec:TestFlows/Limits/one address, however it is typed", "accesssec:TestFlows/People/three spellings are one person", "accesssec:TestFlows/People/look-alikes are nobody"),
		lessons.Of(27, "five hundred guesses are never let through, whichever limit thinks of another", "totp:TestFiveHundredGuesses", "accesssec:TestFlows/FactorLimits/a hundred, and no more"),
		lessons.Of(28, "sign-ins at once take the memory and the cores of a few", "accesssec/password:TestAtMostParallelRunAtOnce", "accesssec/password:TestMemoryOfMany", "accesssec:TestFlows/FactorAttacked/no slow computation before a code"),
		lessons.Of(29, "another's recovery code opens nothing", "totp:TestRecoveryCodesOfAnotherAreRefused", "accesssec:TestFlows/Factor/nobody else's codes"),
		lessons.Of(30, "one recovery code many times at once is good once", "totp:TestOneRecoveryCodeManyTimesAtOnce", "accesssec:TestFlows/FactorRaces/20 browsers with one recovery code"),
		lessons.Of(31, "no type prints or sends a secret that it holds", "totp:TestEveryExportedTypeIsPoured", "accesssec:TestWhatHoldsASecretHasAFormat", "accesssec:TestFlows/FactorLog/no secret in any place"),

		lessons.Of(32, "every way to a session asks the policy, and a session for set-up is good for that alone", "accesssec:TestFlows/Pairs", "accesssec/policy:TestEveryCell", "internal/archtest:TestDoors", "accesssec:TestFlows/Factor/a session for set-up is for that alone"),
		lessons.Of(33, "to have one more factor never lowers what is asked", "accesssec/policy:TestAFactorNeverLowers", "accesssec/policy:TestFactorsOnlyClose"),
		lessons.Of(34, "what a browser had before it signed in, or proved more, is no session after", "accesssec:TestFlows/MySessions/what is there before the sign-in", "accesssec:TestFlows/MySessions/another token at each proof", "accesssec/signin:TestPlantedMark"),
		lessons.Of(35, "what is good once is good once: responses, links, answers, codes", "accesssec:TestFlows/Bindings/replay", "accesssec:TestFlows/Races/100 posts of one response", "accesssec:TestFlows/Mails/ten at once", "accesssec:TestFlows/MailPasswords/ten at once", "accesssec:TestFlows/Addresses/ten clicks", "accesssec:TestFlows/FactorReset/a link, a mail and a password", "accesssec:TestFlows/OpenID/ten with one answer"),
		lessons.Of(36, "a connection that is switched off refuses the answers under way", "accesssec:TestFlows/Bindings/switched off meanwhile"),
		lessons.Of(37, "a request or a sign-in that began before the end of all leaves no session", "accesssec:TestFlows/MySessions/a request under way", "accesssec:TestFlows/MySessions/a sign-in under way", "accesssec:TestFlows/MySessions/sign-ins and the end of all, often", "accesssec:TestFlows/SessionCache/requests beside the end"),
		lessons.Of(38, "a cookie that can't be read is none", "accesssec/signin:TestSpoiledSessionCookie", "accesssec/signin:TestSpoiledVisitCookie"),
		lessons.Of(39, "whatever takes a way in away ends the sessions by it", "accesssec:TestFlows/Passwords/what ends by what", "accesssec:TestFlows/Factor/which sessions end", "accesssec:TestFlows/Addresses/sessions are decided again"),
		lessons.Of(40, "a link of a reset works once, for its account, for an hour; an empty one never", "accesssec:TestFlows/MailPasswords/links for something else", "accesssec:TestFlows/MailPasswords/changed meanwhile", "accesssec:TestFlows/MailPasswords/another password", "accesssec:TestFlows/MailPasswords/ten at once", "accesssec/signin:TestLinksOfAnotherKind"),
		lessons.Of(41, "of two changes of address at once the token says which", "accesssec:TestFlows/Addresses/two at once", "accesssec:TestTheLinkAskedForLastHolds"),
		lessons.Of(42, "nobody ends or sees a session that is not theirs by its id", "accesssec:TestFlows/MySessions/whose sessions are not"),
		lessons.Of(43, "links have the configured origin, and go to the address that was asked for and is somebody's", "accesssec:TestFlows/Mails/the configured origin", "accesssec/signin:TestHostHeaderIsNotBelieved"),
		lessons.Of(44, "who has an account does not show, in words or in work", "accesssec:TestFlows/Accounts/the same work for a known address", "accesssec:TestFlows/Passwords/the same work", "accesssec:TestFlows/Mails/whoever is asked about", "accesssec/signin:TestPagesDoNotEnumerate", "accesssec/signin:TestMailsTellNothing"),
		lessons.Of(45, "an account that somebody else has made is emptied before it is its owner's", "accesssec:TestFlows/OpenID/an account nobody has proven", "accesssec:TestFlows/OpenID/an address that is not verified", "accesssec:TestFlows/Accounts/a squatter's account is brought in", "accesssec:TestFlows/Mails/an account nobody has proven"),
		lessons.Of(46, "no other site starts a sign-in here, or brings its answer", "accesssec/signin:TestCrossSiteForms", "accesssec/signin:TestFormsByALink", "accesssec/signin:TestNewFormsFromElsewhere", "accesssec:TestFlows/OpenID/once, and in one browser", "accesssec:TestFlows/Bindings/another browser"),
	)
}
