package spa

import (
	"fmt"
	"path"
	"regexp"
	"slices"
)

// imports finds the static imports of a module, also over several lines.
var imports = regexp.MustCompile(`(?m)^(?:import|export)\b[^'"]*?\bfrom\s*['"](\.[^'"]+)['"]|^import\s*['"](\.[^'"]+)['"]`)

// modulesOf returns the modules that entry imports, directly or not, in the order in which a
// browser learns of them. The page names all of them: without that, a browser would learn of
// each only after it has read the one that imports it, one round trip after the other.
func modulesOf(own map[string][]byte, entry string) ([]string, error) {
	all := []string{entry}
	for i := 0; i < len(all); i++ {
		text, ok := own[all[i]]
		if !ok {
			return nil, fmt.Errorf("spa: there is no module %s", all[i])
		}
		for _, m := range imports.FindAllSubmatch(text, -1) {
			module := path.Join(path.Dir(all[i]), string(m[1])+string(m[2]))
			if !slices.Contains(all, module) {
				all = append(all, module)
			}
		}
	}
	return all[1:], nil
}
