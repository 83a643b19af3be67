package archtest_test

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// A door is a method that one function alone may use.
type door struct {
	method string
	file   string
	fns    []string // the functions of that file that may use it
	why    string
}

func doors() []door {
	return []door{
		{"CreateSession", "accesssec/gate.go", []string{"Service.admit"}, "every path to a session ends in the gate"},
		{"RunInTx", "accesssec/change.go", []string{"Service.change", "Service.refused", "Service.upkeep"}, "every change owes an audit event, and change.go counts it"},
		{"SwapDoc", "accesssec/attempts.go", []string{"Service.bookOne", "Service.giveBack", "bookIn"}, "it commits by itself, so it is for booking an attempt before the secret is looked at, and for giving back one that was right"},
	}
}

// upkeepCallers are the functions that write rows no person decides, and so owe no
// event: request records, seals, job results, caches. A new one needs that reason.
func upkeepCallers() reasons {
	return reasons{
		"Service.seal":      "gives events that are written already their place in the chain",
		"Service.finishJob": "ends the lease of a job that came to nothing a person decides",
		"Service.schedule":  "puts a recurring job, once for all instances",
		"Service.begin":     "keeps the request that a response has to answer",

		"Service.startOpenID":  "keeps what the answer of an OpenID provider has to fit",
		"Service.takeState":    "uses that up, before the code is exchanged; what comes of it has its event",
		"Service.askLogout":    "keeps the logout request that an answer has to fit; the session ended before, with its event",
		"Service.takeMetadata": "notes an attempt at metadata that changes nothing of the connection",
		"Service.putTrace":     "keeps what a response looked like, beside the event of what became of it",

		"Service.sealAnew":      "seals what is there under the current key; what it says stays as it is",
		"Service.keepResealing": "notes how far that is",

		"Service.takeIn":     "notes what was seen at a domain when it changes nothing",
		"Service.writeQuiet": "the same, of many domains",
		"Service.writeOne":   "says when to look at a domain again",
		"Service.putBack":    "gives up leases of jobs that nobody has begun",
		"Service.remind":     "puts jobs again that were lost",

		"Service.cursorKey": "makes the key that signs cursors of lists, once for all instances",
		"Service.keepSCIM":  "writes down what identity providers have asked for; what came of it has its events",

		"Service.askMail": "asks for a mail, in the background; what becomes of that has its event",

		"Service.keepRefused": "remembers in a browser that a sign-on was refused; the event of that is written",

		"Service.PersonChanged": "marks a person as looked at, where nothing has to be ended or rewritten",
	}
}

// storeSide may use any method of a store: it implements one, or judges one, or, in
// flowtest, makes a state that would take weeks to come about.
func storeSide(dir string) bool {
	return dir == "store" || dir == "internal/flowtest" || strings.HasPrefix(dir, "store/") && dir != "store/seal"
}

func TestDoors(t *testing.T) {
	t.Parallel()
	report(t, checkDoors(here(t), doors()))
}

func TestUpkeepCallers(t *testing.T) {
	t.Parallel()
	report(t, checkUpkeep(here(t), upkeepCallers()))
}

// checkDoors finds each mention of a door's method, whether called or handed on as
// a value, so that no wrapper passes unseen.
func checkDoors(tr *tree, doors []door) []string {
	var out []string
	for _, d := range doors {
		var through []string
		for _, f := range tr.code() {
			if storeSide(f.dir()) {
				continue
			}
			for _, u := range f.uses("", d.method) {
				if f.name != d.file || !slices.Contains(d.fns, u.fn) {
					out = append(out, fmt.Sprintf("%s: %s uses %s, which is for %s in %s alone: %s",
						tr.at(u.node), place(u.fn), d.method, strings.Join(d.fns, ", "), d.file, d.why))
					continue
				}
				through = append(through, u.fn)
			}
		}
		if len(through) == 0 && tr.hasFile(d.file) {
			out = append(out, fmt.Sprintf("nothing in %s uses %s: the rule has lost its subject", d.file, d.method))
		}
	}
	return out
}

// checkUpkeep compares the functions that use the door without an event with their list.
func checkUpkeep(tr *tree, allowed reasons) []string {
	var out []string
	var seen []string
	for _, f := range tr.code() {
		if f.dir() != "accesssec" {
			continue
		}
		for _, u := range f.uses("", "upkeep") {
			seen = append(seen, u.fn)
			if allowed[u.fn] == "" {
				out = append(out, fmt.Sprintf("%s: %s uses upkeep, which writes no event; upkeepCallers() gives no reason for it",
					tr.at(u.node), place(u.fn)))
			}
		}
	}
	for fn := range allowed {
		if !slices.Contains(seen, fn) {
			out = append(out, fmt.Sprintf("upkeepCallers() lists %s, which does not use upkeep", fn))
		}
	}
	slices.Sort(out)
	return out
}

