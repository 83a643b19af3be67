package domainclaim

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// chain is how far a look-up has come along the aliases of its name.
type chain struct {
	want    dnsmessage.Type
	zone    string // of the name server that is asked, rooted; "" asks a resolver
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
	r, err := parseResponse(msg, c.want)
	if err != nil {
		return CodeMalformed, err
	}
	if code, err := r.failure(); err != nil {
		return code, err
	}
	if c.zone != "" && !r.Authoritative {
		return CodeLame, errors.New("not an authority for the name")
	}
	start, reached := c.name, 0
	for {
		if t := r.set(c.name); t != nil {
			if r.rcode == dnsmessage.RCodeNameError {
				return CodeMalformed, errors.New("records of a name that does not exist")
			}
			c.values = t.values
			c.shorten(t.ttl)
			return CodeOK, nil
		}
		next, ok := r.alias(c.name)
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
		if c.zone != "" && !within(c.name, c.zone) {
			return CodeElsewhere, nil // what it says of other zones is not its to say
		}
	}
	return c.empty(r, start, reached)
}

// empty is what an answer comes to that has no records for the end of the chain, which
// went so many aliases on from start.
func (c *chain) empty(r *response, start string, reached int) (Code, error) {
	code := CodeNoData
	switch {
	case len(r.sets) > 0 || len(r.aliases) > reached:
		// Whoever mixes up owners is not believed about what is missing either.
		return CodeMalformed, errors.New("records of another name")
	case r.rcode == dnsmessage.RCodeNameError && (r.Authoritative || r.RecursionAvailable):
		code = CodeNoName
	case r.rcode == dnsmessage.RCodeNameError, !r.Authoritative && !r.RecursionAvailable && c.name == start:
		return CodeLame, errors.New("neither an authority nor a resolver for the name")
	case c.name != start && !r.soa && c.zone != "":
		return CodeElsewhere, nil // the alias leads to a part that others keep
	case c.name != start && !r.soa:
		return "", nil // the server did not look where the alias leads
	case r.ns && !r.soa && (c.zone != "" || !r.Authoritative):
		return CodeLame, errors.New("referred to other servers")
	}
	if r.soa {
		c.shorten(r.minimum)
	}
	return code, nil
}

// within reports whether name is zone or below it; both are rooted and folded.
func within(name, zone string) bool {
	return zone == "." || name == zone || strings.HasSuffix(name, "."+zone)
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
