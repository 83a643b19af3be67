package filter

// String is t as it is written.
func (t Target) String() string {
	s := t.Path.String()
	if t.Element != nil {
		s += "[" + string(whole(nil, t.Element, true)) + "]"
	}
	if t.Sub != "" {
		s += "." + t.Sub
	}
	return s
}

// ParseTarget reads the path of a PATCH operation (RFC 7644, section 3.5.2), with the default
// bounds of [Options] and blanks at its ends or not. A schema's URN alone is one: all of an
// extension. What is in brackets is a filter, and takes none of what [Options.Lenient] lets
// pass: there, see [ResolveTarget].
//
// The error is an *[Error].
func ParseTarget(s string) (Target, error) {
	p, err := newParser(s, nil)
	if err != nil {
		return Target{}, err
	}
	p.blanks()
	word := p.word()
	t := Target{}
	var ok bool
	if t.Path, ok = splitPath(word, true); !ok {
		return Target{}, p.refuse("expected an attribute")
	}
	p.at += len(word)
	if p.next('[') {
		if t.Path.Sub != "" || t.Path.Name == "" {
			p.at--
			return Target{}, p.refuse("brackets behind what has no elements")
		}
		if t.Element, err = p.inside(t.Path); err != nil {
			return Target{}, err
		}
		if !p.next(']') {
			return Target{}, p.refuse(`expected "]"`)
		}
		if p.next('.') {
			if t.Sub = p.word(); !isName(t.Sub) {
				return Target{}, p.refuse(expected(t.Path))
			}
			p.at += len(t.Sub)
		}
	}
	if p.blanks(); p.at < len(p.s) {
		return Target{}, p.refuse("expected the end")
	}
	return t, nil
}

// ResolveTarget gives t the meaning that look has for it: canonical names, and what is in
// brackets as [Resolve] makes it, so that [MatchElement] can be asked of each element. Of opts
// only Lenient counts. The error is an *[Error].
func ResolveTarget(t Target, look Lookup, opts *Options) (Target, error) {
	a, ok := look(t.Path)
	if !ok {
		return Target{}, refuse("there is no attribute %s", quote(t.Path.String()))
	}
	out := Target{Path: a.Path}
	if t.Element != nil {
		if a.Type != Complex || a.Sub != "" || a.Name == "" {
			return Target{}, refuse("%s has no sub-attributes to put in brackets", quote(a.Path.String()))
		}
		var err error
		if out.Element, err = (resolver{look: look, opts: opts, in: &a}).expr(t.Element); err != nil {
			return Target{}, err
		}
	}
	if t.Sub != "" {
		sub, ok := look(Path{URN: a.URN, Name: a.Name, Sub: t.Sub})
		if !ok || sub.Sub == "" {
			return Target{}, refuse("%s has no sub-attribute %s", quote(a.Path.String()), quote(t.Sub))
		}
		out.Sub = sub.Sub
	}
	return out, nil
}
