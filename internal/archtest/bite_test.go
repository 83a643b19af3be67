package archtest_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// source makes a module of these files, so that each check can be shown to bite.
func source(t *testing.T, files map[string]string) *tree {
	t.Helper()
	fsys := fstest.MapFS{"go.mod": {Data: []byte("module example.com/m\n\ngo 1.26.0\n")}}
	for name, src := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(src)}
	}
	tr, err := loadTree(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// bite is one small module and what a check is to say of it: each of want is part of
// one message, and there are no others.
type bite struct {
	name  string
	files map[string]string
	check func(*tree) []string
	want  []string
}

func (b bite) run(t *testing.T) {
	t.Parallel()
	got := b.check(source(t, b.files))
	if len(got) != len(b.want) {
		t.Fatalf("got %d messages, want %d:\n%s", len(got), len(b.want), strings.Join(got, "\n"))
	}
	for i, want := range b.want {
		if !strings.Contains(got[i], want) {
			t.Errorf("message %d: got %q, want it to hold %q", i, got[i], want)
		}
	}
}

func TestImportChecksBite(t *testing.T) {
	t.Parallel()
	rows := map[string]row{
		"a": {ours: reasons{"b": "why"}, modules: reasons{"golang.org/x/net": "why"}},
		"b": {},
		"c": {ours: reasons{anything: "why"}, testing: "why"},
	}
	imports := func(tr *tree) []string { return checkImports(tr, rows) }
	testing := func(tr *tree) []string { return checkTesting(tr, rows) }
	scarcity := func(tr *tree) []string {
		return checkScarce(tr, map[string]scarce{"encoding/xml": {"bounds", []string{"a"}}})
	}
	one := func(tr *tree) []string { return checkOneImporter(tr, gosaml2, "saml") }
	for _, b := range []bite{
		{"allowed", map[string]string{"a/a.go": `package a; import ("fmt"; "example.com/m/b"; "golang.org/x/net/idna")`}, imports, nil},
		{"of ours", map[string]string{"b/b.go": `package b; import "example.com/m/a"`}, imports, []string{"b/b.go imports a of ours"}},
		{"a module", map[string]string{"b/b.go": `package b; import "golang.org/x/net/idna"`}, imports, []string{"b/b.go imports golang.org/x/net/idna"}},
		{"a module of like name", map[string]string{"a/a.go": `package a; import "golang.org/x/network"`}, imports, []string{"golang.org/x/network"}},
		{"anything", map[string]string{"c/c.go": `package c; import "example.com/m/a"`}, imports, nil},
		{"a test is free", map[string]string{"b/b_test.go": `package b; import "example.com/m/a"`}, imports, nil},
		{"a nested module is another", map[string]string{"b/n/go.mod": "module n", "b/n/n.go": `package n; import "example.com/m/a"`}, imports, nil},
		{"whatever the platform", map[string]string{"b/b_windows.go": `package b; import "example.com/m/a"`}, imports, []string{"b_windows.go"}},
		{"testing in code", map[string]string{"b/b.go": `package b; import "testing/fstest"`}, testing, []string{"testing/fstest outside a test"}},
		{"testing with a reason", map[string]string{"c/c.go": `package c; import "testing"`}, testing, nil},
		{"testing in a test", map[string]string{"b/b_test.go": `package b; import "testing"`}, testing, nil},
		{"scarce", map[string]string{"a/a.go": `package a; import "encoding/xml"`, "b/b.go": `package b; import x "encoding/xml"`}, scarcity, []string{"b/b.go imports encoding/xml: bounds"}},
		{"one importer", map[string]string{"saml/a.go": `package saml; import _ "` + gosaml2 + `"`}, one, nil},
		{"two importers", map[string]string{"saml/a.go": `package saml; import _ "` + gosaml2 + `"`, "saml/b_test.go": `package saml; import _ "` + gosaml2 + `/types"`}, one, []string{"[saml/a.go saml/b_test.go]"}},
		{"no importer", map[string]string{"saml/a.go": `package saml`}, one, []string{"imported by []"}},
		{"the wrong importer", map[string]string{"saml/a.go": `package saml`, "b/b.go": `package b; import _ "` + gosaml2 + `"`}, one, []string{"imported by [b/b.go]"}},
	} {
		t.Run(b.name, b.run)
	}
}

func TestDoorChecksBite(t *testing.T) {
	t.Parallel()
	one := []door{{"Mint", "accesssec/gate.go", []string{"admit"}, "one gate"}}
	door := func(tr *tree) []string { return checkDoors(tr, one) }
	upkeep := func(tr *tree) []string { return checkUpkeep(tr, reasons{"Bounce": "request records"}) }
	gate := `package accesssec; func admit() { tx.Mint() }`
	for _, b := range []bite{
		{"through the gate", map[string]string{"accesssec/gate.go": gate}, door, nil},
		{"beside the gate", map[string]string{"accesssec/gate.go": gate + `; func other() { tx.Mint() }`}, door, []string{"other uses Mint"}},
		{"in another file", map[string]string{"accesssec/gate.go": gate, "accesssec/me.go": `package accesssec; func admit() { tx.Mint() }`}, door, []string{"accesssec/me.go:1: admit uses Mint"}},
		{"handed on as a value", map[string]string{"accesssec/gate.go": gate, "a/a.go": `package a; var f = tx.Mint`}, door, []string{"a package-level value uses Mint"}},
		{"a store may", map[string]string{"accesssec/gate.go": gate, "store/memory/m.go": `package memory; func f() { tx.Mint() }`}, door, nil},
		{"a test may", map[string]string{"accesssec/gate.go": gate, "accesssec/a_test.go": `package accesssec; func f() { tx.Mint() }`}, door, nil},
		{"the key ring is no store", map[string]string{"accesssec/gate.go": gate, "store/seal/s.go": `package seal; func f() { tx.Mint() }`}, door, []string{"f uses Mint"}},
		{"a method of that name is another", map[string]string{"accesssec/gate.go": gate + `; func (s *T) admit() { tx.Mint() }`}, door, []string{"T.admit uses Mint"}},
		{"nobody", map[string]string{"accesssec/gate.go": `package accesssec`}, door, []string{"lost its subject"}},
		{"forms from elsewhere", map[string]string{"a/a.go": `package a; func f() { p.AddInsecureBypassPattern("/acs"); p.Check(r) }`}, checkForged, []string{"f uses AddInsecureBypassPattern"}},
		{"a feature with a flow", map[string]string{"accesssec/f.go": `package accesssec; const A Feature = "a"`, "internal/flowtest/entitled.go": `package flowtest; var f = accesssec.A`}, checkFeatures, nil},
		{"a feature without one", map[string]string{"accesssec/f.go": `package accesssec; const A Feature = "a"`, "a/a.go": `package a; var f = accesssec.A`}, checkFeatures, []string{"A is in no flow"}},
		{"no feature", map[string]string{"accesssec/f.go": `package accesssec; const A = "a"`}, checkFeatures, []string{"lost its subject"}},
		{"upkeep listed", map[string]string{"accesssec/a.go": `package accesssec; func Bounce() { s.upkeep() }`}, upkeep, nil},
		{"upkeep not listed", map[string]string{"accesssec/a.go": `package accesssec; func Bounce() { s.upkeep() }; func Grant() { s.upkeep() }`}, upkeep, []string{"Grant uses upkeep"}},
		{"upkeep listed and unused", map[string]string{"accesssec/a.go": `package accesssec`}, upkeep, []string{"lists Bounce"}},
	} {
		t.Run(b.name, b.run)
	}
}

func TestClockChecksBite(t *testing.T) {
	t.Parallel()
	clock := func(tr *tree) []string { return checkClock(tr, nil) }
	listed := func(tr *tree) []string { return checkClock(tr, reasons{"a/a.go: f": "why"}) }
	for _, b := range []bite{
		{"read", map[string]string{"a/a.go": `package a; import "time"; func f() { time.Now(); time.Since(x) }`}, clock, []string{"f reads the clock with time.Now", "time.Since"}},
		{"under another name", map[string]string{"a/a.go": `package a; import clock "time"; func f() { clock.Now() }`}, clock, []string{"f reads"}},
		{"another's Now", map[string]string{"a/a.go": `package a; import "time"; func f() { s.Now(); time.Unix(0, 0) }`}, clock, nil},
		{"a default", map[string]string{"a/a.go": `package a; import "time"; func f() { o.Now = time.Now; x = T{now: time.Now} }`}, clock, nil},
		{"no default", map[string]string{"a/a.go": `package a; import "time"; func f() { o.Now = time.Now() }`}, clock, []string{"f reads"}},
		{"listed", map[string]string{"a/a.go": `package a; import "time"; func f() { time.Now() }`}, listed, nil},
		{"listed and gone", map[string]string{"a/a.go": `package a`}, listed, []string{"reads no clock"}},
		{"sleep", map[string]string{"a/a_test.go": `package a; import "time"; func f() { time.Sleep(1) }`}, checkSleep, []string{"f sleeps"}},
		{"init", map[string]string{"a/a.go": `package a; func init() {}; type T int; func (T) init() {}`}, checkInit, []string{"a/a.go:1: init()"}},
	} {
		t.Run(b.name, b.run)
	}
}

func TestStateChecksBite(t *testing.T) {
	t.Parallel()
	state := func(tr *tree) []string { return checkState(tr, nil) }
	kept := func(tr *tree) []string { return checkState(tr, reasons{"a.kept": "why"}) }
	one := func(src string) map[string]string { return map[string]string{"a/a.go": "package a\n" + src} }
	for _, b := range []bite{
		{"sentinels and tables", one(`import "errors"
var ErrX = errors.New("x")
var errY error
var names = map[string]int{"a": 1}
var re = regexp.MustCompile("x")
func f() int { return names["a"] }`), state, nil},
		{"a shadow is not the variable", one(`var n = []int{1}
func f() { n := 2; n = 3; _ = n }
func g(n []int) { n[0] = 1 }`), state, nil},
		{"assigned", one("var n int\nfunc f() { n = 1 }"), state, []string{"n of a is assigned"}},
		{"assigned in another file", map[string]string{"a/a.go": "package a; var n int", "a/b.go": "package a; func f() { n++ }"}, state, []string{"a/b.go:1: package-level variable n of a is assigned"}},
		{"an element", one("var n = map[int]int{}\nfunc f() { n[1] = 1 }"), state, []string{"n of a is assigned"}},
		{"a field of an element", one("var n = []struct{ x int }{{}}\nfunc f() { n[0].x++ }"), state, []string{"n of a is assigned"}},
		{"delete", one("var n = map[int]int{}\nfunc f() { delete(n, 1) }"), state, []string{"changed by delete"}},
		{"address", one("var n int\nfunc f() { g(&n) }"), state, []string{"address taken"}},
		{"mutex", one("import \"sync\"\nvar mu sync.Mutex"), state, []string{"mu of a is a sync.Mutex"}},
		{"pointer to a pool", one("import \"sync\"\nvar p = &sync.Pool{}"), state, []string{"p of a is a sync.Pool"}},
		{"atomic", one("import \"sync/atomic\"\nvar p atomic.Pointer[int]"), state, []string{"atomic.Pointer"}},
		{"channel", one("var c = make(chan int)"), state, []string{"c of a is a channel"}},
		{"exported", one("var Default = 1"), state, []string{"Default of a is exported"}},
		{"exported in disguise", one("var ErrDefault = 1"), state, []string{"is exported"}},
		{"with a reason", one("var kept int\nfunc f() { kept = 1 }"), kept, nil},
		{"with a reason too many", one("var kept int"), kept, []string{"lists a.kept"}},
		{"tests are free", map[string]string{"a/a.go": "package a", "a/a_test.go": "package a; var n int; func f() { n = 1 }"}, state, nil},
	} {
		t.Run(b.name, b.run)
	}
}

func TestMannerChecksBite(t *testing.T) {
	t.Parallel()
	examples := func(tr *tree) []string { return checkExamples(tr, reasons{"bare": "why"}) }
	for _, b := range []bite{
		{"long file", map[string]string{"a/a.go": "package a\n" + strings.Repeat("\n", mostLines)}, checkSizes, []string{"a/a.go has 501 lines"}},
		{"long test", map[string]string{"a/a_test.go": "package a\n" + strings.Repeat("\n", mostTestLines)}, checkSizes, []string{"more than 900"}},
		{"long function", map[string]string{"a/a.go": "package a\nfunc f() {" + strings.Repeat("\n", mostFuncLines) + "}"}, checkSizes, []string{"f has 81 lines"}},
		{"just right", map[string]string{"a/a.go": "package a" + strings.Repeat("\n", mostLines)}, checkSizes, nil},
		{"empty names", map[string]string{"a/string_util.go": "package a", "common/x.go": "package common", "a/utility.go": "package a"}, checkNames, []string{"a/string_util.go", "common/x.go"}},
		{"no comment", map[string]string{"a/a.go": "package a"}, checkComments, []string{"has 0 package comments"}},
		{"two comments", map[string]string{"a/a.go": "// Package a is.\npackage a", "a/b.go": "// Package a is too.\npackage a"}, checkComments, []string{"has 2 package comments"}},
		{"odd comment", map[string]string{"a/a.go": "// This is a.\npackage a"}, checkComments, []string{`start with "Package a"`}},
		{"examples", map[string]string{
			"a/a.go": "package a", "a/a_test.go": "package a_test\n\nfunc Example() {\n\tprintln()\n\t// Output: x\n}\n",
			"b/b.go": "package b", "b/b_test.go": "package b_test\n\nfunc Example() {\n\tprintln()\n}\n",
			"bare/b.go": "package bare", "internal/i/i.go": "package i", "cmd/main.go": "package main",
		}, examples, []string{"package b has no Example"}},
		{"a program's comment", map[string]string{"examples/demo/main.go": "// Demo shows.\npackage main"}, checkComments, nil},
	} {
		t.Run(b.name, b.run)
	}
}

func TestRowChecksBite(t *testing.T) {
	t.Parallel()
	got := checkRows([]string{"a", "b", "p"}, map[string]row{"a": {}, "p": {}, "gone": {}}, []string{"p", "q"})
	want := []string{
		"package b has no row in table_test.go: add one with its imports and reasons",
		"package p exists: take it off the planned list in table_test.go",
		"table_test.go has a row for gone, which does not exist and is not planned",
		"q is planned and has no row",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = checkFloors(map[string]row{
		"accesssec":      {floor: 1, ours: reasons{"memory": "why", "pages": "why"}},
		"examples/x":     {floor: 3, ours: reasons{"internal/leaf": "why"}},
		"internal/leaf":  {floor: leaf, ours: reasons{"saml": "why"}},
		"internal/leaf2": {floor: leaf, ours: reasons{anything: "why"}},
		"internal/leaf3": {floor: leaf},
		"memory":         {floor: 1, ours: reasons{"saml": "", "neighbour": "why"}},
		"neighbour":      {floor: 1},
		"pages":          {floor: 2, ours: reasons{anything: "why", "nowhere": "why"}},
		"saml":           {floor: 0, ours: reasons{"saml/part": "why", "totp": "why", "internal/leaf2": "why", "internal/leaf3": "why"}},
		"saml/part":      {floor: 0},
		"totp":           {floor: 0, modules: reasons{"m": ""}},
	})
	want = []string{
		"the row of accesssec (floor 1) allows pages (floor 2): arrows point down",
		"the row of examples/x allows internal/leaf, which no host can import",
		"the row of internal/leaf (a leaf) allows saml",
		"the row of memory allows neighbour: on floor 1 only accesssec imports its neighbours",
		"the row of memory gives no reason for saml",
		"the row of pages allows everything, which only a test leaf may",
		"the row of pages allows nowhere, which has no row",
		"the row of saml (floor 0) allows internal/leaf2: a protocol package stands alone",
		"the row of saml (floor 0) allows totp: a protocol package stands alone",
		"the row of totp gives no reason for m",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestModuleChecksBite(t *testing.T) {
	t.Parallel()
	mod := `module m

require example.com/alone v1.0.0

require (
	// Why not.
	example.com/known v1.0.0
	example.com/new v1.0.0
	example.com/deep v1.0.0 // indirect
)

replace example.com/known => ../known
`
	got := checkRequirements(mod, reasons{"example.com/known": "why", "example.com/alone": "why"})
	want := []string{
		"go.mod requires example.com/new, for which requirements() in table_test.go gives no reason",
		"go.mod has a replace directive, which hosts do not inherit: [example.com/known => ../known]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	got = checkNested(t, fstest.MapFS{
		"go.mod":                       file("module m"),
		"go.work":                      file("go 1.26.0\n\nuse (\n\t.\n\t./internal/interop\n)\n"),
		"examples/saas/go.mod":         file("module m/examples/saas\nreplace m => ../..\n"),
		"internal/interop/go.mod":      file("module m/internal/interop\nreplace m => ../../\n"),
		"internal/x/testdata/a/go.mod": file("module a"),
	})
	want = []string{
		"internal/interop/go.mod has no replace of the root (=> ../..)",
		"go.work joins [. ./internal/interop]; it is to join [. ./examples/saas]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
