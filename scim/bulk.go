package scim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

const (
	bulkRequestSchema  = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	bulkResponseSchema = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
)

// bulk answers a POST of many operations (RFC 7644, section 3.7). Each is a transaction of its
// own: those before one that fails stay done.
func (x *exchange) bulk() error {
	raw, err := x.body()
	if err != nil {
		return err
	}
	if err := hasSchema(raw, bulkRequestSchema); err != nil {
		return err
	}
	work, err := x.newBulk(raw)
	if err != nil {
		return err
	}
	work.run()
	if err := x.ctx.Err(); err != nil {
		return err
	}
	x.begin(http.StatusOK, "", "")
	x.b = work.append(x.b[:0])
	return x.end()
}

// A bulkWork is a bulk request while it is done.
type bulkWork struct {
	x       *exchange
	ops     []*bulkOp
	named   map[string]*bulkOp // by bulkId
	most    int                // errors after which it ends; 0: none
	errors  int
	pending []*mend
}

// A bulkOp is one operation.
type bulkOp struct {
	method  string
	bulkID  string
	version string
	to      route
	target  string // the bulkId that its path has in place of an id
	data    map[string]any
	refused error // known before anything is done

	state  bulkState
	id     string
	tag    string // the ETag
	status int
	err    *Error
}

// bulkState is how far an operation is.
type bulkState uint8

const (
	waiting bulkState = iota
	doing             // what it refers to is being made
	done
)

// newBulk reads a request. What is wrong with one operation is that one's answer.
func (x *exchange) newBulk(raw map[string]any) (*bulkWork, error) {
	v, _ := fieldNamed(raw, "Operations")
	list, ok := v.([]any)
	if !ok {
		return nil, badRequest(InvalidSyntax, "A bulk request has a list of Operations.")
	}
	if err := x.countOperations(len(list)); err != nil {
		return nil, err
	}
	w := &bulkWork{x: x, named: map[string]*bulkOp{}, ops: make([]*bulkOp, 0, len(list))}
	if v, ok := fieldNamed(raw, "failOnErrors"); ok && v != nil {
		number, _ := v.(json.Number)
		n, err := strconv.Atoi(number.String())
		if err != nil || n < 0 {
			return nil, badRequest(InvalidValue, "failOnErrors is a whole number from 0 on.")
		}
		w.most = n
	}
	for _, one := range list {
		parts, ok := one.(map[string]any)
		if !ok {
			return nil, badRequest(InvalidSyntax, "An operation of a bulk request is an object.")
		}
		op := x.newBulkOp(parts)
		w.ops = append(w.ops, op)
		if op.bulkID == "" || op.method != http.MethodPost {
			continue
		}
		if w.named[op.bulkID] != nil {
			return nil, badRequest(InvalidValue, "Two operations have one bulkId.")
		}
		w.named[op.bulkID] = op
	}
	return w, nil
}

// mostBulkText is the longest path, bulkId or version of an operation, in bytes.
const mostBulkText = 1 << 10

func (x *exchange) newBulkOp(parts map[string]any) *bulkOp {
	op := &bulkOp{}
	path := ""
	for name, to := range map[string]*string{"method": &op.method, "bulkId": &op.bulkID, "version": &op.version, "path": &path} {
		v, _ := fieldNamed(parts, name)
		text, ok := v.(string)
		if v != nil && !ok || len(text) > mostBulkText {
			op.refused = badRequest(InvalidSyntax, name+" of an operation is a short text.")
		}
		*to = cutAt(text, mostBulkText)
	}
	if upper := strings.ToUpper(op.method); upper != op.method && x.taken.allow(OpCase) {
		op.method = upper
	}
	if op.refused != nil {
		return op
	}
	to, below, loose := locate(path, x.h.base, &x.parts)
	op.to, loose = to, loose || path != "/"+strings.Join(below, "/")
	data, given := fieldNamed(parts, "data")
	op.data, _ = data.(map[string]any)
	switch {
	case op.to.place != atResource && (op.to.place != atList || op.to.kind == anyKind):
		op.refused = &Error{Status: http.StatusNotFound, Type: InvalidPath, Detail: "The path of an operation is /Users or /Groups, with an id for all but POST."}
	case loose && !x.taken.allow(PathForm):
		op.refused = badRequest(InvalidPath, "The path of an operation has slashes that are doubled, one at its end or none at its beginning, or the base path before it.")
	case op.method == http.MethodGet || op.method == http.MethodHead || !op.to.takes(op.method):
		op.refused = &Error{Status: http.StatusMethodNotAllowed, Detail: "An operation is a POST of a list, or a PUT, PATCH or DELETE of a resource."}
	case op.method == http.MethodPost && op.bulkID == "":
		op.refused = badRequest(InvalidSyntax, "A POST in a bulk request needs a bulkId.")
	case op.method != http.MethodDelete && op.data == nil:
		op.refused = badRequest(InvalidSyntax, "The operation needs data, which is an object.")
	case op.method == http.MethodDelete && given && data != nil && op.data == nil:
		op.refused = badRequest(InvalidSyntax, "The data of an operation is an object.")
	}
	if name, ok := strings.CutPrefix(op.to.id, bulkIDPrefix); ok && op.to.place == atResource {
		op.target = name
	}
	op.id = op.to.id
	return op
}

