// Package domainclaim proves by DNS who owns a domain, and says what an e-mail
// address is. It owns three things: the one form in which addresses are compared
// ([Address]), the names that may be claimed ([Name]), and the claim on a name
// together with the look at DNS that decides it ([Claim], [Checker], [Observation]).
//
// Its first duty is to tell "gone" from "broken". A record counts as absent only when
// servers that answered properly say so; a time-out, SERVFAIL, REFUSED, a truncated
// answer, an answer to another question or a loop of aliases is [Unknown], and
// Unknown never moves a claim.
//
// A resolver that lies or lags must neither prove a domain nor take one: a proof needs
// most of the resolvers, or the name servers of the zone, which are found by what most
// resolvers say and asked at public addresses alone ([NewAuthority]).
//
// It refuses to keep state: a [Claim] is a value, its next value comes from
// [Claim.Next], and the caller keeps it. It refuses to claim public suffixes,
// consumer mail providers and the domains that providers lend to their tenants. It
// does no DNSSEC validation: use resolvers that validate.
//
// Start with [ParseAddress] for people, and with [ParseName], [New] and [NewChecker]
// for claims. Package dnstest is a DNS server for tests, and a small
// Internet of them.
//
// Sources: RFC 5321 and RFC 6531 (addresses), RFC 5891 and UTS #46 (internationalised
// names), RFC 1034, RFC 1035, RFC 2308 and RFC 6891 (DNS), and the public suffix list.
package domainclaim
