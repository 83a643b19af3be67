// Package totp is the second factor by authenticator app (RFC 6238), with what
// generators and validators of codes leave to the caller: confirmation before use,
// single use, limits on guessing, and recovery codes.
//
// It owns the arithmetic of one person's factor and keeps no state: it takes a value,
// and returns the next one. The caller keeps three things for each factor:
//
//   - the [Secret], sealed under a key that the database does not hold;
//   - the [Enrollment], as the JSON that it makes of itself, replaced by
//     compare-and-swap alone (UPDATE ... WHERE version = $read);
//   - the [RecoveryCodes], in the same way.
//
// # The order
//
// Who counts an attempt after looking at the code can be made to look at thousands of
// codes at once. So a code is looked at in three steps, and the types leave no other way:
//
//  1. [Enrollment.Begin] counts one attempt, or refuses with a [*LockedError].
//  2. [Attempt.Booked] is saved by a swap that is committed by itself, outside of the
//     transaction that lets the person in: a login that is rolled back was counted all
//     the same. Who loses the swap stops here and has seen no code: another attempt is
//     under way.
//  3. [Attempt.Check] looks at the code. What it returns is saved, by a swap against
//     Booked, in the transaction that lets the person in. When that swap loses, nobody
//     is let in: the same code may have been used elsewhere in the meantime.
//
// A code is good once: the step of time that it belongs to must be later than every step
// accepted before (RFC 6238, section 5.2), and the code that confirms an enrolment is
// used up by that. Recovery codes go the same way, by [RecoveryCodes.Begin].
//
// # Printing
//
// A Secret, a [Setup], a [QR] and [Codes] print as "[redacted]" in every verb, in JSON and
// in logs, also inside of other structs. What they hold comes out by a method with a name
// that says so. [RecoveryCodes] print so too, but for their JSON, which is what is kept.
//
// Everything here is safe for concurrent use. No clock is read: the caller says what time
// it is. Start at [New], and see the examples.
package totp
