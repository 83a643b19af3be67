package domainclaim

import (
	"errors"
	"fmt"
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
	aliases map[string]alias
	texts   map[string]texts
	soa, ns bool // in the authority section
}

type alias struct {
	target string
	ttl    uint32
}

type texts struct {
	values []string
	ttl    uint32
}

// parseResponse reads a message of at most 64 KiB, which UDP and TCP guarantee.
func parseResponse(msg []byte) (*response, error) {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil {
		return nil, err
	}
	if err := p.SkipAllQuestions(); err != nil {
		return nil, err
	}
	r := &response{Header: h, rcode: h.RCode, aliases: map[string]alias{}, texts: map[string]texts{}}
	if err := each(p.AnswerHeader, func(h dnsmessage.ResourceHeader) error { return r.answer(&p, h) }); err != nil {
		return nil, err
	}
	err = each(p.AuthorityHeader, func(h dnsmessage.ResourceHeader) error {
		r.soa = r.soa || h.Type == dnsmessage.TypeSOA
		r.ns = r.ns || h.Type == dnsmessage.TypeNS
		return p.SkipAuthority()
	})
	if err != nil {
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
func (r *response) answer(p *dnsmessage.Parser, h dnsmessage.ResourceHeader) error {
	owner := key(h.Name)
	switch {
	case h.Class == dnsmessage.ClassINET && h.Type == dnsmessage.TypeCNAME:
		body, err := p.CNAMEResource()
		if err != nil {
			return err
		}
		if had, ok := r.aliases[owner]; ok && had.target != key(body.CNAME) {
			return errors.New("a name with two aliases")
		}
		r.aliases[owner] = alias{key(body.CNAME), h.TTL}
	case h.Class == dnsmessage.ClassINET && h.Type == dnsmessage.TypeTXT:
		body, err := p.TXTResource()
		if err != nil {
			return err
		}
		t, ok := r.texts[owner]
		if !ok || h.TTL < t.ttl {
			t.ttl = h.TTL
		}
		// One record is one value, in however many strings it travels.
		t.values = append(t.values, strings.Join(body.TXT, ""))
		r.texts[owner] = t
	default:
		return p.SkipAnswer()
	}
	return nil
}

// chain is how far a look-up has come along the aliases of its name.
type chain struct {
	name    string // folded, rooted; where it stands
	aliases []string
	values  []string
	ttl     uint32
	counted bool // ttl is set
}

// follow reads one answer to a question about c.name. It returns how the look-up
// ended, or "" when c.name is now another, to be asked for in its turn, or the code
// of a failure with an error. Records of names that the chain does not reach count
// for nothing.
func (c *chain) follow(msg []byte) (Code, error) {
	r, err := parseResponse(msg)
	if err != nil {
		return CodeMalformed, err
	}
	if code, err := r.failure(); err != nil {
		return code, err
	}
	start, reached := c.name, 0
	for {
		if t, ok := r.texts[c.name]; ok {
			if r.rcode == dnsmessage.RCodeNameError {
				return CodeMalformed, errors.New("records of a name that does not exist")
			}
			c.values = t.values
			c.shorten(t.ttl)
			return CodeOK, nil
		}
		next, ok := r.aliases[c.name]
		if !ok {
			break
		}
		if len(c.aliases) == maxAliases {
			return CodeAliasLoop, fmt.Errorf("more than %d aliases in a row", maxAliases)
		}
		reached++
		c.shorten(next.ttl)
		c.aliases = append(c.aliases, next.target)
		c.name = next.target
	}
	switch {
	case len(r.texts) > 0 || len(r.aliases) > reached:
		// Whoever mixes up owners is not believed about what is missing either.
		return CodeMalformed, errors.New("records of another name")
	case r.rcode == dnsmessage.RCodeNameError && (r.Authoritative || r.RecursionAvailable):
		return CodeNoName, nil
	case r.rcode == dnsmessage.RCodeNameError, !r.Authoritative && !r.RecursionAvailable && c.name == start:
		return CodeLame, errors.New("neither an authority nor a resolver for the name")
	case c.name != start && !r.soa:
		return "", nil // the server did not look where the alias leads
	case !r.Authoritative && r.ns && !r.soa:
		return CodeLame, errors.New("referred to other servers")
	}
	return CodeNoData, nil
}

func (c *chain) shorten(ttl uint32) {
	if !c.counted || ttl < c.ttl {
		c.ttl, c.counted = ttl, true
	}
}

// failure tells response codes that say nothing about the name.
func (r *response) failure() (Code, error) {
	switch r.rcode {
	case dnsmessage.RCodeSuccess, dnsmessage.RCodeNameError:
		return "", nil
	case dnsmessage.RCodeServerFailure:
		return CodeServFail, errors.New("the server failed")
	case dnsmessage.RCodeRefused:
		return CodeRefused, errors.New("the server refused")
	case dnsmessage.RCodeFormatError:
		return CodeFormErr, errors.New("the server did not understand")
	case dnsmessage.RCodeNotImplemented:
		return CodeNotImp, errors.New("the server does not do that")
	}
	return CodeRCode, fmt.Errorf("response code %d", r.rcode)
}
