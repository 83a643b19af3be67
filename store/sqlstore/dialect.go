package sqlstore

import (
	"errors"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// Dialect is the database behind a pool.
type Dialect int

// The dialects.
const (
	PostgreSQL Dialect = iota + 1
	SQLite
)

func (d Dialect) String() string {
	switch d {
	case PostgreSQL:
		return "postgresql"
	case SQLite:
		return "sqlite"
	}
	return fmt.Sprintf("Dialect(%d)", int(d))
}

// each is a table with one column, value, of the texts in a JSON list.
func (d Dialect) each(list string) string {
	if d == PostgreSQL {
		return "jsonb_array_elements_text(CAST(" + list + " AS jsonb)) AS each(value)"
	}
	return "json_each(" + list + ") AS each"
}

// position is above 0 when part is found in text, byte for byte.
func (d Dialect) position(text, part string) string {
	if d == PostgreSQL {
		return "strpos(" + text + ", " + part + ")"
	}
	return "instr(" + text + ", " + part + ")"
}

// later is the later of two instants.
func (d Dialect) later(a, b string) string {
	if d == PostgreSQL {
		return "greatest(" + a + ", " + b + ")"
	}
	return "max(" + a + ", " + b + ")"
}

// skipLocked leaves to others what others are at.
func (d Dialect) skipLocked() string {
	if d == PostgreSQL {
		return " FOR UPDATE SKIP LOCKED"
	}
	return "" // there is one writer
}

// place is where a row is: the shortest way back to one that was just found, and good as
// long as nobody else can have moved it.
func (d Dialect) place() string {
	if d == PostgreSQL {
		return "ctid"
	}
	return "rowid"
}

// placed narrows to the rows at the places that query finds. Of a list PostgreSQL can't
// say how long it is, and does not think of reading the whole table instead.
func (d Dialect) placed(query string) string {
	if d == PostgreSQL {
		return "ctid = ANY (ARRAY(" + query + "))"
	}
	return "rowid IN (" + query + ")"
}

// lookup joins the rows r of a table to what comes before, for which cond is asked again
// each time by that index, and has the join answered as it stands.
func (d Dialect) lookup(table, index, cond string) string {
	if d == PostgreSQL {
		return " CROSS JOIN LATERAL (SELECT r.* FROM {" + table + "} AS r WHERE " + cond + d.fence() + ") AS r"
	}
	// It keeps to the order that CROSS says.
	return " CROSS JOIN {" + table + "} AS r" + d.by(index) + " WHERE " + cond + d.fence()
}

// by tells SQLite which index to use; "" leaves it to it. PostgreSQL can't be told.
func (d Dialect) by(index string) string {
	if d == SQLite && index != "" {
		return " INDEXED BY {" + index + "}"
	}
	return ""
}

// once begins a statement on what query finds, under the name due. PostgreSQL may run a
// query inside of IN again for each row that it looks at; where that skips what is locked,
// each run finds others, and no LIMIT holds.
func once(query string) string { return "WITH due AS MATERIALIZED (" + query + ") " }

// instantText is how SQLite keeps an instant: of one width, so that text sorts as time.
const instantText = "2006-01-02T15:04:05.000000Z"

// at is t as a parameter.
func (d Dialect) at(t time.Time) any {
	t = t.UTC().Truncate(time.Microsecond)
	if d == SQLite {
		return t.Format(instantText)
	}
	return t
}

// maybe is at, where zero is NULL.
func (d Dialect) maybe(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return d.at(t)
}

// instant scans what at and maybe have written.
type instant struct{ t *time.Time }

func (i instant) Scan(src any) error {
	var err error
	switch v := src.(type) {
	case nil:
		*i.t = time.Time{}
	case time.Time:
		*i.t = v.UTC()
	case string:
		*i.t, err = time.Parse(instantText, v)
	case []byte:
		*i.t, err = time.Parse(instantText, string(v))
	default:
		err = fmt.Errorf("sqlstore: instant in %T", src)
	}
	return err
}

// digest scans a [store.Hash].
type digest struct{ h *store.Hash }

func (d digest) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok || len(b) != len(d.h) {
		return errors.New("sqlstore: stored hash is not 32 bytes")
	}
	copy(d.h[:], b)
	return nil
}

// blob is b as a parameter: never NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
