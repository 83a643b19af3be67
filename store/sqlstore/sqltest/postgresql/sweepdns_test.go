package postgresql_test

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// dnsVariable has this test binary answer DNS in a process of its own, so that what that
// costs is not counted as ours. Its value is how many questions in a thousand get lost.
const dnsVariable = "ACCESSSEC_TEST_DNS"

// The domains of a sweep are d0.com, d1.com and so on. What has become of one follows from
// its number.
type fate int

const (
	well   fate = iota
	gone        // its record is not there any more
	broken      // its name servers fail
	silent      // they answer nothing
)

// fates are of n domains: of a hundred in a row, so many have another fate than to be well.
// They come evenly: where many records vanish at once, nobody would believe it.
type fates struct{ n, gone, broken, silent int }

// turn is the place of a domain in the row, which is not that of its number.
func (f fates) turn(i int) int { return i * 7919 % f.n }

func (f fates) of(i int) fate {
	switch i = f.turn(i) * 37 % 100; {
	case i < f.gone:
		return gone
	case i < f.gone+f.broken:
		return broken
	case i < f.gone+f.broken+f.silent:
		return silent
	}
	return well
}

// domainOf, tokenOf and hostsOf tell of the domain with that number what both sides know.
func domainOf(i int) string { return "d" + strconv.Itoa(i) + ".com" }

func tokenOf(i int) string {
	sum := sha256.Sum256([]byte(domainOf(i)))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:20]))
}

// hostsOf: eight domains each share their name servers.
func hostsOf(i int) []string {
	group := strconv.Itoa(i / 8)
	return []string{"ns1.p" + group + ".net.", "ns2.p" + group + ".net."}
}

// dnsServers are three resolvers and one name server for all zones, in another process.
type dnsServers struct {
	cmd       *exec.Cmd
	in        io.WriteCloser
	out       io.Reader
	resolvers []string
	authority string
}

// startDNS is ended with the test.
func startDNS(tb testing.TB, f fates, lost int) *dnsServers {
	tb.Helper()
	s := &dnsServers{cmd: exec.CommandContext(tb.Context(), os.Args[0])}
	s.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %d %d %d", dnsVariable, f.n, f.gone, f.broken, f.silent, lost))
	s.cmd.Stderr = os.Stderr
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		tb.Fatal(err)
	}
	if s.out, err = s.cmd.StdoutPipe(); err != nil {
		tb.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			s.cmd.Process.Kill()
			s.cmd.Wait()
		}
	})
	var addrs [4]string
	if _, err := fmt.Fscanln(s.out, &addrs[0], &addrs[1], &addrs[2], &addrs[3]); err != nil {
		tb.Fatal(err)
	}
	s.resolvers, s.authority = addrs[:3], addrs[3]
	return s
}

// stop gives the number of questions, and the time of the processors that they took.
func (s *dnsServers) stop() (asked int, took time.Duration, err error) {
	s.in.Close()
	if _, err = fmt.Fscanln(s.out, &asked); err == nil {
		err = s.cmd.Wait()
	}
	if err != nil {
		return 0, 0, err
	}
	return asked, s.cmd.ProcessState.UserTime() + s.cmd.ProcessState.SystemTime(), nil
}

// answerDNS is what the other process does, until its input ends. Then it says how many
// questions came.
func answerDNS(settings string) error {
	var s answerer
	if _, err := fmt.Sscan(settings, &s.n, &s.gone, &s.broken, &s.silent, &s.lost); err != nil {
		return err
	}
	var wg sync.WaitGroup
	var conns []*net.UDPConn
	for i := range 4 {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return err
		}
		conn.SetReadBuffer(4 << 20)
		conns = append(conns, conn)
		fmt.Print(conn.LocalAddr(), " ")
		wg.Go(func() { s.serve(conn, i == 3) })
	}
	fmt.Println()
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	for _, conn := range conns {
		conn.Close()
	}
	wg.Wait()
	fmt.Println(s.asked.Load())
	return nil
}

// answerer answers from what follows from the name, without a table.
type answerer struct {
	fates
	lost  int // of a thousand questions
	asked atomic.Int64
}

func (s *answerer) serve(conn *net.UDPConn, authority bool) {
	buf := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if s.asked.Add(1)%1000 < int64(s.lost) {
			continue
		}
		if answer := s.answer(buf[:n], authority); answer != nil {
			conn.WriteToUDPAddrPort(answer, from)
		}
	}
}

const (
	typeA, typeNS, typeSOA, typeTXT = 1, 2, 6, 16
	rcodeFail, rcodeNoName          = 2, 3
)

// answer makes an answer in place of the question, or nil.
func (s *answerer) answer(q []byte, authority bool) []byte {
	labels, end := readName(q)
	if end == 0 || len(labels) < 2 {
		return nil
	}
	q = q[:end+4]
	kind := binary.BigEndian.Uint16(q[end:])
	q[2], q[3] = q[2]&1|0x80, 0x80 // an answer, of one who looks things up
	if authority {
		q[2] |= 4
	}
	clear(q[6:12])
	name, ending := labels[len(labels)-2], labels[len(labels)-1]
	if ending == "net" { // a name server
		if kind == typeA && len(labels) == 3 {
			return record(q, 6, typeA, []byte{45, 90, 28, labels[0][2] - '0'})
		}
		return soa(q, 0)
	}
	i, err := strconv.Atoi(name[1:])
	if err != nil || i < 0 || i >= s.n {
		return soa(q, rcodeNoName)
	}
	switch fate := s.of(i); {
	case fate == silent:
		return nil
	case fate == broken:
		q[3] |= rcodeFail
		return q
	case len(labels) > 2: // the challenge
		return soa(q, rcodeNoName)
	case kind == typeNS:
		for _, host := range hostsOf(i) {
			q = record(q, 6, typeNS, wire(host))
		}
		return q
	case kind == typeTXT:
		q = record(q, 6, typeTXT, txt("v=spf1 include:_spf.example.net -all"))
		if fate == well {
			q = record(q, 6, typeTXT, txt("accesssec-domain-verify="+tokenOf(i)))
		}
		return q
	}
	return soa(q, 0)
}

// readName reads the name of the question, and says where it ends.
func readName(q []byte) (labels []string, end int) {
	for at := 12; at < len(q)-4; {
		n := int(q[at])
		if n == 0 {
			return labels, at + 1
		}
		if at+1+n >= len(q)-4 {
			break
		}
		labels = append(labels, string(q[at+1:at+1+n]))
		at += 1 + n
	}
	return nil, 0
}

// record adds a record of the name that was asked for; count is where its section is counted.
func record(q []byte, count, kind int, data []byte) []byte {
	q[count+1]++
	q = append(q, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 1, 44, byte(len(data)>>8), byte(len(data)))
	return append(q, data...)
}

// soa says that there is nothing, for five minutes.
func soa(q []byte, rcode byte) []byte {
	q[3] |= rcode
	data := append(wire("ns."), wire("admin.")...)
	return record(q, 8, typeSOA, append(data, 0, 0, 0, 1, 0, 0, 1, 44, 0, 0, 1, 44, 0, 0, 1, 44, 0, 0, 1, 44))
}

func wire(name string) []byte {
	var out []byte
	for label := range strings.SplitSeq(name, ".") {
		out = append(append(out, byte(len(label))), label...)
	}
	return out
}

func txt(s string) []byte { return append([]byte{byte(len(s))}, s...) }
