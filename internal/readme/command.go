package readme

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Commands checks that each shell command shown in the section of the Markdown file
// name is run by script, a shell script in the same file system. The script may add
// flags of its own, such as one that makes a server check itself and stop. Fetching
// the repository and changing folder are not asked for: who runs the script has
// done so. A section without commands is a problem.
func Commands(fsys fs.FS, name, section, script string) []string {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return []string{err.Error()}
	}
	src, err := fs.ReadFile(fsys, script)
	if err != nil {
		return []string{err.Error()}
	}
	run := commands(strings.Split(string(src), "\n"))
	var out []string
	shown := 0
	for _, b := range parse(string(text)).blocks {
		if b.Section != section || !slices.Contains([]string{"sh", "bash", "shell", "console"}, b.Lang) {
			continue
		}
		for _, c := range commands(b.Text) {
			shown++
			if strings.HasPrefix(c, "cd ") || strings.HasPrefix(c, "git clone ") {
				continue
			}
			if !slices.ContainsFunc(run, func(r string) bool { return runs(r, c) }) {
				out = append(out, fmt.Sprintf("%s:%d: %q is not run by %s", name, b.Line, c, script))
			}
		}
	}
	if shown == 0 {
		out = append(out, fmt.Sprintf("%s: no command under the heading %q", name, section))
	}
	return out
}

// commands splits shell lines into simple commands: continued lines are joined,
// prompts and comments dropped, && and ; taken as ends. It knows no quoting, which
// is enough for what a README shows.
func commands(lines []string) []string {
	var out []string
	joined := ""
	for _, line := range lines {
		joined += strings.TrimSpace(line)
		if rest, ok := strings.CutSuffix(joined, `\`); ok {
			joined = strings.TrimSpace(rest) + " "
			continue
		}
		for part := range strings.SplitSeq(strings.ReplaceAll(joined, "&&", ";"), ";") {
			part = strings.TrimPrefix(strings.TrimSpace(part), "$ ")
			part, _, _ = strings.Cut(part, " #")
			if part = strings.Join(strings.Fields(part), " "); part != "" && !strings.HasPrefix(part, "#") {
				out = append(out, part)
			}
		}
		joined = ""
	}
	return out
}

// runs reports whether the command run is the one shown: the same words in the same
// order, with flags of its own in between or behind.
func runs(run, shown string) bool {
	want := strings.Fields(shown)
	for _, word := range strings.Fields(run) {
		switch {
		case len(want) > 0 && word == want[0]:
			want = want[1:]
		case !strings.HasPrefix(word, "-"):
			return false
		}
	}
	return len(want) == 0
}
