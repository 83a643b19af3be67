package filter

import (
	"strings"
	"unicode/utf8"
)

// The rules that [Options.Lenient] is asked about.
const (
	// Unquoted takes a value without its quotes for text: externalId eq jyoung, and a number or
	// a boolean where the attribute is text: externalId eq 4711.
	Unquoted = "unquoted"
	// BooleanText takes "True", "false" and a bare True for booleans where the attribute is one.
	BooleanText = "boolean-text"
)

// Options bounds filters, and says what is taken that the grammar does not have. Of a bound 0
// is the default.
type Options struct {
	MaxLength int // bytes; 8192
	MaxDepth  int // parentheses and brackets within each other; 32
	MaxTerms  int // comparisons; 100

	// Lenient is asked each time a rule is needed, [Unquoted] or [BooleanText], and says whether
	// it is let pass; nil: nothing is. By asking it learns what was needed.
	Lenient func(rule string) bool
}

// The default bounds.
const (
	defaultLength = 8 << 10
	defaultDepth  = 32
	defaultTerms  = 100
)

func (o *Options) lenient(rule string) bool { return o != nil && o.Lenient != nil && o.Lenient(rule) }

func bound(of, by int) int {
	if of > 0 {
		return of
	}
	return by
}

// Parse reads a filter (RFC 7644, section 3.4.2.2). Paths and values are as they are written;
// [Resolve] gives them a meaning. Beyond the grammar of the RFC it takes blanks at the ends and
// within parentheses, "not(", and a sub-attribute behind brackets: emails[type eq "work"].value
// co "x". With nil opts it takes nothing else, and has the default bounds.
//
// The error is an *[Error].
func Parse(s string, opts *Options) (Expr, error) {
	p, err := newParser(s, opts)
	if err != nil {
		return nil, err
	}
	if p.blanks(); p.at == len(p.s) {
		return nil, &Error{Offset: p.at, Detail: "the filter is empty"}
	}
	x, err := p.or(Path{})
	if err != nil {
		return nil, err
	}
	if p.at < len(p.s) {
		return nil, p.refuse("expected \"and\", \"or\" or the end")
	}
	return x, nil
}

// parser reads a filter from left to right.
type parser struct {
	s     string
	at    int
	opts  *Options
	depth int // that is left
	terms int // that are left
}

func newParser(s string, opts *Options) (*parser, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if most := bound(o.MaxLength, defaultLength); len(s) > most {
		return nil, refuse("longer than %d bytes", most)
	}
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return nil, refuse("not UTF-8, or with a NUL")
	}
	return &parser{s: s, opts: opts,
		depth: bound(o.MaxDepth, defaultDepth), terms: bound(o.MaxTerms, defaultTerms)}, nil
}

// refuse is an error about the place that p has come to.
func (p *parser) refuse(what string) *Error {
	near := "the end"
	if p.at < len(p.s) {
		near = quote(p.s[p.at:])
	}
	return &Error{Offset: p.at, Detail: what + " at " + near}
}

func (p *parser) blanks() bool {
	from := p.at
	for p.at < len(p.s) && (p.s[p.at] == ' ' || p.s[p.at] == '\t') {
		p.at++
	}
	return p.at > from
}

// next takes c, with blanks around it or not.
func (p *parser) next(c byte) bool {
	if p.at < len(p.s) && p.s[p.at] == c {
		p.at++
		return true
	}
	return false
}

// or reads operands that "or" joins; in is the attribute whose elements they are about, if any.
func (p *parser) or(in Path) (Expr, error) {
	x, err := p.and(in)
	if err != nil || !p.keyword("or") {
		return x, err
	}
	all := make(Or, 1, 4)
	for all[0] = x; ; {
		if x, err = p.and(in); err != nil {
			return nil, err
		}
		if all = append(all, x); !p.keyword("or") {
			return all, nil
		}
	}
}

func (p *parser) and(in Path) (Expr, error) {
	x, err := p.operand(in)
	if err != nil || !p.keyword("and") {
		return x, err
	}
	all := make(And, 1, 4)
	for all[0] = x; ; {
		if x, err = p.operand(in); err != nil {
			return nil, err
		}
		if all = append(all, x); !p.keyword("and") {
			return all, nil
		}
	}
}

// keyword takes "and" or "or" behind an operand, and the blanks before it in any case.
func (p *parser) keyword(word string) bool {
	closed := p.at > 0 && (p.s[p.at-1] == ')' || p.s[p.at-1] == ']')
	if !p.blanks() && !closed && p.at > 0 && p.s[p.at-1] != ' ' && p.s[p.at-1] != '\t' {
		return false
	}
	end := p.at + len(word)
	if end >= len(p.s) || !strings.EqualFold(p.s[p.at:end], word) {
		return false
	}
	if c := p.s[end]; c != ' ' && c != '\t' && c != '(' {
		return false
	}
	p.at = end
	return true
}

