// Package scimtest tests a SCIM 2.0 mount from outside, over HTTP. It owns three things: a
// conformance suite ([Run]), the bodies that identity providers have been seen to send, each
// with the state that it must lead to ([Bodies], [RunBodies]), and simulated clients that go
// through the life of a directory as the real ones do ([NewEntra], [NewOkta], [NewOneLogin],
// [NewJumpCloud], [NewAuthentik], [Walk]).
//
// All of it needs a [Target]: the address of a mount, a token, and a way to get addresses that
// may be created there. What it makes it deletes. It looks at nothing that it has not made, so
// a mount with people in it may be tested, though one in production should not. What no client sees
// is asked of the Backend itself: [RunBackend].
//
// There is no simulated Google Workspace: it offers no provisioning to a mount of one's own,
// and its people come by just-in-time provisioning at their first sign-on.
package scimtest
