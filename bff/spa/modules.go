package spa

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// module is a module of the app, taken apart.
type module struct {
	name    string
	lines   []string          // its code, in which imports and exports are replaced; as many lines as in the file
	imports []string          // the modules that it imports
	exports map[string]string // by the exported name: an expression for the value
}

// order returns the modules that entry imports, directly or not, and entry itself. Each comes
// after those that it imports. That is the order in which browsers run them.
func order(own map[string][]byte, entry string) ([]*module, error) {
	var all []*module
	var add func(name string, above []string) error
	add = func(name string, above []string) error {
		if slices.Contains(above, name) {
			return fmt.Errorf("spa: modules import each other: %s", strings.Join(append(above, name), " -> "))
		}
		if slices.ContainsFunc(all, func(m *module) bool { return m.name == name }) {
			return nil
		}
		text, ok := own[name]
		if !ok {
			return fmt.Errorf("spa: there is no module %s", name)
		}
		m, err := parse(name, string(withoutComments(name, text)))
		if err != nil {
			return err
		}
		for _, imported := range m.imports {
			if err := add(imported, append(slices.Clone(above), name)); err != nil {
				return err
			}
		}
		all = append(all, m)
		return nil
	}
	return all, add(entry, nil)
}

// resolve returns the module that another one means by an address such as ./x.js.
func (m *module) resolve(address string) string {
	return path.Join(path.Dir(m.name), address)
}
