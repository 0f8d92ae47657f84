package api

// Bounds of bodies in memory, in bytes: of one body (more than a task can need in any
// escaping), of all bodies of one caller, and of all bodies.
const (
	maxBody     = 1 << 20
	bodiesOfOne = 2 << 20
	bodiesOfAll = 12 << 20
)
