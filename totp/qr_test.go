package totp_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/boombuler/barcode/qr"
	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/totp"
)

// grid is a picture read back, a line for each row of modules: '#' is dark.
type grid []string

// margin is what the standard wants around a code, in modules.
const margin = 4

// pictured is a Setup of names, with a secret that is the same in every run.
func pictured(issuer, account string) (totp.Setup, error) {
	e, _, err := totp.New(time.Unix(1_700_000_000, 0), nil)
	if err != nil {
		return totp.Setup{}, err
	}
	seed := sha256.Sum256([]byte(issuer + "\x00" + account))
	s, err := totp.SecretFrom(seed[:20])
	if err != nil {
		return totp.Setup{}, err
	}
	return e.Setup(issuer, account, s)
}

func mustPicture(t testing.TB, issuer, account string) totp.Setup {
	t.Helper()
	setup, err := pictured(issuer, account)
	if err != nil {
		t.Fatal(err)
	}
	return setup
}

// gridOfPNG reads a picture of two colours, each of whose modules is a square of pixels.
func gridOfPNG(data []byte, pixels int) (grid, error) {
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	img, ok := decoded.(*image.Paletted)
	if !ok || len(img.Palette) != 2 {
		return nil, fmt.Errorf("%T with the colours %v", decoded, decoded.ColorModel())
	}
	size := img.Rect.Dx() / pixels
	if want := image.Rect(0, 0, size*pixels, size*pixels); img.Rect != want {
		return nil, fmt.Errorf("bounds %v, want %v", img.Rect, want)
	}
	var marks []byte // of the two colours
	for _, c := range img.Palette {
		switch color.RGBAModel.Convert(c) {
		case color.RGBA{A: 255}:
			marks = append(marks, '#')
		case color.RGBA{R: 255, G: 255, B: 255, A: 255}:
			marks = append(marks, '.')
		default:
			return nil, fmt.Errorf("the colour %v", c)
		}
	}
	var g grid
	for y := range size * pixels {
		line := img.Pix[y*img.Stride:][:size*pixels]
		row := make([]byte, size)
		for x := range row {
			one := line[x*pixels:][:pixels]
			if bytes.Count(one, one[:1]) != pixels {
				return nil, fmt.Errorf("module %d of line %d has both colours", x, y)
			}
			row[x] = marks[one[0]]
		}
		if y%pixels == 0 {
			g = append(g, string(row))
		} else if g[y/pixels] != string(row) {
			return nil, fmt.Errorf("line %d is not the one above it", y)
		}
	}
	return g, nil
}

// gridOfSVG reads an element that is a light square and one dark path of rectangles, and
// refuses whatever else an SVG can have: style, script, links, text.
func gridOfSVG(text string) (grid, error) {
	var elements []string
	attrs := map[string]string{} // by element and name
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = true
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Space != "http://www.w3.org/2000/svg" {
				return nil, fmt.Errorf("element %v", token.Name)
			}
			elements = append(elements, token.Name.Local)
			for _, a := range token.Attr {
				name := strings.Trim(a.Name.Space+":"+a.Name.Local, ":")
				attrs[token.Name.Local+" "+name] = a.Value
			}
		case xml.EndElement:
		default:
			return nil, fmt.Errorf("%T in the picture", token)
		}
	}
	size, path := attrs["rect width"], attrs["path d"]
	if diff := cmp.Diff([]string{"svg", "rect", "path"}, elements); diff != "" {
		return nil, errors.New(diff)
	}
	if diff := cmp.Diff(map[string]string{
		"svg xmlns": "http://www.w3.org/2000/svg", "svg viewBox": "0 0 " + size + " " + size,
		"svg shape-rendering": "crispEdges", "svg role": "img", "svg aria-label": "QR code",
		"rect width": size, "rect height": size, "rect fill": "#fff", "path fill": "#000", "path d": path,
	}, attrs); diff != "" {
		return nil, errors.New(diff)
	}
	return painted(size, path)
}

var (
	rectangles = regexp.MustCompile(`^(M\d+ \d+h\d+v1h-\d+z)*$`)
	rectangle  = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)
)

