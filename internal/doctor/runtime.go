package doctor

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// program is what to replace when the fault is in the program itself.
const program = "this program"

// oldestGood has, for each version of Go that can build the program, the first release without
// faults that are known to matter here: in TLS, HTTP, URLs, certificates or pages. Raise it when
// such a fault becomes known. A version that is not listed is newer than this table.
var oldestGood = map[string]int{
	"1.26": 6, // CVE-2026-56862 crypto/tls, CVE-2026-56860 net/url, CVE-2026-56858 html/template
}

// runtime finds a program that was built with an old Go.
func (in *Installation) runtime(context.Context) []Result {
	version := cmp.Or(in.goVersion, runtime.Version())
	if first, old := oldGo(version); old {
		return warning(program, fmt.Sprintf("was built with %s, which has known faults in what reads requests and certificates", version),
			"build it with go"+first+" or later, or install a newer release of vestibule")
	}
	return ok("built with %s, without a fault that this version knows of", version)
}

// oldGo returns the first release without known faults, if version is older. A version of
// somebody's own is not judged.
func oldGo(version string) (first string, old bool) {
	number, released := strings.CutPrefix(version, "go1.")
	minor, patch, _ := strings.Cut(number, ".")
	good, listed := oldestGood["1."+minor]
	if !released || !listed {
		return "", false
	}
	n := 0
	if patch != "" {
		var err error
		if n, err = strconv.Atoi(patch); err != nil {
			return "", false
		}
	}
	return fmt.Sprintf("1.%s.%d", minor, good), n < good
}
