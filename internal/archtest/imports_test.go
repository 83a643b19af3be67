package archtest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

const gosaml2 = "github.com/russellhaering/gosaml2"

func TestImports(t *testing.T) {
	t.Parallel()
	report(t, checkImports(here(t), table()))
}

func TestRows(t *testing.T) {
	t.Parallel()
	report(t, checkRows(here(t).packages(), table(), planned()))
}

func TestFloors(t *testing.T) {
	t.Parallel()
	report(t, checkFloors(table()))
}

func TestScarceImports(t *testing.T) {
	t.Parallel()
	report(t, checkScarce(here(t), scarceImports()))
}

func TestTestingStaysOutOfCode(t *testing.T) {
	t.Parallel()
	report(t, checkTesting(here(t), table()))
}

func TestOneFileImportsGosaml2(t *testing.T) {
	t.Parallel()
	report(t, checkOneImporter(here(t), gosaml2, "saml"))
}

// checkImports holds every import of every package to its row.
func checkImports(tr *tree, rows map[string]row) []string {
	var out []string
	for _, f := range tr.code() {
		r, ok := rows[f.dir()]
		if !ok {
			continue // checkRows says so once
		}
		for _, im := range f.imports() {
			if own, ok := ownPath(tr.module, im.path); ok {
				if r.ours[own] == "" && (r.ours[anything] == "" || own == f.dir()) {
					out = append(out, fmt.Sprintf("%s imports %s of ours; the row of %s allows %s",
						f.name, own, f.dir(), listed(r.ours)))
				}
				continue
			}
			if !thirdParty(im.path) {
				continue
			}
			if !covers(r.modules, im.path) {
				out = append(out, fmt.Sprintf("%s imports %s; the row of %s allows these modules: %s",
					f.name, im.path, f.dir(), listed(r.modules)))
			}
		}
	}
	return out
}

// checkRows holds the table and the tree together, both ways.
func checkRows(packages []string, rows map[string]row, planned []string) []string {
	var out []string
	for _, p := range packages {
		if _, ok := rows[p]; !ok {
			out = append(out, fmt.Sprintf("package %s has no row in table_test.go: add one with its imports and reasons", p))
		}
		if slices.Contains(planned, p) {
			out = append(out, fmt.Sprintf("package %s exists: take it off the planned list in table_test.go", p))
		}
	}
	for _, p := range slices.Sorted(maps.Keys(rows)) {
		if !slices.Contains(packages, p) && !slices.Contains(planned, p) {
			out = append(out, fmt.Sprintf("table_test.go has a row for %s, which does not exist and is not planned", p))
		}
	}
	for _, p := range planned {
		if _, ok := rows[p]; !ok {
			out = append(out, fmt.Sprintf("%s is planned and has no row", p))
		}
	}
	return out
}

// checkFloors holds the table to the floors it is drawn on.
func checkFloors(rows map[string]row) []string {
	var out []string
	for _, p := range slices.Sorted(maps.Keys(rows)) {
		r := rows[p]
		for _, o := range slices.Sorted(maps.Keys(r.ours)) {
			if o == anything {
				if r.floor != leaf {
					out = append(out, fmt.Sprintf("the row of %s allows everything, which only a test leaf may", p))
				}
				continue
			}
			lower, ok := rows[o]
			// A part of the same protocol, or a leaf that brings nothing with it.
			inner := strings.HasPrefix(o, p+"/") || lower.floor == leaf && len(lower.ours) == 0
			switch {
			case !ok:
				out = append(out, fmt.Sprintf("the row of %s allows %s, which has no row", p, o))
			case r.floor == 0 && !inner:
				out = append(out, fmt.Sprintf("the row of %s (floor 0) allows %s: a protocol package stands alone", p, o))
			case r.floor == leaf:
				out = append(out, fmt.Sprintf("the row of %s (a leaf) allows %s", p, o))
			case lower.floor > r.floor:
				out = append(out, fmt.Sprintf("the row of %s (floor %d) allows %s (floor %d): arrows point down", p, r.floor, o, lower.floor))
			case r.floor == 1 && p != "accesssec" && lower.floor > 0:
				out = append(out, fmt.Sprintf("the row of %s allows %s: on floor 1 only accesssec imports its neighbours", p, o))
			case r.floor == 3 && strings.HasPrefix(o, "internal/"):
				out = append(out, fmt.Sprintf("the row of %s allows %s, which no host can import", p, o))
			}
		}
		for what, why := range r.ours {
			if why == "" {
				out = append(out, fmt.Sprintf("the row of %s gives no reason for %s", p, what))
			}
		}
		for what, why := range r.modules {
			if why == "" {
				out = append(out, fmt.Sprintf("the row of %s gives no reason for %s", p, what))
			}
		}
	}
	return out
}

func checkScarce(tr *tree, scarcity map[string]scarce) []string {
	var out []string
	for _, f := range tr.code() {
		for _, im := range f.imports() {
			s, ok := scarcity[im.path]
			if ok && !slices.Contains(s.where, f.dir()) {
				out = append(out, fmt.Sprintf("%s imports %s: %s", f.name, im.path, s.why))
			}
		}
	}
	return out
}

// checkTesting keeps package testing, and the flags it registers, out of a host's binary.
func checkTesting(tr *tree, rows map[string]row) []string {
	var out []string
	for _, f := range tr.code() {
		if rows[f.dir()].testing != "" {
			continue
		}
		for _, im := range f.imports() {
			if im.path == "testing" || strings.HasPrefix(im.path, "testing/") {
				out = append(out, fmt.Sprintf("%s imports %s outside a test; the row of %s gives no reason for it", f.name, im.path, f.dir()))
			}
		}
	}
	return out
}

// checkOneImporter counts tests too: what only a test uses is still a dependency on
// the module's judgement.
func checkOneImporter(tr *tree, module, pkg string) []string {
	var in []string
	for _, f := range tr.files {
		for _, im := range f.imports() {
			if im.path == module || strings.HasPrefix(im.path, module+"/") {
				in = append(in, f.name)
				break
			}
		}
	}
	want := 1
	if !tr.has(pkg) {
		want = 0
	}
	if len(in) != want || want == 1 && !strings.HasPrefix(in[0], pkg+"/") {
		return []string{fmt.Sprintf("%s is to be imported by exactly one file of %s; it is imported by %v", module, pkg, in)}
	}
	return nil
}

// ownPath turns an import path of this module into a path below its root.
func ownPath(module, p string) (string, bool) {
	if p == module {
		return ".", true
	}
	return strings.CutPrefix(p, module+"/")
}

// thirdParty tells a module's path from the standard library's: only the former
// has a dot in its first element.
func thirdParty(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return strings.Contains(first, ".")
}

func covers(modules reasons, p string) bool {
	for m := range modules {
		if p == m || strings.HasPrefix(p, m+"/") {
			return true
		}
	}
	return false
}

func listed(r reasons) string {
	if len(r) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(r)), ", ")
}