// painted is the path on a square of so many modules.
func painted(size, path string) (grid, error) {
	n, err := strconv.Atoi(size)
	if err != nil || n < 1 || n > 1000 || !rectangles.MatchString(path) {
		return nil, fmt.Errorf("a path on %q: %.60q", size, path)
	}
	cells := slices.Repeat([][]byte{nil}, n)
	for y := range cells {
		cells[y] = bytes.Repeat([]byte{'.'}, n)
	}
	for _, r := range rectangle.FindAllStringSubmatch(path, -1) {
		x, _ := strconv.Atoi(r[1])
		y, _ := strconv.Atoi(r[2])
		wide, _ := strconv.Atoi(r[3])
		if r[3] != r[4] || wide < 1 || x+wide > n || y >= n {
			return nil, fmt.Errorf("%q on %d modules", r[0], n)
		}
		for i := range wide {
			if cells[y][x+i] == '#' {
				return nil, fmt.Errorf("%q paints twice", r[0])
			}
			cells[y][x+i] = '#'
		}
	}
	var g grid
	for _, row := range cells {
		g = append(g, string(row))
	}
	return g, nil
}

// gridOfTerminal reads lines of half blocks that set their colours and take them back.
func gridOfTerminal(text string) (grid, error) {
	halves := map[rune][2]byte{' ': {'.', '.'}, '█': {'#', '#'}, '▀': {'#', '.'}, '▄': {'.', '#'}}
	var g grid
	for line := range strings.Lines(text) {
		body, before := strings.CutPrefix(line, "\x1b[30;107m")
		body, behind := strings.CutSuffix(body, "\x1b[0m\n")
		var top, bottom strings.Builder
		for _, c := range body {
			half, ok := halves[c]
			if !ok || !before || !behind {
				return nil, fmt.Errorf("the line %q", line)
			}
			top.WriteByte(half[0])
			bottom.WriteByte(half[1])
		}
		g = append(g, top.String(), bottom.String())
	}
	// Half of the last line is beyond the picture, and light.
	if n := len(g); n == 0 || strings.Contains(g[n-1], "#") || len(g[0]) != n-1 {
		return nil, fmt.Errorf("%d lines of modules", n)
	}
	return g[:len(g)-1], nil
}

// grids reads all three pictures back.
func grids(q totp.QR, pixels int) (fromPNG, fromSVG, fromTerminal grid, err error) {
	var file bytes.Buffer
	if err := q.PNG(&file, pixels); err != nil {
		return nil, nil, nil, err
	}
	if fromPNG, err = gridOfPNG(file.Bytes(), pixels); err != nil {
		return nil, nil, nil, fmt.Errorf("PNG: %w", err)
	}
	if fromSVG, err = gridOfSVG(q.SVG()); err != nil {
		return nil, nil, nil, fmt.Errorf("SVG: %w", err)
	}
	if fromTerminal, err = gridOfTerminal(q.Terminal()); err != nil {
		return nil, nil, nil, fmt.Errorf("terminal: %w", err)
	}
	return fromPNG, fromSVG, fromTerminal, nil
}

// wantGrid is what the encoder makes of text, with the margin around it.
func wantGrid(t testing.TB, text string) grid {
	t.Helper()
	code, err := qr.Encode(text, qr.M, qr.Unicode)
	if err != nil {
		t.Fatal(err)
	}
	n, side := code.Bounds().Dx(), strings.Repeat(".", margin)
	edge := slices.Repeat([]string{strings.Repeat(".", n+2*margin)}, margin)
	g := slices.Clone(edge)
	for y := range n {
		row := []byte(side)
		for x := range n {
			if code.At(x, y) == color.Black {
				row = append(row, '#')
			} else {
				row = append(row, '.')
			}
		}
		g = append(g, string(row)+side)
	}
	return append(g, edge...)
}

// checkPictures holds all three pictures of a setup to what they have to be.
func checkPictures(t testing.TB, setup totp.Setup, pixels int) {
	t.Helper()
	fromPNG, fromSVG, fromTerminal, err := grids(setup.QR(), pixels)
	if err != nil {
		t.Fatal(err)
	}
	want := wantGrid(t, setup.URI())
	for name, got := range map[string]grid{"PNG": fromPNG, "SVG": fromSVG, "terminal": fromTerminal} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s is not the code of the link with four modules around it:\n%s", name, diff)
		}
	}
	// The corners that a reader looks for stand right behind the margin, and nothing in it.
	finder, last := "#######", len(want)-1
	for i := range margin {
		if strings.Contains(want[i]+want[last-i], "#") {
			t.Errorf("row %d is not quiet", i)
		}
	}
	if top, bottom := want[margin], want[last-margin]; !strings.HasPrefix(top, "...."+finder+".") ||
		!strings.HasSuffix(top, "."+finder+"....") || !strings.HasPrefix(bottom, "...."+finder+".") {
		t.Errorf("corners:\n%s\n%s", top, bottom)
	}
}

