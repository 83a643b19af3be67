package domainclaim

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// maxRecords bounds the records of one section that are looked at.
const maxRecords = 1024

// answers reports whether msg is a response to that question under that id. Only an
// error may come without the question: servers that cannot read one cannot repeat it.
func answers(msg []byte, id uint16, q dnsmessage.Question) (dnsmessage.Header, bool) {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil || h.ID != id || !h.Response || h.OpCode != 0 {
		return h, false
	}
	got, err := p.Question()
	if errors.Is(err, dnsmessage.ErrSectionDone) {
		return h, h.RCode != dnsmessage.RCodeSuccess && h.RCode != dnsmessage.RCodeNameError
	}
	if err != nil || got.Type != q.Type || got.Class != q.Class || key(got.Name) != key(q.Name) {
		return h, false
	}
	_, err = p.Question()
	return h, errors.Is(err, dnsmessage.ErrSectionDone)
}

// key is the form by which DNS compares names, RFC 4343.
func key(n dnsmessage.Name) string { return foldASCII(n.String()) }

// response is what an answer says that matters here.
type response struct {
	dnsmessage.Header
	rcode   dnsmessage.RCode // with the bits that EDNS adds
	aliases []alias
	sets    []recordSet
	// Of the authority section.
	soa, ns bool
	minimum uint32 // for how many seconds an absence may be kept, when there is a SOA
}

type alias struct {
	owner, target string
	ttl           uint32
}

// recordSet is the records of one name that were asked for.
type recordSet struct {
	owner  string
	values []string
	ttl    uint32
}

func (r *response) alias(owner string) (alias, bool) {
	for _, a := range r.aliases {
		if a.owner == owner {
			return a, true
		}
	}
	return alias{}, false
}

func (r *response) set(owner string) *recordSet {
	for i := range r.sets {
		if r.sets[i].owner == owner {
			return &r.sets[i]
		}
	}
	return nil
}

// parseResponse reads an answer about records of one type, in a message of at most
// 64 KiB, which UDP and TCP guarantee.
func parseResponse(msg []byte, want dnsmessage.Type) (*response, error) {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil {
		return nil, err
	}
	if err := p.SkipAllQuestions(); err != nil {
		return nil, err
	}
	r := &response{Header: h, rcode: h.RCode}
	if err := each(p.AnswerHeader, func(h dnsmessage.ResourceHeader) error { return r.answer(&p, h, want) }); err != nil {
		return nil, err
	}
	if err := each(p.AuthorityHeader, func(h dnsmessage.ResourceHeader) error { return r.authority(&p, h) }); err != nil {
		return nil, err
	}
	err = each(p.AdditionalHeader, func(h dnsmessage.ResourceHeader) error {
		if h.Type == dnsmessage.TypeOPT {
			r.rcode = h.ExtendedRCode(r.Header.RCode)
		}
		return p.SkipAdditional()
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// each walks one section.
func each(next func() (dnsmessage.ResourceHeader, error), do func(dnsmessage.ResourceHeader) error) error {
	for range maxRecords {
		h, err := next()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(h); err != nil {
			return err
		}
	}
	return fmt.Errorf("more than %d records in a section", maxRecords)
}

// answer reads one record of the answer section under its owner.
func (r *response) answer(p *dnsmessage.Parser, h dnsmessage.ResourceHeader, want dnsmessage.Type) error {
	if h.Class != dnsmessage.ClassINET || h.Type != want && h.Type != dnsmessage.TypeCNAME {
		return p.SkipAnswer()
	}
	owner := key(h.Name)
	if h.Type == dnsmessage.TypeCNAME {
		body, err := p.CNAMEResource()
		if err != nil {
			return err
		}
		target := key(body.CNAME)
		had, ok := r.alias(owner)
		switch {
		case !ok:
			r.aliases = append(r.aliases, alias{owner, target, seconds(h.TTL)})
		case had.target != target:
			return errors.New("a name with two aliases")
		}
		return nil
	}
	value, err := body(p, want)
	if err != nil {
		return err
	}
	t := r.set(owner)
	if t == nil {
		r.sets = append(r.sets, recordSet{owner: owner, ttl: seconds(h.TTL)})
		t = &r.sets[len(r.sets)-1]
	}
	t.ttl = min(t.ttl, seconds(h.TTL))
	t.values = append(t.values, value)
	return nil
}

// body reads what one record says. One TXT record is one value, in however many strings
// it travels.
func body(p *dnsmessage.Parser, kind dnsmessage.Type) (string, error) {
	switch kind {
	case dnsmessage.TypeTXT:
		b, err := p.TXTResource()
		return strings.Join(b.TXT, ""), err
	case dnsmessage.TypeNS:
		b, err := p.NSResource()
		return key(b.NS), err
	case dnsmessage.TypeA:
		b, err := p.AResource()
		return netip.AddrFrom4(b.A).String(), err
	case dnsmessage.TypeAAAA:
		b, err := p.AAAAResource()
		return netip.AddrFrom16(b.AAAA).String(), err
	}
	return "", fmt.Errorf("records of type %d are not read", kind)
}

// authority reads one record of the authority section: what tells an absence from a
// referral, and how long it may be kept (RFC 2308 section 5).
func (r *response) authority(p *dnsmessage.Parser, h dnsmessage.ResourceHeader) error {
	switch h.Type {
	case dnsmessage.TypeNS:
		r.ns = true
	case dnsmessage.TypeSOA:
		b, err := p.SOAResource()
		if err != nil {
			return err
		}
		least := min(seconds(h.TTL), seconds(b.MinTTL))
		if !r.soa || least < r.minimum {
			r.minimum = least
		}
		r.soa = true
		return nil
	}
	return p.SkipAuthority()
}

// longestTTL is a week; nobody keeps an answer for longer.
const longestTTL = 7 * 24 * 60 * 60

// seconds is a TTL as RFC 2181 section 8 reads it: more than 31 bits are none.
func seconds(ttl uint32) uint32 {
	if ttl > 1<<31-1 {
		return 0
	}
	return min(ttl, longestTTL)
}
