// Package accesssec is the whole of Access & Security for a SaaS: it joins saml and
// domainclaim to one store.Store and one gate.
//
// Four faces, by who is acting:
//
//   - [Service] is for the host: make orgs, protect pages, start Run beside the server,
//     tell by PersonChanged what its own code has changed.
//   - [SignIn] is for a stranger: every way in, all ending in one gate.
//   - [Me] is for a signed-in person: proving it is them, their second factor, signing out.
//   - [Admin] is for an Owner or Admin of one org: domains, sign-on, settings, resets of
//     second factors.
//
// To follow one login, read signin.go (what the pages call), sso.go or password.go
// (what proves the person), gate.go (who is let in, and the one place where a session
// is made) and change.go (the transaction and the audit event it owes). With a second factor
// halflogin.go and factorcode.go stand between, and setup.go where one has to be set up;
// factor.go has the picture.
//
// Package signin beside this one has the pages; examples/quickstart shows a host.
//
// Everything here refuses with a [*Refusal], which holds a sentence for the person and
// another for their administrator. Any other error is a fault of the host's: of the
// store, the context, the configuration. A fault never lets anybody in.
package accesssec
