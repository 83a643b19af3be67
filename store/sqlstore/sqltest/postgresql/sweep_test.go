package postgresql_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/seal"
	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

// The environment says how many claims are swept, and of how many in a hundred domains
// nobody answers, and how many questions in a thousand get lost.
const (
	sweepVariable  = "ACCESSSEC_SWEEP"
	silentVariable = "ACCESSSEC_SWEEP_SILENT"
	lostVariable   = "ACCESSSEC_SWEEP_LOST"
)

// BenchmarkDomainSweep is a whole sweep: claims that are all due are looked at by one
// Service with three resolvers and the name servers of the zones on loopback, and written
// to PostgreSQL. 95 in a hundred are well, three have lost their record, and two can't be
// looked up. All is one machine's work: what it takes of the processors is told apart.
//
//	.ci/postgresql.sh env ACCESSSEC_SWEEP=1000000 go test ./store/sqlstore/sqltest/postgresql \
//		-run '^$' -bench DomainSweep -benchtime 1x -timeout 40m
func BenchmarkDomainSweep(b *testing.B) {
	n := max(setting(b, sweepVariable, 20_000), 100)
	f := fates{n: n, gone: 3, broken: 2, silent: setting(b, silentVariable, 0)}
	lost := setting(b, lostVariable, 0)
	for b.Loop() {
		b.StopTimer()
		w := newSweep(b, f, lost)
		b.StartTimer()
		w.run()
		b.StopTimer()
		w.check()
		b.StartTimer()
	}
}

func setting(tb testing.TB, name string, otherwise int) int {
	tb.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		tb.Fatalf("%s: %q", name, text)
	}
	return n
}

// sweep is one, with all that takes part in it.
type sweep struct {
	b *testing.B
	fates
	schema string
	db     *sql.DB
	dns    *dnsServers
	svc    *accesssec.Service
	began  time.Time
}

const orgs = 301 // a prime, so that what comes evenly comes to all of them

func newSweep(b *testing.B, f fates, lost int) *sweep {
	b.Helper()
	d := sqltest.Schema(b, "pgx")
	w := &sweep{b: b, fates: f, schema: d.Options.Schema, db: d.Pool(b), dns: startDNS(b, f, lost), began: time.Now().UTC().Truncate(time.Microsecond)}
	w.service(d.StoreOn(b, w.db))
	ids := make([]string, orgs)
	for i := range ids {
		owner, err := w.svc.CreateOrg(b.Context(), fmt.Sprintf("Org %d", i), accesssec.Person{
			Address: fmt.Sprintf("owner@o%d.example", i), Verified: true, Password: "Correct horse 7 battery staple",
		})
		w.must(err)
		ids[i] = owner.OrgID
	}
	w.fill(ids)
	return w
}

func (w *sweep) service(st store.Store) {
	w.b.Helper()
	opts := &accesssec.Options{Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true})}
	for _, at := range w.dns.resolvers {
		r, err := domainclaim.NewResolver(at, nil)
		w.must(err)
		opts.Resolvers = append(opts.Resolvers, r)
	}
	var err error
	opts.Authority, err = domainclaim.NewAuthority(&domainclaim.AuthorityOptions{Servers: w.dns.resolvers, Dial: w.dial})
	w.must(err)
	w.svc, err = accesssec.New(st, "https://app.example.com", seal.GenerateRing(), opts)
	w.must(err)
}

// dial leads to the name server where it has a public address.
func (w *sweep) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if strings.HasSuffix(address, ":53") {
		address = w.dns.authority
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// run looks at all claims, and reports what it took.
func (w *sweep) run() {
	w.b.Helper()
	database := w.databaseTime()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ours, began := processorTime(w.b, os.Getpid()), time.Now()
	done, err := w.svc.Tick(w.b.Context())
	w.must(err)
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	ours = processorTime(w.b, os.Getpid()) - ours
	database = w.databaseTime() - database
	asked, dns, err := w.dns.stop()
	w.must(err)
	if done < w.n {
		w.b.Fatalf("%d things done for %d claims", done, w.n)
	}
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(w.n) }
	w.b.ReportMetric(float64(w.n)/took.Seconds(), "claims/s")
	w.b.ReportMetric(per(took), "us/claim")
	w.b.ReportMetric(per(ours), "our-cpu-us/claim")
	w.b.ReportMetric(per(database), "postgresql-cpu-us/claim")
	w.b.ReportMetric(per(dns), "dns-server-cpu-us/claim")
	w.b.ReportMetric(float64(asked)/float64(w.n), "questions/claim")
	w.b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(w.n), "allocs/claim")
	w.b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(w.n), "B/claim")
}

// check reads what became of the claims.
func (w *sweep) check() {
	w.b.Helper()
	want := map[string]int{}
	for i := range w.n {
		switch w.of(i) {
		case well:
			want["verified: present x 31"]++
		case gone:
			want["missing: absent x 1"]++
		default:
			want["verified: unknown x 1"]++
		}
	}
	got := map[string]int{}
	w.query(`SELECT status || ': ' || (c -> 'last' ->> 'outcome') || ' x ' || (c -> 'history' -> -1 ->> 'looks'), count(*)
		FROM (SELECT status, convert_from(claim, 'UTF8')::jsonb AS c FROM `+w.table("domains")+`) AS d GROUP BY 1`, func(rows *sql.Rows) error {
		var what string
		var n int
		err := rows.Scan(&what, &n)
		got[what] = n
		return err
	})
	if diff := cmp.Diff(want, got); diff != "" {
		w.b.Errorf("the claims, -want +got:\n%s", diff)
	}
	for what, q := range map[string]string{
		"jobs that are leased or due": `SELECT count(*) FROM ` + w.table("jobs") + ` WHERE kind = 'domain' AND (lease <> '' OR at <= '` + w.began.Format(time.RFC3339Nano) + `')`,
		"jobs that are lost":          `SELECT ` + strconv.Itoa(w.n) + ` - count(*) FROM ` + w.table("jobs") + ` WHERE kind = 'domain'`,
		"records without an event":    `SELECT ` + strconv.Itoa(want["missing: absent x 1"]) + ` - count(*) FROM ` + w.table("audit_events") + ` WHERE convert_from(body, 'UTF8') LIKE '%domain.missing%'`,
	} {
		w.query(q, func(rows *sql.Rows) error {
			var n int
			err := rows.Scan(&n)
			if n != 0 {
				w.b.Errorf("%d %s", n, what)
			}
			return err
		})
	}
}

func (w *sweep) table(name string) string { return w.schema + ".accesssec_" + name }

func (w *sweep) query(q string, each func(*sql.Rows) error) {
	w.b.Helper()
	rows, err := w.db.QueryContext(w.b.Context(), q)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		w.must(each(rows))
	}
	w.must(rows.Err())
}

func (w *sweep) must(err error) {
	w.b.Helper()
	if err != nil {
		w.b.Fatal(err)
	}
}