// run does all of it, or as much as failOnErrors has it.
func (w *bulkWork) run() {
	for _, op := range w.ops {
		if w.over() {
			break
		}
		w.do(op)
	}
	for _, m := range w.pending { // what they refer to was never done
		w.failed(m.op, unresolved(m.op.bulkID))
	}
}

// over reports whether there is to be no more.
func (w *bulkWork) over() bool {
	return w.most > 0 && w.errors >= w.most || w.x.ctx.Err() != nil
}

// do does one operation, after those that make what it refers to. Those that refer to each
// other in a circle are made without what is not there yet, which is put in afterwards.
func (w *bulkWork) do(op *bulkOp) {
	if op.state != waiting {
		return
	}
	op.state = doing
	if op.refused == nil {
		for _, name := range w.references(op) {
			if other := w.named[name]; other != nil && !w.over() {
				w.do(other)
			}
		}
	}
	if w.over() {
		op.state = waiting // not done, and not in the answer
		return
	}
	err := op.refused
	if err == nil {
		err = w.perform(op)
	}
	op.state = done
	if err == nil {
		w.mend(op)
		return
	}
	w.failed(op, err)
}

func (w *bulkWork) failed(op *bulkOp, err error) {
	w.errors++
	e, own := faulty(err)
	if !own {
		w.x.logged(err)
	}
	op.err, op.status = e, e.Status
	w.x.seen.ErrorType, w.x.seen.Detail = e.Type, shortened(e.Detail)
}

// perform does what one operation says.
func (w *bulkWork) perform(op *bulkOp) error {
	data, left, err := w.resolved(op)
	if err != nil {
		return err
	}
	if op.target != "" {
		of := w.named[op.target]
		if of == nil || of.state != done || of.err != nil || of.to.kind != op.to.kind {
			return unresolved(op.target)
		}
		op.id = of.id
	}
	c := conditions{match: versionTag(op.version)}
	if op.to.kind == groupKind {
		err = w.performGroup(op, c, data)
	} else {
		err = w.performUser(op, c, data)
	}
	if err == nil && len(left) > 0 {
		w.pending = append(w.pending, newMend(op, left))
	}
	return err
}

// versionTag is the version of an operation as a condition. It is an ETag; one without its
// quotes is taken too.
func versionTag(version string) string {
	if version == "" || strings.HasSuffix(version, `"`) || version == "*" {
		return version
	}
	return `"` + version + `"`
}

func (w *bulkWork) performUser(op *bulkOp, c conditions, data map[string]any) error {
	x := w.x
	var u User
	var err error
	op.status = http.StatusOK
	switch op.method {
	case http.MethodPost:
		op.status = http.StatusCreated
		u, _, err = x.createUser(fieldsOf(data))
	case http.MethodPut:
		u, err = x.replaceUser(op.id, c, fieldsOf(data))
	case http.MethodPatch:
		u, err = x.patchUser(op.id, c, data)
	default:
		op.status = http.StatusNoContent
		return x.deleteUser(op.id, c)
	}
	if err == nil {
		op.id, op.tag = u.ID, entityTag(u.Meta.Version)
	}
	return err
}

func (w *bulkWork) performGroup(op *bulkOp, c conditions, data map[string]any) error {
	x := w.x
	var g Group
	var err error
	op.status = http.StatusOK
	switch op.method {
	case http.MethodPost:
		op.status = http.StatusCreated
		g, err = x.createGroup(fieldsOf(data))
	case http.MethodPut:
		g, err = x.replaceGroup(op.id, c, fieldsOf(data))
	case http.MethodPatch:
		op.status = http.StatusNoContent
		g, err = x.patchGroup(op.id, c, data)
	default:
		op.status = http.StatusNoContent
		return x.deleteGroup(op.id, c)
	}
	if err == nil {
		op.id, op.tag = g.ID, entityTag(g.Meta.Version)
	}
	return err
}

// append writes the answer: of each operation that was done, in the order of the request.
func (w *bulkWork) append(b []byte) []byte {
	b = append(b, `{"schemas":["`+bulkResponseSchema+`"],"Operations":[`...)
	some := false
	for _, op := range w.ops {
		if op.state != done {
			continue
		}
		if some {
			b = append(b, ',')
		}
		some = true
		b = appendText(append(b, `{"method":`...), op.method)
		if op.bulkID != "" {
			b = appendText(append(b, `,"bulkId":`...), op.bulkID)
		}
		if op.tag != "" && op.err == nil {
			b = appendText(append(b, `,"version":`...), op.tag)
		}
		if op.id != "" && op.to.kind != anyKind {
			b = appendText(append(b, `,"location":`...), w.x.located(op.to.kind, op.id))
		}
		b = append(b, fmt.Sprintf(`,"status":"%d"`, op.status)...)
		if op.err != nil {
			b = appendError(append(b, `,"response":`...), op.err)
		}
		b = append(b, '}')
	}
	return append(b, ']', '}')
}
