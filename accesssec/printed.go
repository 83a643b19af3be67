package accesssec

import (
	"fmt"
	"io"
	"log/slog"
)

// Some of what passes through a host's hands holds a password, a code or a link that opens
// something. Printed, whole or inside of something else, and logged, it says what it is and
// not what it holds; its fields and its JSON are for those who carry it on.

// String says which notice it is, and for whom: Text and Values may hold a link or a code.
func (n Notice) String() string {
	return fmt.Sprintf("notice %s (%s) for %s", n.ID, n.Template, n.UserID)
}

// Format is String for every verb.
func (n Notice) Format(f fmt.State, _ rune) { io.WriteString(f, n.String()) }

// LogValue implements [slog.LogValuer].
func (n Notice) LogValue() slog.Value { return slog.StringValue(n.String()) }

// String leaves out the code.
func (c LinkingCode) String() string {
	return "linking code, good until " + noticeTime(c.Expires)
}

// Format is String for every verb.
func (c LinkingCode) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c LinkingCode) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String leaves out the password and its hash.
func (p Person) String() string { return fmt.Sprintf("person %q", p.Address) }

// Format is String for every verb.
func (p Person) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// LogValue implements [slog.LogValuer].
func (p Person) LogValue() slog.Value { return slog.StringValue(p.String()) }

// String leaves out the password.
func (n Newcomer) String() string { return fmt.Sprintf("newcomer %q", n.FirstName+" "+n.LastName) }

// Format is String for every verb.
func (n Newcomer) Format(f fmt.State, _ rune) { io.WriteString(f, n.String()) }

// LogValue implements [slog.LogValuer].
func (n Newcomer) LogValue() slog.Value { return slog.StringValue(n.String()) }

// LogValue implements [slog.LogValuer]: Invitation is for who carries it on.
func (v Visit) LogValue() slog.Value { return slog.StringValue(v.String()) }
