package domainclaim

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// The bounds of a look-up. 1232 bytes is the answer that crosses any network in one
// piece, and what is announced by EDNS (RFC 6891).
const (
	maxAliases = 8
	udpSize    = 1232
	udpBuffer  = 2048
	udpTries   = 2
)

// client asks one server: a resolver, or a name server of a zone. It keeps nothing
// between questions, so that a second look is a look.
type client struct {
	server  string
	timeout time.Duration
	zone    string                                                               // rooted; "" for a resolver
	dialer  func(ctx context.Context, network, address string) (net.Conn, error) // nil is a net.Dialer
}

// LookupTXT implements [Resolver].
func (c *client) LookupTXT(ctx context.Context, rooted string) (Answer, error) {
	return c.lookup(ctx, rooted, dnsmessage.TypeTXT)
}

// lookup looks records of one type up; Values are what body makes of them.
func (c *client) lookup(ctx context.Context, rooted string, want dnsmessage.Type) (Answer, error) {
	if d, ok := ctx.Deadline(); !ok || time.Until(d) > c.timeout {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	answer := Answer{Server: c.server, Name: rooted, Authoritative: c.zone != ""}
	at := &chain{want: want, zone: c.zone, name: foldASCII(rooted)}
	for {
		q, err := question(at.name, want)
		if err != nil {
			return Answer{}, c.failed(rooted, CodeLocal, err)
		}
		msg, err := c.exchange(ctx, q)
		if err != nil {
			return Answer{}, c.failed(rooted, exchangeCode(ctx, err), err)
		}
		code, err := at.follow(msg)
		if err != nil {
			return Answer{}, c.failed(rooted, code, err)
		}
		if code != "" {
			answer.Code, answer.Aliases, answer.Values = code, at.aliases, at.values
			answer.TTL = time.Duration(at.ttl) * time.Second
			return answer, nil
		}
	}
}

func (c *client) failed(rooted string, code Code, err error) error {
	return &LookupError{Server: c.server, Name: rooted, Code: code, Err: err}
}

var (
	errTruncated = errors.New("truncated over TCP as well")
	errMismatch  = errors.New("the answer is to another question")
)

func exchangeCode(ctx context.Context, err error) Code {
	var timeout net.Error
	switch {
	case errors.Is(err, errTruncated):
		return CodeTruncated
	case errors.Is(err, errMismatch):
		return CodeMalformed
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return CodeTimeout
	}
	return CodeNetwork
}

// question refuses names that are not rooted: only those mean the same everywhere.
func question(rooted string, want dnsmessage.Type) (dnsmessage.Question, error) {
	if !strings.HasSuffix(rooted, ".") || len(rooted) > maxName+1 {
		return dnsmessage.Question{}, errors.New("not a rooted name")
	}
	for label := range strings.SplitSeq(rooted[:len(rooted)-1], ".") {
		if label == "" || len(label) > maxLabel {
			return dnsmessage.Question{}, errors.New("an empty label, or one longer than 63 bytes")
		}
	}
	name, err := dnsmessage.NewName(rooted)
	if err != nil {
		return dnsmessage.Question{}, err
	}
	return dnsmessage.Question{Name: name, Type: want, Class: dnsmessage.ClassINET}, nil
}

// query packs a question with an id that nobody can foresee. Only a resolver is asked
// to go and find out.
func query(q dnsmessage.Question, recurse, edns bool) (id uint16, msg []byte, err error) {
	var b [2]byte
	rand.Read(b[:]) // never fails
	id = binary.BigEndian.Uint16(b[:])
	pack := dnsmessage.NewBuilder(make([]byte, 0, 512), dnsmessage.Header{ID: id, RecursionDesired: recurse})
	if err := errors.Join(pack.StartQuestions(), pack.Question(q), pack.StartAdditionals()); err != nil {
		return 0, nil, err
	}
	if edns {
		var h dnsmessage.ResourceHeader
		if err := errors.Join(h.SetEDNS0(udpSize, dnsmessage.RCodeSuccess, false), pack.OPTResource(h, dnsmessage.OPTResource{})); err != nil {
			return 0, nil, err
		}
	}
	msg, err = pack.Finish()
	return id, msg, err
}

// exchange asks q and returns the whole answer, whatever its response code. A server
// that stumbles over EDNS is asked without it.
func (c *client) exchange(ctx context.Context, q dnsmessage.Question) ([]byte, error) {
	msg, h, err := c.ask(ctx, q, true)
	if err == nil && (h.RCode == dnsmessage.RCodeFormatError || h.RCode == dnsmessage.RCodeNotImplemented) {
		msg, _, err = c.ask(ctx, q, false)
	}
	return msg, err
}

func (c *client) ask(ctx context.Context, q dnsmessage.Question, edns bool) ([]byte, dnsmessage.Header, error) {
	var msg []byte
	var h dnsmessage.Header
	var err error
	for left := udpTries; left > 0; left-- {
		msg, h, err = c.askUDP(ctx, q, edns, left)
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil || !h.Truncated {
		return msg, h, err
	}
	msg, h, err = c.askTCP(ctx, q, edns)
	if err == nil && h.Truncated {
		err = errTruncated
	}
	return msg, h, err
}

// askUDP waits for its share of the time that is left. What does not match the
// question is somebody else's, or forged, and the wait goes on.
func (c *client) askUDP(ctx context.Context, q dnsmessage.Question, edns bool, share int) ([]byte, dnsmessage.Header, error) {
	id, msg, err := query(q, c.zone == "", edns)
	if err != nil {
		return nil, dnsmessage.Header{}, err
	}
	conn, stop, err := c.dial(ctx, "udp", share)
	if err != nil {
		return nil, dnsmessage.Header{}, err
	}
	defer stop()
	if _, err := conn.Write(msg); err != nil {
		return nil, dnsmessage.Header{}, err
	}
	buf := make([]byte, udpBuffer)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return nil, dnsmessage.Header{}, err
		}
		if h, ok := answers(buf[:n], id, q); ok {
			return buf[:n], h, nil
		}
	}
}

