package spa

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"testing"
)

//go:generate go test -run ^TestTheIconsAreTheSign$ . -update

var update = flag.Bool("update", false, "write the icons")

// TestTheIconsAreTheSign: the PNG files, which platforms need for an installed app, show what
// icon.svg shows. The numbers below are those of icon.svg, on its grid of 32.
func TestTheIconsAreTheSign(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct {
		size int
		full bool // no transparent corners, and a smaller sign: a platform cuts its own shape out of it
	}{"icon-192.png": {192, false}, "icon-512.png": {512, false}, "icon-maskable.png": {512, true}} {
		want := draw(of.size, of.full)
		if *update {
			var out bytes.Buffer
			encoder := png.Encoder{CompressionLevel: png.BestCompression}
			if err := encoder.Encode(&out, want); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := png.Decode(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if !same(got, want) {
			t.Errorf("%s does not show the sign of icon.svg: run go generate ./bff/spa", name)
		}
	}
}

func same(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if color.NRGBAModel.Convert(a.At(x, y)) != color.NRGBAModel.Convert(b.At(x, y)) {
				return false
			}
		}
	}
	return true
}

var (
	ground = color.NRGBA{0x0f, 0x76, 0x6e, 255}
	arch   = color.NRGBA{0xff, 0xff, 0xff, 255}
	tick   = color.NRGBA{0x99, 0xf6, 0xe4, 255}
)

const fine = 4 // samples of a pixel in each direction

func draw(size int, full bool) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, size, size))
	for py := range size {
		for px := range size {
			var r, g, b, n float64
			for i := range fine * fine {
				x := (float64(px) + (float64(i%fine)+.5)/fine) * 32 / float64(size)
				y := (float64(py) + (float64(i/fine)+.5)/fine) * 32 / float64(size)
				if c, ok := at(x, y, full); ok {
					r, g, b, n = r+float64(c.R), g+float64(c.G), b+float64(c.B), n+1
				}
			}
			if n > 0 {
				out.SetNRGBA(px, py, color.NRGBA{uint8(r/n + .5), uint8(g/n + .5), uint8(b/n + .5), uint8(255*n/fine/fine + .5)})
			}
		}
	}
	return out
}

// at is the colour at a point of the grid, or false outside the rounded square.
func at(x, y float64, full bool) (color.NRGBA, bool) {
	const half, round, stroke = 16, 8, 2.5
	if full {
		const scale = .82
		x, y = half+(x-half)/scale, half+(y-half)/scale
	} else if math.Hypot(max(math.Abs(x-half)-(half-round), 0), max(math.Abs(y-half)-(half-round), 0)) > round {
		return color.NRGBA{}, false
	}
	switch {
	case math.Abs(x-half) > 9 || math.Abs(y-half) > 11: // far from the sign; this saves half of the time
	case min(line(x, y, 13, 19, 15.4, 21.4), line(x, y, 15.4, 21.4, 20, 16.8)) <= stroke/2:
		return tick, true
	case min(line(x, y, 9, 25, 9, 14), line(x, y, 23, 14, 23, 25), bow(x, y, 16, 14, 7)) <= stroke/2:
		return arch, true
	}
	return ground, true
}

// line is the distance from a point to a line with round ends.
func line(x, y, ax, ay, bx, by float64) float64 {
	dx, dy := bx-ax, by-ay
	along := min(max(((x-ax)*dx+(y-ay)*dy)/(dx*dx+dy*dy), 0), 1)
	return math.Hypot(x-ax-along*dx, y-ay-along*dy)
}

// bow is the distance from a point to the upper half of a circle.
func bow(x, y, cx, cy, radius float64) float64 {
	if y > cy {
		return math.Inf(1)
	}
	return math.Abs(math.Hypot(x-cx, y-cy) - radius)
}
