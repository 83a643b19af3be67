package postgresql_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// fill writes the claims, each with its job, as they are after a month in which all was
// well, and due in their turn.
func (w *sweep) fill(orgIDs []string) {
	w.b.Helper()
	claims := func(i int) ([]any, error) {
		text, err := json.Marshal(w.claim(i))
		return []any{orgIDs[i%orgs], claimID(i), domainOf(i), string(domainclaim.Verified), text, 31}, err
	}
	jobs := func(i int) ([]any, error) {
		body, err := json.Marshal(map[string]string{"name": domainOf(i)})
		return []any{orgIDs[i%orgs], "domain", claimID(i), w.due(i), body, "", 62}, err
	}
	w.copy("domains", []string{"org_id", "id", "name", "status", "claim", "version"}, claims)
	w.copy("jobs", []string{"org_id", "kind", "key", "at", "body", "lease", "seq"}, jobs)
	_, err := w.db.ExecContext(w.b.Context(), "VACUUM ANALYZE")
	w.must(err)
	_, err = w.db.ExecContext(w.b.Context(), "CHECKPOINT")
	w.must(err)
}

func claimID(i int) string { return fmt.Sprintf("dom-%026d", i) }

// due is when the claim was to be looked at: within the last ten hours.
func (w *sweep) due(i int) time.Time {
	const span = 10 * time.Hour
	return w.began.Add(-span + time.Duration(w.turn(i))*(span/time.Duration(w.n))).Add(-time.Minute).Truncate(time.Microsecond)
}

func (w *sweep) claim(i int) domainclaim.Claim {
	name, token := domainOf(i), tokenOf(i)
	made, last := w.began.AddDate(0, 0, -31), w.began.AddDate(0, 0, -1)
	value := "accesssec-domain-verify=" + token
	return domainclaim.Claim{
		Name: name, Product: "accesssec", Token: token, Generation: 1, State: domainclaim.Verified,
		CreatedAt: made, VerifiedAt: made, CheckAt: w.due(i), NameServers: hostsOf(i),
		Last: &domainclaim.Observation{
			Name: name, Token: token, Outcome: domainclaim.Present, At: last, Found: []string{value},
			Hint: "The record is there.",
			Answers: []domainclaim.Answer{{
				Server: "9.9.9.9:53", Name: name + ".", Code: domainclaim.CodeOK, TTL: 5 * time.Minute,
				Values: []string{value, "v=spf1 include:_spf.example.net -all"},
			}},
		},
		History: []domainclaim.Span{
			{Outcome: domainclaim.Absent, From: made, To: made, Looks: 2, Authoritative: 2, Codes: []domainclaim.Code{domainclaim.CodeOK}},
			{Outcome: domainclaim.Present, From: made, To: last, Looks: 30, Codes: []domainclaim.Code{domainclaim.CodeOK}},
		},
	}
}

// copy writes a row for each claim, by COPY.
func (w *sweep) copy(table string, columns []string, row func(i int) ([]any, error)) {
	w.b.Helper()
	conn, err := w.db.Conn(w.b.Context())
	w.must(err)
	defer conn.Close()
	w.must(conn.Raw(func(driver any) error {
		_, err := driver.(*stdlib.Conn).Conn().CopyFrom(w.b.Context(), pgx.Identifier{w.schema, "accesssec_" + table}, columns,
			pgx.CopyFromSlice(w.n, row))
		return err
	}))
}

// databaseTime is what PostgreSQL has taken of the processors, all of its processes. 0 where
// the system does not tell.
func (w *sweep) databaseTime() time.Duration {
	w.b.Helper()
	var pid int
	w.query("SELECT pg_backend_pid()", func(rows *sql.Rows) error { return rows.Scan(&pid) })
	main := parentOf(pid)
	if main == 0 {
		return 0
	}
	took := processorTime(w.b, main)
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	w.must(err)
	for _, path := range stats {
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil && parentOf(pid) == main {
			took += processorTime(w.b, pid)
		}
	}
	return took
}

// The fields of /proc/PID/stat, counted from behind the name of the program: proc(5).
const (
	statParent = 1
	statTimes  = 11 // user, system, and those of children that have ended
	tick       = 10 * time.Millisecond
)

func statOf(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
}

func parentOf(pid int) int {
	if f := statOf(pid); len(f) > statParent {
		parent, _ := strconv.Atoi(f[statParent])
		return parent
	}
	return 0
}

// processorTime is what a process has taken, with its children that have ended.
func processorTime(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	f := statOf(pid)
	if len(f) < statTimes+4 {
		return 0
	}
	var took time.Duration
	for _, text := range f[statTimes : statTimes+4] {
		n, err := strconv.Atoi(text)
		if err != nil {
			tb.Fatal(err)
		}
		took += time.Duration(n) * tick
	}
	return took
}
