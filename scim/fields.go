package scim

// fields are a resource as a client has sent it: an object whose names are in the order that they
// came in. To take a resource from it each is looked at once, for which a map is more than it needs.
type fields []sent

type sent struct {
	name  string
	value any
}

// mostFields are kept as room for the next body.
const mostFields = 32

// fieldsOf are those of an object that was read as one.
func fieldsOf(object map[string]any) fields {
	out := make(fields, 0, len(object))
	for name, v := range object {
		out = append(out, sent{name, v})
	}
	return out
}

// decodeFields is decode for a resource. The fields lie in room, if there is enough.
func decodeFields(body []byte, room fields) (fields, error) {
	out, r := room[:0], newReader(body)
	err := r.document(func() error {
		return r.members(1, func(name string) error {
			v, err := r.value(1)
			out = append(out, sent{name, v})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// named finds a value by its name, whatever its case, as fieldNamed does.
func (f fields) named(name string) (any, bool) {
	for i := range f {
		if sameName(f[i].name, name) {
			return f[i].value, true
		}
	}
	return nil, false
}