// operand reads what stands between "and" and "or".
func (p *parser) operand(in Path) (Expr, error) {
	p.blanks()
	if p.next('(') {
		return p.group(in)
	}
	word, start := p.word(), p.at
	if strings.EqualFold(word, "not") {
		p.at += len(word)
		p.blanks()
		if p.next('(') {
			x, err := p.group(in)
			if err != nil {
				return nil, err
			}
			return Not{x}, nil
		}
		p.at = start // an attribute of that name
	}
	path, ok := splitPath(word, false)
	if !ok || in.Name != "" && (path.URN != "" || path.Sub != "") {
		return nil, p.refuse(expected(in))
	}
	if in.Name != "" {
		path = Path{URN: in.URN, Name: in.Name, Sub: path.Name}
	}
	p.at += len(word)
	if p.next('[') {
		return p.element(in, path)
	}
	return p.compare(path)
}

func expected(in Path) string {
	if in.Name != "" {
		return "expected a sub-attribute of " + quote(in.String())
	}
	return "expected an attribute"
}

// word is what comes next, up to a blank or a bracket.
func (p *parser) word() string {
	end := p.at
	for end < len(p.s) {
		switch p.s[end] {
		case ' ', '\t', '(', ')', '[', ']', '"':
			return p.s[p.at:end]
		}
		end++
	}
	return p.s[p.at:end]
}

// group reads what stands in parentheses, and the one that closes.
func (p *parser) group(in Path) (Expr, error) {
	x, err := p.inside(in)
	if err != nil {
		return nil, err
	}
	if !p.next(')') {
		return nil, p.refuse(`expected ")"`)
	}
	return x, nil
}

// inside reads a whole filter one level deeper.
func (p *parser) inside(in Path) (Expr, error) {
	if p.depth--; p.depth < 0 {
		return nil, p.refuse("nested too deeply")
	}
	x, err := p.or(in)
	p.depth++
	p.blanks()
	return x, err
}

// element reads a filter on one element of path, and what may follow on its closing bracket.
func (p *parser) element(in, path Path) (Expr, error) {
	switch {
	case in.Name != "":
		p.at--
		return nil, p.refuse("brackets within brackets")
	case path.Sub != "":
		p.at--
		return nil, p.refuse("brackets behind a sub-attribute")
	}
	x, err := p.inside(path)
	if err != nil {
		return nil, err
	}
	if !p.next(']') {
		return nil, p.refuse(`expected "]"`)
	}
	e := Element{Attribute: Attribute{Path: path}, Expr: x}
	if !p.next('.') {
		return e, nil
	}
	word := p.word()
	if !isName(word) {
		return nil, p.refuse(expected(path))
	}
	p.at += len(word)
	path.Sub = word
	c, err := p.compare(path)
	if err != nil {
		return nil, err
	}
	if and, ok := x.(And); ok {
		e.Expr = append(and, c)
	} else {
		e.Expr = And{x, c}
	}
	return e, nil
}

// compare reads the operator and the value behind path.
func (p *parser) compare(path Path) (Expr, error) {
	if p.terms--; p.terms < 0 {
		return nil, p.refuse("too many comparisons")
	}
	p.blanks()
	word := p.word()
	op, ok := operator(word)
	if !ok {
		return nil, p.refuse("expected an operator")
	}
	p.at += len(word)
	c := Compare{Attribute: Attribute{Path: path}, Op: op}
	if op == OpPresent {
		return c, p.ended()
	}
	if !p.blanks() {
		return nil, p.refuse("expected a blank and a value")
	}
	at := p.at
	var err error
	if c.Value, err = p.value(); err != nil {
		return nil, err
	}
	if c.Value == nil && op != OpEqual && op != OpNotEqual {
		p.at = at
		return nil, p.refuse("null has no order and no parts")
	}
	return c, p.ended()
}

// ended is nil where a comparison may end.
func (p *parser) ended() error {
	if p.at == len(p.s) {
		return nil
	}
	switch p.s[p.at] {
	case ' ', '\t', ')', ']':
		return nil
	}
	return p.refuse("expected a blank")
}

// operator reads an operator, whatever its case.
func operator(s string) (Op, bool) {
	if len(s) != 2 {
		return "", false
	}
	switch [2]byte{s[0] | 0x20, s[1] | 0x20} {
	case [2]byte{'e', 'q'}:
		return OpEqual, true
	case [2]byte{'n', 'e'}:
		return OpNotEqual, true
	case [2]byte{'c', 'o'}:
		return OpContains, true
	case [2]byte{'s', 'w'}:
		return OpStartsWith, true
	case [2]byte{'e', 'w'}:
		return OpEndsWith, true
	case [2]byte{'p', 'r'}:
		return OpPresent, true
	case [2]byte{'g', 't'}:
		return OpGreaterThan, true
	case [2]byte{'g', 'e'}:
		return OpGreaterOrEqual, true
	case [2]byte{'l', 't'}:
		return OpLessThan, true
	case [2]byte{'l', 'e'}:
		return OpLessOrEqual, true
	}
	return "", false
}
