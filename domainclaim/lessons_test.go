package domainclaim_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
)

// lesson is what went wrong somewhere once, or would, and where it is shown that it does
// not here: a directory of the repository, a colon, and a test in it, or a case of a test or
// a suite by its name.
type lesson struct {
	number int // the one at the end of a test's name
	says   string
	shown  []string
}

func lessons() []lesson {
	return []lesson{
		{1, "ten days of SERVFAIL: still verified, no grace started, and a page says so", []string{"domainclaim:TestUnknownForTenDays1to3", "domainclaim:TestFaults"}},
		{2, "ten days of time-outs: the same", []string{"domainclaim:TestUnknownForTenDays1to3", "domainclaim:TestFaults"}},
		{3, "ten days of REFUSED: the same", []string{"domainclaim:TestUnknownForTenDays1to3", "domainclaim:TestFaults"}},
		{4, "a search list in resolv.conf makes no absence out of a failure", []string{"domainclaim:TestSearchList4"}},
		{5, "a second short of a week gone it is verified, a second later it is not, and that is said once", []string{"domainclaim:TestGraceToTheSecond5"}},
		{6, "back on the sixth day: no count is left, and the token is the same", []string{"domainclaim:TestRecordBack6"}},
		{7, "absences and failures in turn: a failure neither adds to the absence nor ends it", []string{"domainclaim:TestAlternating7", "domainclaim:TestLives"}},
		{8, "nobody looked for a month: the grace begins with the first look, not before", []string{"domainclaim:TestNotBackDated8"}},
		{9, "one resolver of three still sees the record: it is not gone", []string{"domainclaim:TestQuorum9"}},
		{10, "many organisations prove one domain at once: one gets it", []string{"store/storetest:OneOfManyOrgsVerifies"}},
		{11, "the token of another claim proves nothing, and the hint says whose it is", []string{"domainclaim:TestCheck/another claim's token (11)", "domainclaim:TestCheck/another claim's token under the label (11)", "domainclaim:TestStaleObservation"}},
		{12, "given up and claimed again: another token, and the old record proves nothing", []string{"domainclaim:TestRenewedToken12"}},
		{13, "a token in two strings of one record is one token", []string{"domainclaim:TestSplitStrings13"}},
		{14, "the token among forty records, which come over TCP", []string{"domainclaim:TestManyRecords14"}},
		{15, "an answer that is cut short over TCP too says nothing", []string{"domainclaim:TestTruncatedTwice15"}},
		{16, "records of another name than was asked for are not taken", []string{"domainclaim:TestOtherOwner16"}},
		{17, "eight aliases are followed, and a loop of them says nothing", []string{"domainclaim:TestAliases17"}},
		{18, "blanks and quotes around the value are forgiven, and for more the hint says what to mend", []string{"domainclaim:TestCheck/padded (18)", "domainclaim:TestCheck/quoted (18)", "domainclaim:TestCheck/host=value (18)"}},
		{19, "a panel that appends the domain once more: the hint says so", []string{"domainclaim:TestAppended19"}},
		{20, "the bare token at the domain itself: the hint says what is missing", []string{"domainclaim:TestCheck/token alone at the apex (20)"}},
		{21, "the spellings of one domain are one claim", []string{"domainclaim:TestNameOneKey21", "domainclaim:TestAddressOneKey21"}},
		{22, "what is no domain, or one for everybody, is refused with the code that says why", []string{"domainclaim:TestNameRefused22"}},
		{23, "mail providers for everybody are refused, and the host has the last word", []string{"domainclaim:TestNameFreeMail23"}},
		{24, "no domain is taken out of a quoted local part", []string{"domainclaim:TestAddressQuotedLocal24"}},
		{25, "letters that look alike are the familiar domain only where IDNA says so", []string{"domainclaim:TestAddressLookAlike25"}},
		{26, "what is no bare address is refused at the door", []string{"domainclaim:TestAddressRefused26", "domainclaim:TestAddressCharacters26"}},
		{27, "a tag and letters beyond ASCII match the domain, and stay as they are", []string{"domainclaim:TestAddressLocalUntouched27"}},
		{28, "a claim covers what is below its name on request alone, and the most specific one wins", []string{"domainclaim:TestCovers28"}},
		{29, "a name goes from one organisation to another: at no moment do both hold it, or neither", []string{"store/storetest:NameChangesHandsWithoutAGap"}},
		{30, "an instance dies over its work: another does it after the lease, once", []string{"store/storetest:ManyWorkersNoDoubleLease", "store/storetest:LeaseEnds"}},
	}
}

// TestLessons: every lesson has its tests, under the names that the table gives.
func TestLessons(t *testing.T) {
	t.Parallel()
	dirs := map[string]*cases{}
	number := 0
	for _, l := range lessons() {
		if l.number <= number || l.says == "" || len(l.shown) == 0 {
			t.Errorf("lesson %d: want the lessons in order, each with its words and its tests", l.number)
		}
		number = l.number
		for _, shown := range l.shown {
			dir, name, _ := strings.Cut(shown, ":")
			if dirs[dir] == nil {
				dirs[dir] = readCases(t, dir)
			}
			if !dirs[dir].has(name) {
				t.Errorf("lesson %d: there is no %s", l.number, shown)
			}
		}
	}
	if c := dirs["domainclaim"]; c.has("TestNone") || c.has("TestCheck/none") || c.has("TestNone/padded (18)") || c.has("padded (18)") || c.has("seen") {
		t.Error("what is not there is found")
	}
}

// cases are what a directory tests: functions by their names with the words in them, and
// the words of what a suite calls its cases.
type cases struct {
	tests map[string]map[string]bool
	suite map[string]bool
}

func (c *cases) has(name string) bool {
	test, sub, isSub := strings.Cut(name, "/")
	if !strings.HasPrefix(test, "Test") {
		return c.suite[name]
	}
	return c.tests[test] != nil && (!isSub || c.tests[test][sub])
}

func readCases(t *testing.T, dir string) *cases {
	t.Helper()
	entries, err := os.ReadDir(path.Join("..", dir))
	if err != nil {
		t.Fatal(err)
	}
	out := &cases{tests: map[string]map[string]bool{}, suite: map[string]bool{}}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path.Join("..", dir, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if strings.HasSuffix(e.Name(), "_test.go") {
				if fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
					out.tests[fn.Name.Name] = words(fn)
				}
				continue
			}
			for _, name := range called(fn) {
				out.suite[name] = true
			}
		}
	}
	return out
}

// words are the strings in fn.
func words(fn ast.Node) map[string]bool {
	out := map[string]bool{}
	ast.Inspect(fn, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				out[s] = true
			}
		}
		return true
	})
	return out
}

// called are the names that fn gives to what it runs, by run("name", …) or Run("name", …),
// and in a table of functions.
func called(fn *ast.FuncDecl) (out []string) {
	name := func(x ast.Expr) {
		if lit, ok := x.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				out = append(out, s)
			}
		}
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && strings.EqualFold(sel.Sel.Name, "run") && len(n.Args) > 1 {
				name(n.Args[0])
			}
		case *ast.KeyValueExpr:
			switch n.Value.(type) {
			case *ast.Ident, *ast.FuncLit:
				name(n.Key)
			}
		}
		return true
	})
	return out
}
