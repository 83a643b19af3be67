package readme

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

var (
	inlineLink    = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+["'(][^)]*)?\)`)
	referenceLink = regexp.MustCompile(`^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?`)
	htmlLink      = regexp.MustCompile(`\b(?:href|src)="([^"]+)"`)
	inlineCode    = regexp.MustCompile("`[^`]*`")
)

// Links checks that each relative link of the Markdown file name leads to a file or
// folder of fsys and, where it names a fragment of a Markdown file, to one of its
// headings. Links with a scheme or a host are left alone.
func Links(fsys fs.FS, name string) []string {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for i, line := range parse(string(text)).prose {
		for _, target := range targets(line) {
			if problem := follow(fsys, name, target); problem != "" {
				out = append(out, fmt.Sprintf("%s:%d: link %s %s", name, i+1, target, problem))
			}
		}
	}
	return out
}

func targets(line string) []string {
	var out []string
	line = inlineCode.ReplaceAllString(line, "")
	for _, re := range []*regexp.Regexp{inlineLink, referenceLink, htmlLink} {
		for _, m := range re.FindAllStringSubmatch(line, -1) {
			out = append(out, m[1])
		}
	}
	return out
}

// follow says what is wrong with a link, or "".
func follow(fsys fs.FS, name, target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return "can't be read"
	}
	if u.Scheme != "" || u.Host != "" {
		return ""
	}
	if path.IsAbs(u.Path) {
		return "is absolute: it works on no copy of the repository"
	}
	file := name
	if u.Path != "" {
		file = path.Join(path.Dir(name), u.Path)
	}
	if !fs.ValidPath(file) {
		return "leaves the repository"
	}
	if _, err := fs.Stat(fsys, file); err != nil {
		return "leads to nothing"
	}
	if u.Fragment == "" || !strings.HasSuffix(file, ".md") {
		return ""
	}
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return "can't be followed"
	}
	if !slices.Contains(anchors(parse(string(text)).headings), u.Fragment) {
		return "names no heading of " + file
	}
	return ""
}

// anchors are the fragments that code hosts give to headings: lower case, blanks as
// hyphens, other punctuation dropped, a number added to the second of a name.
func anchors(headings []string) []string {
	var out []string
	seen := map[string]int{}
	for _, h := range headings {
		a := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
				return unicode.ToLower(r)
			}
			return -1
		}, h)
		n := seen[a]
		seen[a]++
		if n > 0 {
			a = fmt.Sprintf("%s-%d", a, n)
		}
		out = append(out, a)
	}
	return out
}
