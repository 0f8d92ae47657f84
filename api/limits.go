package api

// The limits of a task's texts, in code points. The app has them from a generated file,
// bff/spa/app/limits.js.
const (
	maxTitle       = 255
	maxDescription = 10_000
)
