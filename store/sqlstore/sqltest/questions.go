package sqltest

import (
	"time"

	"github.com/accesssec/accesssec-go/store"
)

func aQuery(d *dice) store.EntryQuery {
	f := aFilter(d, 3)
	q := store.EntryQuery{Filter: &f, Count: d.once(3), Paging: store.Paging{Limit: 1 + d.roll(60)}}
	q.Type = pick(d, []string{"", "", store.EntryUser, store.EntryGroup, "Other"})
	q.Sort = store.Sort{Desc: d.once(3)}
	if d.once(2) {
		q.Sort.Path = pick(d, append(paths(), "id", "name", "externalId", "userId", "connectionId", "active", "created", "modified"))
	}
	if d.once(5) {
		q.Offset = d.roll(70)
	}
	if d.once(10) {
		q.Filter = nil
	}
	return q
}

func aFilter(d *dice, depth int) store.Filter {
	some := func() []store.Filter {
		parts := make([]store.Filter, 1+d.roll(3))
		for i := range parts {
			parts[i] = aFilter(d, depth-1)
		}
		return parts
	}
	if depth > 0 {
		switch d.roll(8) {
		case 0:
			return store.Filter{And: some()}
		case 1:
			return store.Filter{Or: some()}
		case 2:
			f := aFilter(d, depth-1)
			return store.Filter{Not: &f}
		case 3:
			attribute := pick(d, []string{"emails", "emails", "title", "tags", "emails.value", "nowhere"})
			return store.Filter{Path: attribute, Element: []store.Filter{aPart(d, attribute, depth), aPart(d, attribute, depth)}[d.roll(2):]}
		}
	}
	return aComparison(d)
}

// aPart is a condition on one element. Now and then it reaches beyond it.
func aPart(d *dice, attribute string, depth int) store.Filter {
	if depth > 0 {
		switch d.roll(6) {
		case 0:
			return store.Filter{And: []store.Filter{aPart(d, attribute, depth-1), aPart(d, attribute, depth-1)}}
		case 1:
			return store.Filter{Or: []store.Filter{aPart(d, attribute, depth-1), aPart(d, attribute, depth-1)}}
		case 2:
			f := aPart(d, attribute, depth-1)
			return store.Filter{Not: &f}
		}
	}
	f := store.Filter{Path: attribute + pick(d, []string{"", ".type", ".value", ".value", ".x"}), Op: aTextOp(d), Value: pick(d, texts())}
	if d.once(40) {
		f.Path = pick(d, paths())
	}
	return f
}

func aTextOp(d *dice) store.Op {
	return pick(d, []store.Op{store.OpEq, store.OpEq, store.OpEq, store.OpStarts, store.OpStarts, store.OpContains, store.OpEnds,
		store.OpPresent, store.OpGreater, store.OpAtLeast, store.OpLess, store.OpAtMost})
}

func aComparison(d *dice) store.Filter {
	f := store.Filter{Op: aTextOp(d), Value: pick(d, texts())}
	switch d.roll(8) {
	case 0:
		f.Path, f.Op, f.Value = "members", store.OpEq, entryID(d.roll(65))
	case 1:
		f.Path, f.Op, f.Value = "active", pick(d, []store.Op{store.OpEq, store.OpEq, store.OpPresent}), pick(d, []string{"true", "false"})
	case 2:
		f.Path, f.Value = pick(d, []string{"created", "modified"}), anInstant(d)
		f.Op = pick(d, []store.Op{store.OpEq, store.OpPresent, store.OpGreater, store.OpAtLeast, store.OpLess, store.OpAtMost})
	case 3, 4:
		f.Path = pick(d, []string{"id", "name", "externalId", "userId", "connectionId"})
		if d.once(2) {
			f.Value += suffix(d.roll(60))
		}
		if f.Path == "id" && d.once(2) {
			f.Value = entryID(d.roll(65))
		}
	default:
		f.Path = pick(d, paths())
	}
	if d.once(100) {
		f.Op = pick(d, []store.Op{"ne", store.OpContains, store.OpGreater})
	}
	return f
}

// anInstant is near those of the directory, in other zones, finer than they are kept,
// and at the ends of what RFC 3339 can say.
func anInstant(d *dice) string {
	if d.once(6) {
		return pick(d, []string{"0000-01-01T00:00:00Z", "0000-01-01T00:00:00+02:00", "9999-12-31T23:59:59-02:00", "2040-01-02T12:00:00.0000001Z"})
	}
	at := pick(d, instants()).Add(time.Duration(d.roll(5)-2) * 500 * time.Nanosecond)
	if at.Year() >= 1 && at.Year() < 9999 {
		at = at.In(time.FixedZone("", (d.roll(5)-2)*3600))
	}
	return at.Format(time.RFC3339Nano)
}
