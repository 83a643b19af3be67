package totptest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// longest bounds a link, in bytes.
const longest = 16 << 10

// link is what an otpauth link says.
type link struct {
	issuer, account string
	factor          factor
}

// readLink reads otpauth://totp/LABEL?QUERY by the Key URI Format.
func readLink(uri string) (link, error) {
	if len(uri) > longest {
		return link{}, errors.New("too long")
	}
	rest, ok := strings.CutPrefix(uri, "otpauth://totp/")
	if !ok {
		return link{}, errors.New(`it does not start with "otpauth://totp/"`)
	}
	label, query, _ := strings.Cut(rest, "?")
	issuer, account, err := readLabel(label)
	if err != nil {
		return link{}, err
	}
	values, err := readQuery(query)
	if err != nil {
		return link{}, err
	}
	l := link{issuer: issuer, account: account}
	if second, ok := values["issuer"]; ok {
		if issuer != "" && issuer != second {
			return link{}, errors.New("the issuer of the label is not the issuer of the query")
		}
		l.issuer = second
	}
	l.factor, err = readFactor(values)
	return l, err
}

// readLabel parts [issuer ":"] account, with a separator that may be encoded.
func readLabel(label string) (issuer, account string, err error) {
	// "%3A" is one separator as well as ":"; "%253A" is the text "%3A".
	label = strings.ReplaceAll(strings.ReplaceAll(label, "%3A", ":"), "%3a", ":")
	parts := strings.Split(label, ":")
	for i, part := range parts {
		if parts[i], err = decode(part); err != nil {
			return "", "", fmt.Errorf("label: %w", err)
		}
	}
	switch {
	case len(parts) > 2:
		return "", "", errors.New("the label has more than one separator")
	case len(parts) == 2 && parts[0] == "":
		return "", "", errors.New("the label has a separator and no issuer")
	case len(parts) == 2:
		issuer = parts[0]
	}
	account = strings.TrimLeft(parts[len(parts)-1], " ") // the format allows spaces here
	if account == "" {
		return "", "", errors.New("no account")
	}
	return issuer, account, nil
}

func readQuery(query string) (map[string]string, error) {
	values := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, errors.New("query: a parameter without a value")
		}
		if strings.Contains(value, "+") {
			return nil, errors.New(`query: "+", which some apps read as a space`)
		}
		text, err := decode(value)
		if err != nil {
			return nil, fmt.Errorf("query: %w", err)
		}
		if _, twice := values[name]; twice {
			return nil, errors.New("query: a parameter stands there twice")
		}
		values[name] = text
	}
	return values, nil
}

// readFactor leaves the defaults of the format to what is missing.
func readFactor(values map[string]string) (factor, error) {
	raw, err := readSecret(values["secret"])
	if err != nil {
		return factor{}, err
	}
	f := plain(raw)
	if a, ok := values["algorithm"]; ok {
		if a != "SHA1" && a != "SHA256" && a != "SHA512" {
			return factor{}, errors.New("unknown algorithm")
		}
		f.algorithm = a
	}
	if d, ok := values["digits"]; ok {
		if d != "6" && d != "7" && d != "8" {
			return factor{}, errors.New("the digits are none of 6, 7 and 8")
		}
		f.digits = int(d[0] - '0')
	}
	if p, ok := values["period"]; ok {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return factor{}, errors.New("the period is no number of seconds")
		}
		f.period = int64(n)
	}
	return f, nil
}

// decode is percent-decoding and nothing else: "+" stays "+". What may not stand in a
// link as it is (RFC 3986, section 3.3) is an error, and so is what is no UTF-8 then.
func decode(s string) (string, error) {
	const bare = "-._~!$'()*+,;=@" // of pchar, without what parts a link
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%':
			n, err := strconv.ParseUint(s[i+1:min(i+3, len(s))], 16, 8)
			if err != nil || i+2 >= len(s) {
				return "", errors.New("a percent sign without two hex digits")
			}
			b.WriteByte(byte(n))
			i += 2
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(bare, c) >= 0:
			b.WriteByte(c)
		default:
			return "", errors.New("a character that has to be percent-encoded")
		}
	}
	if !utf8.ValidString(b.String()) {
		return "", errors.New("no UTF-8")
	}
	return b.String(), nil
}
