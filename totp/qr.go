package totp

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"

	"github.com/boombuler/barcode/qr"
)

const (
	// quiet is the margin that a reader needs around a code, in modules (ISO/IEC 18004).
	quiet = 4
	// longestLink is what a QR code holds at the level of correction M, in bytes: version
	// 40, 177 modules wide (ISO/IEC 18004, table 7).
	longestLink = 2331
	// maxPixels bounds the work of a picture; SVG has no size.
	maxPixels = 16
)

// QR is the picture of a [Setup], its margin included: 57 modules wide for short names,
// 185 for the longest that there can be. It holds the secret. PNG, SVG and Terminal show
// the same modules; the zero QR has none.
type QR struct {
	redacted
	held func() matrix
}

// matrix has its quiet zone; true is dark.
type matrix struct {
	size  int
	cells []bool
}

func (m matrix) dark(x, y int) bool {
	return x >= 0 && y >= 0 && x < m.size && y < m.size && m.cells[y*m.size+x]
}

// newQR draws a link that Setup has found to fit.
func newQR(uri string) QR {
	if uri == "" {
		return QR{}
	}
	code, err := qr.Encode(uri, qr.M, qr.Unicode)
	if err != nil {
		return QR{} // unreachable unless longestLink is wrong, which a test draws
	}
	n := code.Bounds().Dx()
	m := matrix{size: n + 2*quiet, cells: make([]bool, (n+2*quiet)*(n+2*quiet))}
	for y := range n {
		for x := range n {
			if color.GrayModel.Convert(code.At(x, y)).(color.Gray).Y < 128 {
				m.cells[(y+quiet)*m.size+x+quiet] = true
			}
		}
	}
	return QR{held: func() matrix { return m }}
}

func (q QR) matrix() matrix {
	if q.held == nil {
		return matrix{}
	}
	return q.held()
}

// PNG writes the picture, each module of so many pixels, 1 to 16. With 4 a code of short
// names is 228 pixels wide and below a kilobyte; cameras need 3 or more.
func (q QR) PNG(w io.Writer, pixels int) error {
	m := q.matrix()
	if pixels < 1 || pixels > maxPixels || m.size == 0 {
		return fmt.Errorf("totp: QR: %d modules of %d pixels: want 1 to %d pixels", m.size, pixels, maxPixels)
	}
	if err := png.Encode(w, bitmap{m, pixels}); err != nil {
		return fmt.Errorf("totp: QR: %w", err)
	}
	return nil
}

// bitmap is a matrix as an image of two colours, one bit each. It has no pixels of its
// own, so that a large picture takes no more memory than a small one.
type bitmap struct {
	m      matrix
	pixels int
}

func (b bitmap) ColorModel() color.Model { return color.Palette{color.White, color.Black} }

func (b bitmap) Bounds() image.Rectangle {
	return image.Rect(0, 0, b.m.size*b.pixels, b.m.size*b.pixels)
}

func (b bitmap) At(x, y int) color.Color {
	if b.ColorIndexAt(x, y) == 1 {
		return color.Black
	}
	return color.White
}

func (b bitmap) ColorIndexAt(x, y int) uint8 {
	if b.m.dark(x/b.pixels, y/b.pixels) {
		return 1
	}
	return 0
}

// SVG is the picture as an element to stand in a page: one path, no style, no script, as
// large as the page has room for.
func (q QR) SVG() string {
	m := q.matrix()
	if m.size == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" role="img" aria-label="QR code">`, m.size, m.size)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="`, m.size, m.size)
	for y := range m.size {
		for x := 0; x < m.size; x++ {
			run := 0
			for m.dark(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x, y, run, run)
				x += run
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String()
}

// Terminal is the picture in half blocks, two modules to a character, dark on light: for
// a terminal of either colours, because each line sets its own. It is as many columns wide
// as there are modules; 80 columns hold every link of up to 331 bytes.
func (q QR) Terminal() string {
	m := q.matrix()
	var b strings.Builder
	for y := 0; y < m.size; y += 2 {
		b.WriteString("\x1b[30;107m")
		for x := range m.size {
			switch top, bottom := m.dark(x, y), m.dark(x, y+1); {
			case top && bottom:
				b.WriteRune('█')
			case top:
				b.WriteRune('▀')
			case bottom:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.String()
}
