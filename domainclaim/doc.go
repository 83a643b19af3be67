// Package domainclaim proves by DNS who owns a domain, watches that the proof stays, and says
// what an e-mail address is. It owns three things: the one form in which addresses are
// compared ([Address]), the names that may be claimed ([Name]), and the claim on a name
// together with the looks at DNS that move it ([Claim], [Checker], [Observation]).
//
// Its first duty is to tell "gone" from "broken". A record counts as absent only when
// servers that answered properly say so; a time-out, SERVFAIL, REFUSED, a truncated
// answer, an answer to another question or a loop of aliases is [Unknown], and
// Unknown never moves a claim. One server that lies is not enough either way: a proof takes
// most resolvers, or the name servers of the zone themselves ([Authority]), and a proven
// claim lapses only by the word of those, after a week of looks that found the record gone.
// When the records of many vanish at once, a [Breaker] believes none of it.
//
// It refuses to keep state: a [Claim] is a value, its next value comes from
// [Claim.Next], and the caller keeps it; where name servers are, an [Authority] keeps for
// minutes. It refuses to claim public suffixes, consumer mail providers and the domains that
// providers lend to their tenants. It refuses to ask name servers at addresses that are not
// public, since strangers choose them. It does no DNSSEC validation: use resolvers that
// validate.
//
// # Where to start
//
// [ParseAddress] is for people. For claims: [ParseName] and [New] make one, [Claim.Guide] says
// what to show of it, [Checker.CheckNow] looks while somebody waits and [Checker.Check] in the
// background, at [Claim.CheckAt]. What was seen goes through [Breaker.Watch] and then
// [Claim.Next], which returns the claim to keep and the [Event] to tell people of.
//
// # What the caller keeps
//
//   - The claim as JSON, replaced by compare-and-swap, so that two looks at once count once.
//   - A unique key on the name of the claims that hold it ([Claim.Holds]). Whoever violates
//     it has proven a name that is another's: [Claim.Contest].
//   - CheckAt, to find what is due.
//   - A limit on CheckNow and on the number of claims: who claims a name chooses the servers
//     that are asked.
//
// The program examples/domainonly is a site built on nothing else; docs/domains.md says what
// each state means and has the numbers. Package dnstest is a DNS server for tests.
//
// Sources: RFC 5321 and RFC 6531 (addresses), RFC 5891 and UTS #46 (internationalised
// names), RFC 1035, RFC 2181, RFC 2308, RFC 4343 and RFC 6891 (DNS), and the public suffix
// list.
package domainclaim
