package totp

import (
	"fmt"
	"io"
	"log/slog"
)

const blank = "[redacted]"

// redacted is embedded by what must not be printed. What it guards stands beside it
// behind a function, because fmt does not look into one: a struct of the caller's that
// holds such a value in an unexported field can be printed whole as well.
type redacted struct{}

// Format implements [fmt.Formatter] for every verb.
func (redacted) Format(s fmt.State, _ rune) { io.WriteString(s, blank) }

// String is "[redacted]".
func (redacted) String() string { return blank }

// GoString is "[redacted]".
func (redacted) GoString() string { return blank }

// MarshalText is "[redacted]", so that no encoder writes what is held.
func (redacted) MarshalText() ([]byte, error) { return []byte(blank), nil }

// LogValue implements [slog.LogValuer].
func (redacted) LogValue() slog.Value { return slog.StringValue(blank) }
