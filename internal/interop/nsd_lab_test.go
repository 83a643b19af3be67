//go:build unix

package interop_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// lab is DNS in small: NSD and Knot keep the zones, and two Unbound find out by asking
// them, one that keeps what it has seen and one that keeps nothing. All of them listen on
// loopback, work in a folder of their own, and end with the test.
type lab struct {
	dir     string
	keepers []keeper
	caching string // the addresses of the resolvers
	fresh   string

	mu      sync.Mutex
	dialled []string // network and address, of what was dialled as a name server
}

// keeper is one name server.
type keeper struct {
	name   string // of the program
	public netip.Addr
	addr   string // where it is
	dir    string // of its zones
	run    *exec.Cmd
}

// leftOut leaves a test out, or fails it where all of it must be there.
func leftOut(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("ACCESSSEC_REQUIRE_NSD") != "" {
		t.Fatalf("missing: %s", what)
	}
	t.Skipf("left out: %s is missing; .ci/nsd.sh installs it and runs these tests", what)
}

// program finds one that Debian keeps out of the path of those who are not root.
func program(t testing.TB, name string) string {
	t.Helper()
	for _, p := range []string{name, "/usr/sbin/" + name} {
		if found, err := exec.LookPath(p); err == nil {
			return found
		}
	}
	leftOut(t, name)
	return ""
}

// newLab starts the servers, with zones that have nothing but name servers.
func newLab(t testing.TB, zones ...string) *lab {
	t.Helper()
	nsd, knot, unbound := program(t, "nsd"), program(t, "knotd"), program(t, "unbound")
	l := &lab{dir: t.TempDir()}
	ports := freePorts(t, 4)
	l.keepers = []keeper{
		{name: nsd, public: netip.MustParseAddr("3ffe::1"), addr: loopback(ports[0]), dir: filepath.Join(l.dir, "nsd")},
		{name: knot, public: netip.MustParseAddr("3ffe::2"), addr: loopback(ports[1]), dir: filepath.Join(l.dir, "knot")},
	}
	for _, k := range l.keepers {
		if err := os.MkdirAll(k.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, z := range zones {
			k.write(t, z, 1)
		}
	}
	l.keepers[0].run = l.start(t, nsd, "-d", "-c", l.file(t, "nsd.conf", l.nsdConf(ports[0], zones)))
	l.keepers[1].run = l.start(t, knot, "-c", l.file(t, "knot.conf", l.knotConf(ports[1], zones)))
	for i, cache := range []bool{true, false} {
		name, port := fmt.Sprintf("unbound%d", i), ports[2+i]
		l.start(t, unbound, "-d", "-p", "-c", l.file(t, name+".conf", l.unboundConf(port, zones, cache)))
	}
	l.caching, l.fresh = loopback(ports[2]), loopback(ports[3])
	for _, z := range zones {
		for _, k := range l.keepers {
			waitFor(t, k.addr, z, 1)
		}
	}
	waitFor(t, l.caching, zones[0], 1)
	waitFor(t, l.fresh, zones[0], 1)
	return l
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// freePorts are free for UDP and TCP, as far as that can be known.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range 100 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		port := ln.Addr().(*net.TCPAddr).Port
		udp, err := net.ListenPacket("udp", loopback(port))
		if err != nil {
			continue
		}
		defer udp.Close()
		if ports = append(ports, port); len(ports) == n {
			return ports
		}
	}
	t.Fatal("no free ports")
	return nil
}

func (l *lab) file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(l.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// start runs a server until the test ends, and shows what it said when the test failed.
func (l *lab) start(t testing.TB, program string, args ...string) *exec.Cmd {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = l.dir, &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // with its children
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM) // it ends its children first
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
		}
		if t.Failed() {
			t.Logf("%s: %s", filepath.Base(program), said.Bytes())
		}
	})
	return cmd
}

func (l *lab) nsdConf(port int, zones []string) string {
	var b strings.Builder
	// Without rrl-ratelimit: 0 answers to one address are dropped after the first hundreds.
	fmt.Fprintf(&b, `server:
  ip-address: 127.0.0.1@%d
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "%s"
  database: ""
  pidfile: "%[3]s/nsd.pid"
  xfrdfile: "%[3]s/xfrd.state"
  zonelistfile: "%[3]s/zone.list"
  xfrdir: "%[3]s"
  zonefiles-check: yes
  rrl-ratelimit: 0
remote-control:
  control-enable: no
`, port, l.keepers[0].dir, l.dir)
	for _, z := range zones {
		fmt.Fprintf(&b, "zone:\n  name: %s\n  zonefile: %[1]s.zone\n", z)
	}
	return b.String()
}

