package domainclaim_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/internal/lessons"
)

// TestLessons: every lesson of verifying domains has its tests.
func TestLessons(t *testing.T) {
	t.Parallel()
	lessons.Check(t, "..",
		lessons.Of(1, "ten days of SERVFAIL: still verified, no grace started, and a page says so", "domainclaim:TestUnknownForTenDays1to3", "domainclaim:TestFaults"),
		lessons.Of(2, "ten days of time-outs: the same", "domainclaim:TestUnknownForTenDays1to3", "domainclaim:TestFaults"),
		lessons.Of(3, "ten days of REFUSED: the same", "domainclaim:TestUnknownForTenDays1to3", "domainclaim:TestFaults"),
		lessons.Of(4, "a search list in resolv.conf makes no absence out of a failure", "domainclaim:TestSearchList4"),
		lessons.Of(5, "a second short of a week gone it is verified, a second later it is not, and that is said once", "domainclaim:TestGraceToTheSecond5"),
		lessons.Of(6, "back on the sixth day: no count is left, and the token is the same", "domainclaim:TestRecordBack6"),
		lessons.Of(7, "absences and failures in turn: a failure neither adds to the absence nor ends it", "domainclaim:TestAlternating7", "domainclaim:TestLives"),
		lessons.Of(8, "nobody looked for a month: the grace begins with the first look, not before", "domainclaim:TestNotBackDated8"),
		lessons.Of(9, "one resolver of three still sees the record: it is not gone", "domainclaim:TestQuorum9"),
		lessons.Of(10, "many organisations prove one domain at once: one gets it", "store/storetest:OneOfManyOrgsVerifies"),
		lessons.Of(11, "the token of another claim proves nothing, and the hint says whose it is", "domainclaim:TestCheck/another claim's token (11)", "domainclaim:TestCheck/another claim's token under the label (11)", "domainclaim:TestStaleObservation"),
		lessons.Of(12, "given up and claimed again: another token, and the old record proves nothing", "domainclaim:TestRenewedToken12"),
		lessons.Of(13, "a token in two strings of one record is one token", "domainclaim:TestSplitStrings13"),
		lessons.Of(14, "the token among forty records, which come over TCP", "domainclaim:TestManyRecords14"),
		lessons.Of(15, "an answer that is cut short over TCP too says nothing", "domainclaim:TestTruncatedTwice15"),
		lessons.Of(16, "records of another name than was asked for are not taken", "domainclaim:TestOtherOwner16"),
		lessons.Of(17, "eight aliases are followed, and a loop of them says nothing", "domainclaim:TestAliases17"),
		lessons.Of(18, "blanks and quotes around the value are forgiven, and for more the hint says what to mend", "domainclaim:TestCheck/padded (18)", "domainclaim:TestCheck/quoted (18)", "domainclaim:TestCheck/host=value (18)"),
		lessons.Of(19, "a panel that appends the domain once more: the hint says so", "domainclaim:TestAppended19"),
		lessons.Of(20, "the bare token at the domain itself: the hint says what is missing", "domainclaim:TestCheck/token alone at the apex (20)"),
		lessons.Of(21, "the spellings of one domain are one claim", "domainclaim:TestNameOneKey21", "domainclaim:TestAddressOneKey21"),
		lessons.Of(22, "what is no domain, or one for everybody, is refused with the code that says why", "domainclaim:TestNameRefused22"),
		lessons.Of(23, "mail providers for everybody are refused, and the host has the last word", "domainclaim:TestNameFreeMail23"),
		lessons.Of(24, "no domain is taken out of a quoted local part", "domainclaim:TestAddressQuotedLocal24"),
		lessons.Of(25, "letters that look alike are the familiar domain only where IDNA says so", "domainclaim:TestAddressLookAlike25"),
		lessons.Of(26, "what is no bare address is refused at the door", "domainclaim:TestAddressRefused26", "domainclaim:TestAddressCharacters26"),
		lessons.Of(27, "a tag and letters beyond ASCII match the domain, and stay as they are", "domainclaim:TestAddressLocalUntouched27"),
		lessons.Of(28, "a claim covers what is below its name on request alone, and the most specific one wins", "domainclaim:TestCovers28"),
		lessons.Of(29, "a name goes from one organisation to another: at no moment do both hold it, or neither", "store/storetest:NameChangesHandsWithoutAGap"),
		lessons.Of(30, "an instance dies over its work: another does it after the lease, once", "store/storetest:ManyWorkersNoDoubleLease", "store/storetest:LeaseEnds"),
	)
}
