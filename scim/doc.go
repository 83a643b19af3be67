// Package scim is a SCIM 2.0 service provider: RFC 7643 and 7644, the cursors of RFC 9865, and
// the event types of RFC 9967. It owns the protocol: it parses and checks what comes in, works
// a PATCH out, holds preconditions, and words every answer. A [Backend] owns the resources. It
// thinks in users, groups and members, and sees none of the protocol.
//
// Begin with [NewHandler] over [NewMemory]; then bring a Backend. Package scim/scimtest has the
// tests that a host runs against its own mount.
//
// What clients of identity providers really send breaks the letter of the RFCs in known ways.
// A [Profile] says which of them are taken; each [Tolerance] that is used is counted.
//
// It refuses what has no one meaning, bodies, filters and operations beyond their bounds, and
// duplicate keys. It never keeps or returns a password. It authenticates nobody: that is the
// host's, which says for each request whose resources it may touch.
package scim
