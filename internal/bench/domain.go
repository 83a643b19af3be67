package main

import (
	"context"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// names of who looks a domain up
const (
	checker   = "Checker"
	netLookup = "net.Resolver"
)

// crowd is how many look at once, where many do.
const crowd = 64

// leastRate is our rate at the same number of questions, beside net.Resolver's.
const leastRate = 0.6

// domains prints what a look at a claim that is well costs: one question, answered by a
// server in a process of its own, so that what that takes is not counted.
func domains(out io.Writer, rounds int) (missed int, err error) {
	s, err := startNameServer()
	if err != nil {
		return 0, err
	}
	defer s.stop()
	for _, at := range []int{1, crowd} {
		subjects, err := lookSubjects(s.at, at)
		if err != nil {
			return missed, err
		}
		costs, err := measure(subjects, max(rounds, leastRounds), 1)
		if err != nil {
			return missed, err
		}
		for i := range costs {
			costs[i].each(at * looksEach)
		}
		fmt.Fprintf(out, "a look at a domain that is well, one question each, %d at once\n", at)
		show(out, subjects, costs)
		missed += judge(out, lookBars(), subjects, costs)
		fmt.Fprintln(out)
	}
	return missed, nil
}

// lookBars: what remembers the rest of a look may cost some, and must not cost much memory.
func lookBars() []bar {
	return []bar{
		atMost(checker, 1/leastRate, netLookup),
		{checker, "", 60, "allocations"},
		{checker, "", 8 << 10, "bytes"},
	}
}

// each makes the cost of many that of one.
func (c *cost) each(n int) {
	c.time /= time.Duration(n)
	c.allocs /= uint64(n)
	c.bytes /= uint64(n)
}

// looksEach is how many one of a crowd does in a run.
const looksEach = 4

// lookSubjects are the same question by net.Resolver and by a Checker, so many at once. Both
// are asked the same way and read the same answer.
func lookSubjects(server string, at int) ([]subject, error) {
	name := claimed()
	r, err := domainclaim.NewResolver(server, nil)
	if err != nil {
		return nil, err
	}
	check := domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: []domainclaim.Resolver{r}})
	plain := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server)
	}}
	ctx := context.Background()
	return []subject{
		{netLookup, crowdOf(at, func() error {
			values, err := plain.LookupTXT(ctx, name.Name+".")
			if err == nil && len(values) != len(published()) {
				err = fmt.Errorf("bench: net.Resolver: %q", values)
			}
			return err
		})},
		{checker, crowdOf(at, func() error {
			if o := check.Check(ctx, name); o.Outcome != domainclaim.Present || len(o.Answers) != 1 {
				return fmt.Errorf("bench: Checker: %s: %s", o.Outcome, o.Hint)
			}
			return nil
		})},
	}, nil
}

// crowdOf is a run of some at once.
func crowdOf(at int, look func() error) func() error {
	return func() error {
		errs := make(chan error, at)
		var wg sync.WaitGroup
		for range at {
			wg.Go(func() {
				for range looksEach {
					if err := look(); err != nil {
						errs <- err
						return
					}
				}
			})
		}
		wg.Wait()
		close(errs)
		return <-errs
	}
}

const domain = "example.com"

// claimed is a claim whose record was there yesterday: a look at it asks one question.
func claimed() domainclaim.Claim {
	return domainclaim.Claim{
		Name: domain, Product: "bench", Token: token(), Generation: 1, State: domainclaim.Verified,
		Last: &domainclaim.Observation{Name: domain, Token: token(), Outcome: domainclaim.Present},
	}
}

func token() string {
	return strings.ToLower(base32.StdEncoding.EncodeToString([]byte("twenty bytes of text")))
}

// published are the TXT records of the domain.
func published() []string {
	return []string{"v=spf1 include:_spf.example.net -all", "bench-domain-verify=" + token()}
}

// nameServer is a DNS server in another process.
type nameServer struct {
	at   string
	stop func()
}

// nameServerFlag has this program be one, until its input ends.
const nameServerFlag = "-be-a-name-server"

func startNameServer() (nameServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nameServer{}, err
	}
	cmd := exec.Command(self, nameServerFlag)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nameServer{}, err
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		return nameServer{}, err
	}
	if err := cmd.Start(); err != nil {
		return nameServer{}, err
	}
	s := nameServer{stop: func() { in.Close(); cmd.Wait() }}
	if _, err := fmt.Fscanln(said, &s.at); err != nil {
		s.stop()
		return nameServer{}, err
	}
	return s, nil
}

// beNameServer answers on loopback until in ends, and says on out where.
func beNameServer(in io.Reader, out io.Writer) error {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintln(out, conn.LocalAddr())
	go answerAll(conn)
	_, err = io.Copy(io.Discard, in)
	return err
}

// answerAll answers each question with the records of the domain, whatever it is about: a
// server that costs as little as one can.
func answerAll(conn *net.UDPConn) {
	buf, records := make([]byte, 1500), published()
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		end := 12
		for end < n && buf[end] != 0 {
			end += 1 + int(buf[end])
		}
		if end+5 > n {
			continue
		}
		a := buf[:end+5]
		a[2], a[3] = a[2]&1|0x80, 0x80 // an answer, of one who looks things up
		clear(a[6:12])
		binary.BigEndian.PutUint16(a[6:], uint16(len(records)))
		for _, v := range records {
			a = append(a, 0xc0, 12, 0, 16, 0, 1, 0, 0, 1, 44, 0, byte(len(v)+1), byte(len(v)))
			a = append(a, v...)
		}
		conn.WriteToUDPAddrPort(a, from)
	}
}