func place(fn string) string {
	if fn == "" {
		return "a package-level value"
	}
	return fn
}

// clockReaders are the functions, "file: function", that may read the clock, each
// with the reason why no test has to steer it. Setting a Now that was left nil to
// time.Now needs no place here.
func clockReaders() reasons {
	return reasons{
		"domainclaim/client.go: client.lookup": "how much of the context's deadline, which is wall time, is left",
		"domainclaim/client.go: client.dial":   "a socket's share of the context's deadline, which is wall time",
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	report(t, checkClock(here(t), clockReaders()))
}

func TestNoSleep(t *testing.T) {
	t.Parallel()
	report(t, checkSleep(here(t)))
}

func TestNoInit(t *testing.T) {
	t.Parallel()
	report(t, checkInit(here(t)))
}

func checkClock(tr *tree, allowed reasons) []string {
	var out []string
	seen := map[string]bool{}
	for _, f := range tr.code() {
		if strings.HasPrefix(f.name, "examples/") {
			continue // a program may know what time it is
		}
		for _, name := range []string{"Now", "Since", "Until"} {
			for _, u := range f.uses("time", name) {
				key := f.name + ": " + u.fn
				if f.defaults(u.node) {
					continue
				}
				seen[key] = true
				if allowed[key] == "" {
					out = append(out, fmt.Sprintf("%s: %s reads the clock with time.%s; take now from the caller, or give the reason in clockReaders()",
						tr.at(u.node), place(u.fn), name))
				}
			}
		}
	}
	for key := range allowed {
		if !seen[key] {
			out = append(out, fmt.Sprintf("clockReaders() lists %q, which reads no clock", key))
		}
	}
	slices.Sort(out)
	return out
}

// defaults says whether n is time.Now handed, uncalled, to something named now.
func (f *file) defaults(n ast.Node) bool {
	found := false
	ast.Inspect(f.ast, func(m ast.Node) bool {
		switch m := m.(type) {
		case *ast.AssignStmt:
			for i, rhs := range m.Rhs {
				found = found || rhs == n && i < len(m.Lhs) && strings.EqualFold(lastName(m.Lhs[i]), "now")
			}
		case *ast.KeyValueExpr:
			found = found || m.Value == n && strings.EqualFold(lastName(m.Key), "now")
		}
		return !found
	})
	return found
}

func checkSleep(tr *tree) []string {
	var out []string
	for _, f := range tr.files {
		for _, u := range f.uses("time", "Sleep") {
			out = append(out, fmt.Sprintf("%s: %s sleeps; wait for what it waits for", tr.at(u.node), place(u.fn)))
		}
	}
	return out
}

// Patterns that are let past the look for forged forms have let past more than they say
// (CVE-2025-47910).
func TestNoForgedForms(t *testing.T) {
	t.Parallel()
	report(t, checkForged(here(t)))
}

func checkForged(tr *tree) []string {
	var out []string
	for _, f := range tr.code() {
		for _, method := range []string{"AddInsecureBypassPattern", "AddTrustedOrigin"} {
			for _, u := range f.uses("", method) {
				out = append(out, fmt.Sprintf("%s: %s uses %s: what comes from another site has a handler of its own that guards itself", tr.at(u.node), place(u.fn), method))
			}
		}
	}
	return out
}

// What a plan may lack is shown to be asked for: each Feature has its flow.
func TestFeatureFlows(t *testing.T) {
	t.Parallel()
	report(t, checkFeatures(here(t)))
}

func checkFeatures(tr *tree) []string {
	const flows = "internal/flowtest/entitled.go"
	var declared []*ast.Ident
	shown := map[string]bool{}
	for _, f := range tr.files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && f.dir() == "accesssec" {
				if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Feature" {
					declared = append(declared, spec.Names...)
				}
			}
			if sel, ok := n.(*ast.SelectorExpr); ok && f.name == flows {
				shown[sel.Sel.Name] = true
			}
			return true
		})
	}
	var out []string
	for _, name := range declared {
		if !shown[name.Name] {
			out = append(out, fmt.Sprintf("%s: %s is in no flow of %s: what asks for it, and when?", tr.at(name), name.Name, flows))
		}
	}
	if len(declared) == 0 {
		out = append(out, "accesssec has no Feature: this check lost its subject")
	}
	return out
}

func checkInit(tr *tree) []string {
	var out []string
	for _, f := range tr.files {
		for _, decl := range f.ast.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok && d.Recv == nil && d.Name.Name == "init" {
				out = append(out, fmt.Sprintf("%s: init() runs in every program that imports %s, asked or not", tr.at(d), f.dir()))
			}
		}
	}
	return out
}
