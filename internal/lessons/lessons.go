// Package lessons holds tables of what went wrong elsewhere to the tests that show it does not
// here. It is for tests.
package lessons

import (
	"strings"
	"testing"
)

// Lesson is what went wrong somewhere once, or would, said as it is here instead.
type Lesson struct {
	number int
	says   string
	shown  []string
}

// Of is a lesson with its number, and where it is shown: a directory of the repository, a colon,
// and a test in it; or a case of a test, or of a suite, by its name; or accesssec:TestFlows, a
// group and a flow.
func Of(number int, says string, shown ...string) Lesson { return Lesson{number, says, shown} }

// Check is that every lesson has its tests, under the names that the table gives, and that the
// lessons stand in order. root is the way to the repository's.
func Check(t *testing.T, root string, all ...Lesson) {
	t.Helper()
	b := book{root: root, dirs: map[string]*cases{}}
	number := 0
	for _, l := range all {
		if l.number <= number || l.says == "" || len(l.shown) == 0 {
			t.Errorf("lesson %d: want the lessons in order, each with its words and its tests", l.number)
		}
		number = l.number
		for _, shown := range l.shown {
			if !b.has(t, shown) {
				t.Errorf("lesson %d: there is no %s", l.number, shown)
			}
		}
	}
}

// book has read some of the repository.
type book struct {
	root string
	dirs map[string]*cases
}

func (b *book) cases(t *testing.T, dir string) *cases {
	t.Helper()
	if b.dirs[dir] == nil {
		b.dirs[dir] = readCases(t, b.root+"/"+dir)
	}
	return b.dirs[dir]
}

func (b *book) has(t *testing.T, shown string) bool {
	t.Helper()
	dir, name, _ := strings.Cut(shown, ":")
	flow, isFlow := strings.CutPrefix(name, "TestFlows/")
	if dir != "accesssec" || !isFlow {
		return b.cases(t, dir).has(name)
	}
	group, one, isOne := strings.Cut(flow, "/")
	c := b.cases(t, "internal/flowtest")
	fn := c.named["Run"][group]
	return fn != "" && (!isOne || c.names(fn, one))
}
