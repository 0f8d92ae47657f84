package e2e

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"vestibule/internal/quicktest"
	"vestibule/internal/settings"
)

// composed is the part of compose.yaml that the test needs.
type composed struct {
	Services map[string]struct {
		Ports       []string          `yaml:"ports"`
		Environment map[string]string `yaml:"environment"`
		Secrets     []string          `yaml:"secrets"`
		Networks    any               `yaml:"networks"`
		ReadOnly    bool              `yaml:"read_only"`
		Drop        []string          `yaml:"cap_drop"`
		Health      map[string]any    `yaml:"healthcheck"`
	} `yaml:"services"`
	Secrets  map[string]struct{ File string } `yaml:"secrets"`
	Networks map[string]struct {
		Internal bool `yaml:"internal"`
		IPAM     struct {
			Config []struct {
				Subnet  string `yaml:"subnet"`
				Dynamic string `yaml:"ip_range"`
			} `yaml:"config"`
		} `yaml:"ipam"`
	} `yaml:"networks"`
}

// networksOf returns the names of a service's networks, and its address if it has a fixed one.
func networksOf(networks any) (names []string, address string) {
	switch networks := networks.(type) {
	case []any:
		for _, name := range networks {
			names = append(names, name.(string))
		}
	case map[string]any:
		for name, fixed := range networks {
			names = append(names, name)
			address, _ = fixed.(map[string]any)["ipv4_address"].(string)
		}
	}
	slices.Sort(names)
	return names, address
}

// TestTheComposeFile reads it, because there is no Docker here. The image has its own test.
func TestTheComposeFile(t *testing.T) {
	t.Parallel()
	var c composed
	if err := yaml.Unmarshal(mustReadFile(t, "../compose.yaml"), &c); err != nil {
		t.Fatal(err)
	}
	// PostgreSQL, the API and the admin server are not published, and Caddy cannot reach the database.
	for name, want := range map[string]string{"caddy": "front", "vestibule": "back front", "migrate": "back", "database": "back"} {
		s := c.Services[name]
		if networks, _ := networksOf(s.Networks); strings.Join(networks, " ") != want || (len(s.Ports) > 0) != (name == "caddy") {
			t.Errorf("%s: got networks %v and ports %v, want networks %s, and ports of Caddy alone", name, networks, s.Ports, want)
		}
		if checked := len(s.Health) > 0; checked == (name == "vestibule") { // the image has its check
			t.Errorf("%s: got the health check %v", name, s.Health)
		}
		for _, secret := range s.Secrets {
			if file := c.Secrets[secret].File; file != "./secrets/"+secret {
				t.Errorf("%s: got the file %q of secret %s", name, file, secret)
			}
		}
	}
	if !c.Networks["back"].Internal || len(c.Services) != 4 {
		t.Errorf("got networks %+v and %d services, want back to be internal, and four services", c.Networks, len(c.Services))
	}
	if v := c.Services["vestibule"]; !v.ReadOnly || !slices.Equal(v.Drop, []string{"ALL"}) {
		t.Errorf("got %+v, want a container that can write only into its volume, without capabilities", v)
	}
	_, caddy := networksOf(c.Services["caddy"].Networks)
	subnet, err := netip.ParsePrefix(c.Networks["front"].IPAM.Config[0].Subnet)
	if trusted := c.Services["vestibule"].Environment["TRUSTED_PROXIES"]; err != nil || trusted != caddy || !subnet.Contains(netip.MustParseAddr(caddy)) {
		t.Errorf("TRUSTED_PROXIES is %q, and Caddy's address %q in %v", trusted, caddy, subnet)
	}
	// Docker gives the lowest free address to a container without a fixed one.
	dynamic, err := netip.ParsePrefix(c.Networks["front"].IPAM.Config[0].Dynamic)
	if err != nil || !subnet.Overlaps(dynamic) || dynamic.Contains(netip.MustParseAddr(caddy)) {
		t.Errorf("vestibule, which starts first, gets an address of %v (%v), and Caddy's is %s", dynamic, err, caddy)
	}
}

// TestTheSettingsInTheComposeFileAreRight loads them, with files like those of docs/deploy.md.
func TestTheSettingsInTheComposeFileAreRight(t *testing.T) {
	t.Parallel()
	quicktest.Skip(t, "openssl")
	var c composed
	if err := yaml.Unmarshal(mustReadFile(t, "../compose.yaml"), &c); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, commands, found := strings.Cut(string(mustReadFile(t, "../docs/deploy.md")), "<!-- The tests run the commands up to docker compose. -->\n```bash\n")
	commands, _, compose := strings.Cut(commands, "DOMAIN=app.example.com docker compose")
	if !found || !compose {
		t.Fatal("docs/deploy.md has no commands for compose.yaml")
	}
	mustShell(t, dir, commands)
	for name, by := range map[string]settings.Side{"vestibule": settings.ForServe, "migrate": settings.ForMigrate} {
		env := settings.Environment{"BFF_ADDR": ":3000"} // of the image
		for variable, value := range c.Services[name].Environment {
			value = strings.NewReplacer("${DOMAIN}", "app.example.com", "${SMTP_URL:-}", "", "${MAIL_FROM:-}", "", "/run/secrets/", filepath.Join(dir, "secrets")+"/").Replace(value)
			env[variable] = value
		}
		got, err := settings.Load(by, nil, env)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !strings.Contains(got.Database.URL, "@database/vestibule") {
			t.Errorf("%s: got the database %q", name, got.Database.URL)
		}
	}
	for _, file := range []string{"postgres-password", "database-url", "better-auth-secret"} {
		// A container's user must read the file; the folder keeps other users of the host out.
		info, err := os.Stat(filepath.Join(dir, "secrets", file))
		if err != nil || info.Mode().Perm() != 0o444 {
			t.Errorf("%s: got %v, %v, want mode 0444", file, info, err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "secrets")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v, want mode 0700", info, err)
	}
}

func TestThePackagedConfigurationsAreValid(t *testing.T) {
	t.Parallel()
	quicktest.Skip(t, "Caddy and systemd")
	if text := string(mustReadFile(t, "../packaging/Caddyfile")); !strings.Contains(text, "reverse_proxy vestibule:3000 ") {
		t.Errorf("got %s, want the service and the port of compose.yaml", text)
	}
	dir := t.TempDir()
	cmd := exec.Command("caddy", "adapt", "--validate", "--config", "../packaging/Caddyfile", "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "DOMAIN=app.example.com", "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}

	// The unit is not started: that needs systemd as the first process.
	unit := filepath.Join(dir, "vestibule.service")
	text := strings.Replace(string(mustReadFile(t, "../packaging/vestibule.service")), "/usr/local/bin/vestibule", "/bin/true", 1)
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := mustShell(t, dir, "systemd-analyze verify --man=no "+unit+" 2>&1 | { grep vestibule || true; }"); out != "" {
		t.Errorf("got %s", out)
	}
	// The exposure is from 0 to 10, times ten here. What remains is the network, and sockets.
	if out, err := shell(dir, "systemd-analyze security --offline=true --no-pager --threshold=15 "+unit); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
