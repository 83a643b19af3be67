package readme

import (
	"strings"
)

// Block is one fenced code block of a Markdown file.
type Block struct {
	Line    int      // of the opening fence, from 1
	Lang    string   // first word of the info string
	File    string   // from file=
	Region  string   // from region=
	Section string   // the nearest heading above
	Text    []string // lines between the fences, the fence's own indent removed
}

// document is a Markdown file taken apart: its fenced blocks, its headings, and its
// prose with the blocks blanked out, so that line numbers stay true.
type document struct {
	blocks   []Block
	headings []string
	prose    []string
}

// parse reads the few parts of CommonMark that the checks need: fences of backticks
// or tildes, and headings that start with "#". A fence left open runs to the end.
func parse(markdown string) document {
	var d document
	var open *Block
	var fence, section string
	indent := 0
	for i, line := range strings.Split(strings.ReplaceAll(markdown, "\r\n", "\n"), "\n") {
		trimmed := strings.TrimLeft(line, " ")
		if open != nil {
			d.prose = append(d.prose, "")
			if closes(trimmed, fence) {
				d.blocks = append(d.blocks, *open)
				open = nil
				continue
			}
			open.Text = append(open.Text, unindent(line, indent))
			continue
		}
		if f, info := opens(trimmed); f != "" {
			fence, indent = f, len(line)-len(trimmed)
			open = newBlock(i+1, info, section)
			d.prose = append(d.prose, "")
			continue
		}
		if title, ok := heading(line); ok {
			section = title
			d.headings = append(d.headings, title)
		}
		d.prose = append(d.prose, line)
	}
	if open != nil {
		d.blocks = append(d.blocks, *open)
	}
	return d
}

func newBlock(line int, info, section string) *Block {
	b := &Block{Line: line, Section: section}
	for i, word := range strings.Fields(info) {
		if i == 0 {
			b.Lang = word
		} else if v, ok := strings.CutPrefix(word, "file="); ok {
			b.File = v
		} else if v, ok := strings.CutPrefix(word, "region="); ok {
			b.Region = v
		}
	}
	return b
}

// opens returns the fence that line opens, or "". An info string after backticks
// has no backtick, or it would be inline code.
func opens(line string) (fence, info string) {
	for _, c := range []string{"`", "~"} {
		rest := strings.TrimLeft(line, c)
		n := len(line) - len(rest)
		if n >= 3 && (c == "~" || !strings.Contains(rest, "`")) {
			return line[:n], strings.TrimSpace(rest)
		}
	}
	return "", ""
}

func closes(line, fence string) bool {
	line = strings.TrimRight(line, " \t")
	return len(line) >= len(fence) && strings.Trim(line, fence[:1]) == ""
}

func heading(line string) (string, bool) {
	title := strings.TrimLeft(line, "#")
	n := len(line) - len(title)
	if n < 1 || n > 6 || title != "" && title[0] != ' ' {
		return "", false
	}
	return strings.TrimSpace(strings.TrimRight(strings.TrimSpace(title), "#")), true
}

// unindent removes up to n leading spaces.
func unindent(line string, n int) string {
	for n > 0 && strings.HasPrefix(line, " ") {
		line, n = line[1:], n-1
	}
	return line
}