func (c *client) askTCP(ctx context.Context, q dnsmessage.Question, edns bool) ([]byte, dnsmessage.Header, error) {
	id, msg, err := query(q, c.zone == "", edns)
	if err != nil {
		return nil, dnsmessage.Header{}, err
	}
	conn, stop, err := c.dial(ctx, "tcp", 1)
	if err != nil {
		return nil, dnsmessage.Header{}, err
	}
	defer stop()
	framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...)
	if _, err := conn.Write(framed); err != nil {
		return nil, dnsmessage.Header{}, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, dnsmessage.Header{}, err
	}
	buf := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, buf); err != nil {
		return nil, dnsmessage.Header{}, err
	}
	h, ok := answers(buf, id, q)
	if !ok {
		return nil, dnsmessage.Header{}, errMismatch
	}
	return buf, h, nil
}

// dial connects, so that the kernel picks a fresh random port and lets only the
// server's packets in. The connection dies with ctx, or when its share of the time that
// is left is over; stop closes it.
func (c *client) dial(ctx context.Context, network string, share int) (net.Conn, func(), error) {
	conn, err := c.connect(ctx, network)
	if err != nil {
		return nil, nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline.Add(-time.Until(deadline) * time.Duration(share-1) / time.Duration(share)))
	}
	// It runs after that, or SetDeadline would undo it.
	release := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	return conn, func() { release(); conn.Close() }, nil
}

func (c *client) connect(ctx context.Context, network string) (net.Conn, error) {
	switch {
	case c.dialer != nil:
		return c.dialer(ctx, network, c.server)
	case network == "udp": // sends nothing, and so waits for nothing
		addr, err := netip.ParseAddrPort(c.server)
		if err != nil {
			return nil, err
		}
		return net.DialUDP(network, nil, net.UDPAddrFromAddrPort(addr))
	}
	return new(net.Dialer).DialContext(ctx, network, c.server)
}
