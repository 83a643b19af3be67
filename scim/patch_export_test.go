package scim

// What tests in package scim_test need of the engine beneath the handler.

// An Engine takes bodies as the handler does, by one profile, and notes what it tolerates.
type Engine struct {
	s *Schemas
	l *leniency
}

func NewEngine(s *Schemas, p Profile) *Engine { return &Engine{s, &leniency{profile: p}} }

func (e *Engine) Used() []Tolerance { return e.l.used }

func Decode(body string) (map[string]any, error) { return decode([]byte(body)) }

func (e *Engine) ParseUser(body string) (User, error) {
	raw, err := decode([]byte(body))
	if err != nil {
		return User{}, err
	}
	return e.s.user().parseUser(fieldsOf(raw), e.l)
}

func (e *Engine) ParseGroup(body string) (Group, []string, error) {
	raw, err := decode([]byte(body))
	if err != nil {
		return Group{}, nil, err
	}
	return e.s.group().parseGroup(fieldsOf(raw), e.l)
}

// PatchUser and the like return the edit, so that it can be made more than once.
func (e *Engine) PatchUser(body string) (func(*User) (bool, error), error) {
	raw, err := decode([]byte(body))
	if err != nil {
		return nil, err
	}
	return e.s.user().patchUser(raw, e.l)
}

func (e *Engine) PatchGroup(body string) (func(*Group) (bool, error), MemberChange, error) {
	raw, err := decode([]byte(body))
	if err != nil {
		return nil, MemberChange{}, err
	}
	return e.s.group().patchGroup(raw, e.l)
}

func (e *Engine) ReplaceUser(body string) (func(*User) (bool, error), error) {
	raw, err := decode([]byte(body))
	if err != nil {
		return nil, err
	}
	return e.s.user().replaceUser(fieldsOf(raw), e.l)
}

func (e *Engine) ReplaceGroup(body string) (func(*Group) (bool, error), MemberChange, error) {
	raw, err := decode([]byte(body))
	if err != nil {
		return nil, MemberChange{}, err
	}
	return e.s.group().replaceGroup(fieldsOf(raw), e.l)
}

// A View is how a response shows a resource.
type View struct {
	Attributes, Excluded []string
	Base                 string
}

func (e *Engine) User(u User, groups []Member, v View) (string, error) {
	m := e.s.user()
	p, err := m.projection(v.Attributes, v.Excluded)
	if err != nil {
		return "", err
	}
	if !p.wants("groups") {
		groups = nil
	}
	return string(m.appendUser(nil, u, groups, v.Base, p)), nil
}

func (e *Engine) Group(g Group, members []Member, v View) (string, error) {
	m := e.s.group()
	p, err := m.projection(v.Attributes, v.Excluded)
	if err != nil {
		return "", err
	}
	b, err := m.appendGroup(nil, g, v.Base, p, func(b []byte) ([]byte, error) {
		b = append(b, '[')
		for i, x := range members {
			if i > 0 {
				b = append(b, ',')
			}
			b = m.appendMember(b, x, v.Base, p)
		}
		return append(b, ']'), nil
	})
	return string(b), err
}
