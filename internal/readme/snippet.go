package readme

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Options changes what [Snippets] asks of one file. Nil and the zero value ask the least.
type Options struct {
	// MustMark wants file= on every Go block, so that no snippet goes uncompiled.
	MustMark bool
}

// Snippets compares each marked Go block of the Markdown file name with the region
// it names, indentation normalised, and returns what differs. A file that can't be
// read is a problem too. opts may be nil.
func Snippets(fsys fs.FS, name string, opts *Options) []string {
	if opts == nil {
		opts = &Options{}
	}
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, b := range parse(string(text)).blocks {
		at := fmt.Sprintf("%s:%d", name, b.Line)
		switch {
		case b.File == "" && b.Region != "":
			out = append(out, at+": region= without file=")
		case b.File == "" && b.Lang == "go" && opts.MustMark:
			out = append(out, at+": a Go block without file=: take it from a compiled file")
		case b.File == "":
		case !strings.HasSuffix(b.File, ".go"):
			out = append(out, fmt.Sprintf("%s: %s is no Go file", at, b.File))
		default:
			if problem := compare(fsys, b); problem != "" {
				out = append(out, at+": "+problem)
			}
		}
	}
	return out
}

func compare(fsys fs.FS, b Block) string {
	src, err := fs.ReadFile(fsys, path.Clean(b.File))
	if err != nil {
		return err.Error()
	}
	want, err := region(string(src), b.Region)
	if err != nil {
		return fmt.Sprintf("%s: %v", b.File, err)
	}
	got := normal(b.Text)
	want = normal(want)
	for i := range max(len(got), len(want)) {
		g, w := lineAt(got, i), lineAt(want, i)
		if g != w {
			return fmt.Sprintf("line %d of the block differs from %s: it says %q, the file %q", i+1, b.origin(), g, w)
		}
	}
	return ""
}

func (b Block) origin() string {
	if b.Region == "" {
		return b.File
	}
	return b.File + " region " + b.Region
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(end)"
}

// region returns the lines of the region, without any marker line; all of the file
// when name is "".
func region(src, name string) ([]string, error) {
	var out, stack []string
	found := name == ""
	for line := range strings.Lines(src) {
		words := strings.Fields(line)
		switch {
		case len(words) == 3 && words[0] == "//" && words[1] == "region":
			if words[2] == name && found {
				return nil, fmt.Errorf("region %s is there twice", name)
			}
			found = found || words[2] == name
			stack = append(stack, words[2])
		case len(words) >= 2 && words[0] == "//" && words[1] == "endregion":
			if len(stack) == 0 {
				return nil, errors.New("endregion without a region")
			}
			stack = stack[:len(stack)-1]
		case name == "" || slices.Contains(stack, name):
			out = append(out, strings.TrimRight(line, "\r\n"))
		}
	}
	if len(stack) > 0 {
		return nil, fmt.Errorf("region %s has no endregion", stack[len(stack)-1])
	}
	if !found {
		return nil, fmt.Errorf("no region %s", name)
	}
	return out, nil
}

// normal drops blank lines at both ends, white space at line ends and the indent
// that all lines share, and writes the rest of the indent in tabs: Markdown often
// shows a tab as four spaces.
func normal(lines []string) []string {
	var out []string
	least := -1
	for _, line := range lines {
		line = tabs(strings.TrimRight(line, " \t\r"))
		out = append(out, line)
		if n := len(line) - len(strings.TrimLeft(line, "\t")); line != "" && (least < 0 || n < least) {
			least = n
		}
	}
	for i, line := range out {
		if line != "" {
			out[i] = line[least:]
		}
	}
	for len(out) > 0 && out[0] == "" {
		out = out[1:]
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

func tabs(line string) string {
	rest := strings.TrimLeft(line, " \t")
	return strings.ReplaceAll(line[:len(line)-len(rest)], "    ", "\t") + rest
}
