package dnstest

// Fault is a way to answer wrongly, or not at all.
type Fault string

// The faults.
const (
	ServFail       Fault = "servfail"        // response code 2
	Refused        Fault = "refused"         // response code 5
	FormErr        Fault = "formerr"         // response code 1
	FormErrEDNS    Fault = "formerr-edns"    // response code 1 to questions with EDNS alone
	NotImp         Fault = "notimp"          // response code 4
	BadVersion     Fault = "bad-version"     // an error that only EDNS can carry; the plain code is 0
	NXDomain       Fault = "nxdomain"        // says that the name does not exist
	NoData         Fault = "nodata"          // says that the name has no TXT record
	Drop           Fault = "drop"            // no answer
	Truncated      Fault = "truncated"       // by UDP the first record alone, marked as cut
	TruncatedTwice Fault = "truncated-twice" // the same by TCP
	WrongID        Fault = "wrong-id"        // the records, under another message id
	WrongQuestion  Fault = "wrong-question"  // the records, to a question not asked
	WrongOwner     Fault = "wrong-owner"     // the records, but of another name
	Lame           Fault = "lame"            // refers to other servers
	NoAA           Fault = "no-aa"           // as a name server, without the word of one
	ShortChain     Fault = "short-chain"     // the first alias alone, and not what it leads to
	Garbage        Fault = "garbage"         // the right question, and rubbish after it
	Hangup         Fault = "hangup"          // marked as cut by UDP, and TCP closes unanswered
)
