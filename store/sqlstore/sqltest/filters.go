package sqltest

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
)

// FiltersAgree asks store/memory and a database the same random questions about the same
// random directory: both must find the same entries in the same order, or both refuse.
func FiltersAgree(t *testing.T, db Database) {
	d := newDice(t)
	want, s := memory.New(), db.Store(t)
	orgs := []string{"org-a", "org-b"}
	for i, step := range aDirectory(d, orgs) {
		for _, s := range []store.Store{want, s} {
			if err := s.RunInTx(t.Context(), func(tx store.Tx) error { return step(t, tx) }); err != nil {
				t.Fatalf("step %d on %T: %v", i, s, err)
			}
		}
	}
	held, refused := 0, 0
	for range questions {
		q := aQuery(d)
		org := pick(d, orgs)
		a, errA := walk(t, want, org, q)
		b, errB := walk(t, s, org, q)
		if errA != nil {
			refused++
		} else if len(a.ids) > 0 {
			held++
		}
		if (errA == nil) != (errB == nil) || !cmp.Equal(a, b, cmp.AllowUnexported(answer{})) {
			text, _ := json.Marshal(q)
			t.Fatalf("%s\nmemory: %+v, %v\n%T: %+v, %v", text, a, errA, s, b, errB)
		}
	}
	t.Logf("%d questions found something, %d were refused", held, refused)
	if held < questions/5 || refused < 10 {
		t.Errorf("%d questions found something and %d were refused: too few to tell", held, refused)
	}
}

// FiltersOnEveryText asks with each operator and each text for entries that have one of
// these texts each, in a column and in the index.
func FiltersOnEveryText(t *testing.T, db Database) {
	want, s := memory.New(), db.Store(t)
	for _, s := range []store.Store{want, s} {
		must(t, s.RunInTx(t.Context(), func(tx store.Tx) error {
			for i, text := range texts() {
				e := store.Entry{OrgID: "org", ID: entryID(i), Type: store.EntryUser, NameKey: text, Index: []store.Index{{Path: "title", Text: text}}}
				if err := tx.PutEntry(t.Context(), e); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	ops := []store.Op{store.OpEq, store.OpContains, store.OpStarts, store.OpEnds, store.OpPresent,
		store.OpGreater, store.OpAtLeast, store.OpLess, store.OpAtMost}
	for _, path := range []string{"name", "title"} {
		for _, op := range ops {
			for _, text := range texts() {
				q := store.EntryQuery{Filter: &store.Filter{Path: path, Op: op, Value: text}, Sort: store.Sort{Path: path}}
				a, errA := walk(t, want, "org", q)
				b, errB := walk(t, s, "org", q)
				if errA != nil || errB != nil || !cmp.Equal(a, b, cmp.AllowUnexported(answer{})) {
					t.Errorf("%s %s %q: memory %v, %v; here %v, %v", path, op, text, a.ids, errA, b.ids, errB)
				}
			}
		}
	}
}

// questions is how many are asked.
const questions = 1500

// answer is all that a query finds, page by page.
type answer struct {
	ids    []string
	totals []int
}

func walk(t *testing.T, s store.Store, org string, q store.EntryQuery) (answer, error) {
	t.Helper()
	var a answer
	for range 200 {
		page, err := s.Entries(t.Context(), org, q)
		if err != nil {
			return answer{}, err
		}
		for _, e := range page.Items {
			a.ids = append(a.ids, e.ID)
		}
		a.totals = append(a.totals, page.Total)
		if page.Next == "" {
			return a, nil
		}
		q.After, q.Offset = page.Next, 0
	}
	t.Fatalf("%T: a list without an end", s)
	return a, nil
}
