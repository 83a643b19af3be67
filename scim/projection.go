package scim

import "strings"

// A projection says which attributes a response shows (RFC 7644, section 3.9). nil shows what
// is shown when the client does not say.
type projection struct {
	model *model
	shown []bool // by the order of the attribute
}

const maxProjected = 100 // names

// projection makes one of the attributes and excludedAttributes of a request. Names may be
// given one by one, or with commas between them. Those that are no attribute's name nothing.
func (m *model) projection(attributes, excluded []string) (*projection, error) {
	wanted, err := m.attributesOf(attributes)
	if err != nil {
		return nil, err
	}
	unwanted, err := m.attributesOf(excluded)
	if err != nil {
		return nil, err
	}
	switch {
	case wanted != nil && unwanted != nil:
		return nil, invalid("A request may have attributes or excludedAttributes, not both.")
	case wanted == nil && unwanted == nil:
		return nil, nil
	}
	p := &projection{model: m, shown: make([]bool, len(m.all))}
	if wanted != nil {
		for _, a := range m.all {
			p.shown[a.order] = a.served == always && (a.parent == nil || a.parent.extension)
		}
		for _, a := range wanted {
			p.show(a)
		}
		return p, nil
	}
	for _, a := range m.all {
		p.shown[a.order] = a.shownByDefault()
	}
	for _, a := range unwanted {
		p.hide(a)
	}
	return p, nil
}

// attributesOf finds the attributes of that are named; nil: nothing is asked for.
func (m *model) attributesOf(names []string) ([]*attribute, error) {
	var out []*attribute
	n := 0
	for _, list := range names {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			if n++; n > maxProjected {
				return nil, invalid("Too many attributes are named; at most 100 are taken.")
			}
			if out == nil {
				out = []*attribute{}
			}
			if a, _ := m.find(name); a != nil {
				out = append(out, a)
			}
		}
	}
	return out, nil
}

func (a *attribute) shownByDefault() bool {
	return a.served == byDefault || a.served == always
}

// show shows a, what holds it, and its parts; of a sub-attribute's neighbours only those that
// are always shown.
func (p *projection) show(a *attribute) {
	for x := a; x != nil; x = x.parent {
		if x.served == never { // and so is all that is in it
			return
		}
	}
	p.showAll(a)
	for x := a.parent; x != nil; x = x.parent {
		p.shown[x.order] = true
		for _, s := range x.subs {
			if s.served == always {
				p.showAll(s)
			}
		}
	}
}

// showAll shows a with its parts, and nothing beside it.
func (p *projection) showAll(a *attribute) {
	p.shown[a.order] = true
	for _, s := range a.subs {
		if s.shownByDefault() {
			p.showAll(s)
		}
	}
}

func (p *projection) hide(a *attribute) {
	if a.served == always {
		return
	}
	kept := false
	for _, s := range a.subs {
		p.hide(s)
		kept = kept || p.shown[s.order]
	}
	p.shown[a.order] = kept && a.shownByDefault()
}

// shows reports whether a is in the response. What holds it is asked first.
func (p *projection) shows(a *attribute) bool {
	if p == nil {
		return a.shownByDefault()
	}
	return p.shown[a.order]
}

// wants reports whether the root of that name is in the response, and so must be read.
func (p *projection) wants(name string) bool {
	if p == nil {
		return true
	}
	a := named(p.model.names, name)
	return a != nil && p.shown[a.order]
}