func TestPicturesAreOneCode(t *testing.T) {
	t.Parallel()
	for i, n := range named() {
		if i%10 != 0 {
			continue // one of each issuer; zbarimg is shown them all
		}
		t.Run(n.issuer, func(t *testing.T) {
			t.Parallel()
			checkPictures(t, mustPicture(t, n.issuer, n.account), 1+i/10%16)
		})
	}
}

// The longest names fit, or the error says which one to shorten.
func TestLongestNames(t *testing.T) {
	t.Parallel()
	chinese, emoji := func(n int) string { return strings.Repeat("漢", n) }, strings.Repeat("🔐", 64)
	address := chinese(80) + "@example.com.x" // 254 bytes
	for _, tc := range []struct {
		name, issuer, account string
		link                  int    // bytes
		shorten               string // "": it fits
	}{
		{"short", "Acme", "ann@example.com", 123, ""},
		{"ASCII as it is", strings.Repeat("W", 64), strings.Repeat("w", 254), 480, ""},
		{"ASCII, all of it encoded", strings.Repeat("%", 64), strings.Repeat("&", 254), 1244, ""},
		{"Chinese, the longest address", chinese(64), address, 1986, ""},
		{"an issuer of emoji", emoji, "ann@example.com", 1651, ""},
		{"as much as there is room for", "Acme", chinese(247) + "ab", 2331, ""},
		{"one byte more", "Acme", chinese(247) + "abc", 2332, "account"},
		{"an account of Chinese", "Acme", chinese(254), 2392, "account"},
		{"an account of emoji", "Acme", strings.Repeat("🔐", 254), 3154, "account"},
		{"more of it the issuer", emoji, address, 2370, "issuer"},
		{"more of it the issuer, since it stands there twice", chinese(64), chinese(127), 2393, "issuer"},
		{"more of it the account", chinese(64), chinese(129), 2411, "account"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			setup, err := pictured(tc.issuer, tc.account)
			if tc.shorten != "" {
				want := fmt.Sprintf("totp: a QR code holds a link of 2331 bytes, and this one has %d: shorten the %s (percent-encoding makes three bytes of one)", tc.link, tc.shorten)
				if err == nil || err.Error() != want {
					t.Errorf("err = %v\nwant %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := len(setup.URI()); got != tc.link {
				t.Errorf("a link of %d bytes, want %d", got, tc.link)
			}
			checkPictures(t, setup, 2)
		})
	}
}

// The same for a secret of the caller's that is as long as there may be.
func TestLongestSecret(t *testing.T) {
	t.Parallel()
	e, _, err := totp.New(time.Unix(1_700_000_000, 0), &totp.Options{Algorithm: totp.SHA512, Digits: 8, Period: 2 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	s, err := totp.SecretFrom(bytes.Repeat([]byte{0xa5}, 128))
	if err != nil {
		t.Fatal(err)
	}
	setup, err := e.Setup(strings.Repeat("漢", 64), strings.Repeat("漢", 80)+"@example.com.x", s)
	if err != nil {
		t.Fatal(err)
	}
	checkPictures(t, setup, 1)
}

// A terminal of 80 columns holds the code of any link of up to 331 bytes, and none needs
// more than 185.
func TestTerminalColumns(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		account       string
		link, columns int
	}{
		{"ann@example.com", 123, 57},
		{strings.Repeat("a", 225), 331, 77},
		{strings.Repeat("a", 226), 332, 81},
		{strings.Repeat("漢", 247) + "ab", 2331, 185},
	} {
		setup := mustPicture(t, "Acme", tc.account)
		if len(setup.URI()) != tc.link {
			t.Errorf("a link of %d bytes, want %d", len(setup.URI()), tc.link)
		}
		lines := 0
		for line := range strings.Lines(setup.QR().Terminal()) {
			lines++
			body := strings.TrimSuffix(strings.TrimPrefix(line, "\x1b[30;107m"), "\x1b[0m\n")
			if got := utf8.RuneCountInString(body); got != tc.columns {
				t.Errorf("%d bytes: %d columns, want %d", tc.link, got, tc.columns)
			}
		}
		if want := (tc.columns + 1) / 2; lines != want {
			t.Errorf("%d bytes: %d lines, want %d", tc.link, lines, want)
		}
	}
}

func TestPNG(t *testing.T) {
	t.Parallel()
	short := mustPicture(t, "Acme", "ann@example.com").QR()
	longest := mustPicture(t, "Acme", strings.Repeat("漢", 247)+"ab").QR()
	for _, tc := range []struct {
		name          string
		q             totp.QR
		pixels, width int // width 0: refused
		most          int // bytes of the file
	}{
		{"smallest", short, 1, 57, 600},
		{"on a page", short, 4, 228, 1000},
		{"largest", short, 16, 912, 1500},
		{"longest", longest, 4, 740, 7000},
		{"longest and largest", longest, 16, 2960, 14000},
		{"none", short, 0, 0, 0},
		{"less than none", short, -4, 0, 0},
		{"too many", short, 17, 0, 0},
		{"the most there are", short, math.MaxInt, 0, 0},
		{"the least there are", short, math.MinInt, 0, 0},
		{"of nothing", totp.QR{}, 4, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var file bytes.Buffer
			err := tc.q.PNG(&file, tc.pixels)
			if tc.width == 0 {
				if err == nil || file.Len() > 0 {
					t.Errorf("%d bytes, err = %v", file.Len(), err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if file.Len() > tc.most {
				t.Errorf("%d bytes, want at most %d", file.Len(), tc.most)
			}
			// In the header stand width and height, the bits of a pixel, and that it has a palette.
			want := binary.BigEndian.AppendUint32(nil, uint32(tc.width))
			want = append(binary.BigEndian.AppendUint32(want, uint32(tc.width)), 1, 3)
			if got := file.Bytes()[16:26]; !bytes.Equal(got, want) {
				t.Errorf("header % x, want % x", got, want)
			}
		})
	}
}

// A disk that is full is not a picture.
func TestPNGThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	r.CloseWithError(io.ErrShortWrite)
	if err := mustPicture(t, "Acme", "ann@example.com").QR().PNG(w, 4); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("err = %v", err)
	}
}

func TestPicturesOfNothing(t *testing.T) {
	t.Parallel()
	for name, q := range map[string]totp.QR{"QR": {}, "Setup": totp.Setup{}.QR()} {
		if svg, text := q.SVG(), q.Terminal(); svg != "" || text != "" {
			t.Errorf("the zero %s: %q, %q", name, svg, text)
		}
	}
}

// An enrolment that nobody made, and names that leave no ink, have no picture.
func TestSetupOfNothing(t *testing.T) {
	t.Parallel()
	live, s, err := totp.New(time.Unix(1_700_000_000, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name            string
		e               totp.Enrollment
		issuer, account string
		want            string
	}{
		{"no enrolment", totp.Enrollment{}, "Acme", "ann", "totp: no enrolment"},
		{"spaces", live, " \t\u00a0", "ann", "totp: the issuer is empty"},
		{"a space of no width", live, "\u200b", "ann", "totp: the issuer is empty"},
		{"joiners", live, "Acme", "\u200d\ufeff\u00ad", "totp: the account is empty"},
	} {
		if setup, err := tc.e.Setup(tc.issuer, tc.account, s); err == nil || err.Error() != tc.want || setup.URI() != "" {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
	}
}

func FuzzQR(f *testing.F) {
	for i, n := range named() {
		if i%13 == 0 {
			f.Add(n.issuer, n.account, i%18)
		}
	}
	f.Add("Acme", strings.Repeat("漢", 254), 1)
	f.Add(strings.Repeat("🔐", 64), strings.Repeat("%", 254), 16)
	f.Fuzz(func(t *testing.T, issuer, account string, pixels int) {
		setup, err := pictured(issuer, account)
		if err != nil {
			if setup.URI() != "" || setup.QR().SVG() != "" || len(err.Error()) > 200 {
				t.Errorf("refused with %q and a picture", err)
			}
			return
		}
		if pixels < 1 || pixels > 16 {
			if err := setup.QR().PNG(io.Discard, pixels); err == nil {
				t.Errorf("%d pixels", pixels)
			}
			pixels = 1
		}
		checkPictures(t, setup, pixels)
	})
}

type names struct{ issuer, account string }

// named are two hundred issuers with accounts, in the scripts and with the marks that
// links have been broken by.
func named() []names {
	issuers := []string{
		"Acme", "AT&T", "A+B Co", "100% GmbH", "A/B", "Smith & Söhne", "漢字株式会社", "한국전자", "شركة المثال", "דוגמה",
		"उदाहरण", "ตัวอย่าง", "Пример", "🔐 Vault 🏳️‍🌈", "Cafe\u0301", "a=b?c#d", "%41%2B", "\"Quoted\" <b>", "\\back\\slash;", strings.Repeat("長", 64),
	}
	accounts := []string{
		"ann@example.com", "ann+totp@example.com", "o'brien&sons@example.com", "50%off/all@example.com", "安@例え.jp",
		"علي@مثال.إختبار", "👩🏽‍💻@example.com", "e\u0301\u0327ve@example.com", "first last", strings.Repeat("a", 242) + "@example.com",
	}
	var out []names
	for _, issuer := range issuers {
		for _, account := range accounts {
			out = append(out, names{issuer, account})
		}
	}
	return out
}

// zbar reads an image as a phone would, knowing nothing of how it was made.
func zbar(t *testing.T, dir string, img []byte) (string, error) {
	t.Helper()
	file, err := os.CreateTemp(dir, "*.png")
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name())
	if _, err := file.Write(img); err != nil {
		return "", err
	}
	if err := file.Close(); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(t.Context(), "zbarimg", "--raw", "-q", "--nodbus", "-S*.enable=0", "-Sqrcode.enable=1", file.Name()).Output()
	return strings.TrimSuffix(string(out), "\n"), err
}

// drawn is a grid as an image: the one way from SVG and from half blocks to a program
// that reads images.
func (g grid) drawn(pixels int) ([]byte, error) {
	img := image.NewPaletted(image.Rect(0, 0, len(g)*pixels, len(g)*pixels), color.Palette{color.White, color.Black})
	for y := range len(g) * pixels {
		for x := range len(g) * pixels {
			if g[y/pixels][x/pixels] == '#' {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	var file bytes.Buffer
	err := png.Encode(&file, img)
	return file.Bytes(), err
}

// Another program reads the link from every picture.
func TestZBarReadsEveryPicture(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("zbarimg"); err != nil {
		if os.Getenv("ACCESSSEC_REQUIRE_ZBAR") != "" {
			t.Fatal("missing: zbarimg")
		}
		t.Skip("left out: no program but ours reads the QR codes, because zbarimg is missing; .ci/zbar.sh installs it and runs this test")
	}
	dir := t.TempDir()
	reads := func(what string, n names, img []byte, want string) {
		if got, err := zbar(t, dir, img); err != nil || got != want {
			t.Errorf("%s of %q, %q: zbarimg reads %q, %v; want %q", what, n.issuer, n.account, got, err, want)
		}
	}
	pictures, others := 0, 0
	for i, n := range append(named(), names{"Acme", strings.Repeat("漢", 247) + "ab"}) {
		setup, pixels := mustPicture(t, n.issuer, n.account), 3+i%3
		var file bytes.Buffer
		if err := setup.QR().PNG(&file, pixels); err != nil {
			t.Fatal(err)
		}
		reads("PNG", n, file.Bytes(), setup.URI())
		pictures++
		if i%9 != 0 {
			continue
		}
		_, fromSVG, fromTerminal, err := grids(setup.QR(), pixels)
		if err != nil {
			t.Fatal(err)
		}
		for what, g := range map[string]grid{"SVG": fromSVG, "terminal": fromTerminal} {
			img, err := g.drawn(4)
			if err != nil {
				t.Fatal(err)
			}
			reads(what, n, img, setup.URI())
			others++
		}
	}
	t.Logf("zbarimg reads the link from %d PNG files, and from %d pictures by SVG and half blocks", pictures, others)
}
