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

// quiet is the margin that a reader needs around a code, in modules (ISO/IEC 18004).
const quiet = 4

// QR is the picture of a [Setup]. It holds the secret.
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

func newQR(uri string) (QR, error) {
	code, err := qr.Encode(uri, qr.M, qr.Unicode)
	if err != nil {
		return QR{}, fmt.Errorf("totp: QR: %w", err)
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
	return QR{held: func() matrix { return m }}, nil
}

func (q QR) matrix() matrix {
	if q.held == nil {
		return matrix{}
	}
	return q.held()
}

// PNG writes the picture, each module of so many pixels, 1 to 64.
func (q QR) PNG(w io.Writer, pixels int) error {
	m := q.matrix()
	if pixels < 1 || pixels > 64 || m.size == 0 {
		return fmt.Errorf("totp: QR: %d modules of %d pixels", m.size, pixels)
	}
	img := image.NewPaletted(image.Rect(0, 0, m.size*pixels, m.size*pixels), color.Palette{color.White, color.Black})
	for y := range m.size * pixels {
		for x := range m.size * pixels {
			if m.dark(x/pixels, y/pixels) {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	if err := png.Encode(w, img); err != nil {
		return fmt.Errorf("totp: QR: %w", err)
	}
	return nil
}

// SVG is the picture as an element to stand in a page: one path, no style, no script.
func (q QR) SVG() string {
	m := q.matrix()
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
// a terminal of either colours, because each line sets its own.
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