func (l *lab) knotConf(port int, zones []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `server:
  rundir: "%s"
  listen: 127.0.0.1@%d
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "%[1]s/knot-db"
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: "%[3]s"
    file: "%%s.zone"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
zone:
`, l.dir, port, l.keepers[1].dir)
	for _, z := range zones {
		fmt.Fprintf(&b, "  - domain: %s\n", z)
	}
	return b.String()
}

func (l *lab) unboundConf(port int, zones []string, cache bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, `server:
  interface: 127.0.0.1@%d
  username: ""
  chroot: ""
  directory: "%s"
  pidfile: ""
  use-syslog: no
  num-threads: 1
  do-ip6: no
  do-not-query-localhost: no
  access-control: 127.0.0.0/8 allow_snoop
  module-config: "iterator"
  local-zone: "." always_refuse
`, port, l.dir)
	if !cache {
		b.WriteString("  cache-max-ttl: 0\n  cache-max-negative-ttl: 0\n")
	}
	for _, z := range zones {
		fmt.Fprintf(&b, "  local-zone: \"%s.\" transparent\n", z)
	}
	b.WriteString("remote-control:\n  control-enable: no\n")
	for _, z := range zones {
		fmt.Fprintf(&b, "stub-zone:\n  name: \"%s\"\n  stub-no-cache: no\n", z)
		for _, k := range l.keepers {
			fmt.Fprintf(&b, "  stub-addr: %s\n", strings.Replace(k.addr, ":", "@", 1))
		}
	}
	return b.String()
}

// The seconds that records may be kept, and absences.
const (
	recordTTL = 120
	absentTTL = 60
)

// write makes the file of a zone: name servers, its number, and these records, each a line
// of a zone file with names relative to the zone.
func (k keeper) write(t testing.TB, zone string, number int, records ...string) {
	t.Helper()
	text := fmt.Sprintf(`$ORIGIN %s.
$TTL %d
@ SOA ns1 hostmaster %d 3600 600 86400 %d
@ NS ns1
@ NS ns2
ns1 AAAA 3ffe::1
ns2 AAAA 3ffe::2
number TXT "%[3]d"
%[5]s
`, zone, recordTTL, number, absentTTL, strings.Join(records, "\n"))
	path := filepath.Join(k.dir, zone+".zone")
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// A server may look at the second of the change alone.
	at := time.Unix(int64(1_000_000_000+number), 0)
	if err := os.Chtimes(path+".new", at, at); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// publish gives the zone these records at the keepers, which are all where none is named,
// and waits until they have them.
func (l *lab) publish(t testing.TB, zone string, number int, records []string, only ...int) {
	t.Helper()
	for i, k := range l.keepers {
		if len(only) > 0 && !slices.Contains(only, i) {
			continue
		}
		k.write(t, zone, number, records...)
		if err := k.run.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		waitFor(t, k.addr, zone, number)
	}
}

// waitFor asks until the zone has that number.
func waitFor(t testing.TB, addr, zone string, number int) {
	t.Helper()
	r, err := domainclaim.NewResolver(addr, &domainclaim.ResolverOptions{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		a, err := r.LookupTXT(ctx, "number."+zone+".")
		if err == nil && slices.Equal(a.Values, []string{fmt.Sprint(number)}) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s has no %s of number %d: %v, %v", addr, zone, number, a.Values, err)
		case <-tick.C:
		}
	}
}

// Dial brings who dials a public address of a name server to where it is.
func (l *lab) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if address == l.caching || address == l.fresh {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	l.mu.Lock()
	l.dialled = append(l.dialled, network+" "+address)
	l.mu.Unlock()
	for _, k := range l.keepers {
		if address == netip.AddrPortFrom(k.public, 53).String() {
			return new(net.Dialer).DialContext(ctx, network, k.addr)
		}
	}
	if address == netip.AddrPortFrom(mistaken(), 53).String() {
		return new(net.Dialer).DialContext(ctx, network, l.caching)
	}
	return nil, fmt.Errorf("nobody is at %s", address)
}

// mistaken is where a resolver is that some zones call a name server.
func mistaken() netip.Addr { return netip.MustParseAddr("3ffe::cafe") }

// seen is what was dialled as a name server since the last forget.
func (l *lab) seen() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.dialled)
}

func (l *lab) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dialled = nil
}

// checker asks these resolvers, and the name servers that they name.
func (l *lab) checker(t testing.TB, resolvers ...string) *domainclaim.Checker {
	t.Helper()
	a, err := domainclaim.NewAuthority(&domainclaim.AuthorityOptions{Servers: resolvers, Dial: l.Dial})
	if err != nil {
		t.Fatal(err)
	}
	o := domainclaim.CheckerOptions{Authority: a}
	for _, addr := range resolvers {
		r, err := domainclaim.NewResolver(addr, nil)
		if err != nil {
			t.Fatal(err)
		}
		o.Resolvers = append(o.Resolvers, r)
	}
	return domainclaim.NewChecker(&o)
}
