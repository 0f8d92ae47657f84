package bff

// The bounds of bodies under /api/auth/ in memory, in bytes: of one body (four times the
// longest picture URL), of all bodies of one address, and of all bodies. Strangers and
// signed-in users each have bodiesInAll.
const (
	maxBody          = 32 << 10
	bodiesPerAddress = 256 << 10
	bodiesInAll      = 8 << 20
)
