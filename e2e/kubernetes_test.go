package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"vestibule/internal/pgtest"
)

// manifest is the part of a Kubernetes object that the test needs.
type manifest struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Spec       struct {
		Selector map[string]any `yaml:"selector"`
		Ports    []struct {
			TargetPort string `yaml:"targetPort"`
		} `yaml:"ports"`
		Template struct {
			Metadata struct {
				Labels map[string]string `yaml:"labels"`
			} `yaml:"metadata"`
			Spec struct {
				Grace      int         `yaml:"terminationGracePeriodSeconds"`
				Containers []container `yaml:"containers"`
			} `yaml:"spec"`
		} `yaml:"template"`
	} `yaml:"spec"`
}

type container struct {
	Args []string `yaml:"args"`
	Env  []struct {
		Name      string         `yaml:"name"`
		Value     string         `yaml:"value"`
		ValueFrom map[string]any `yaml:"valueFrom"`
	} `yaml:"env"`
	Ports []struct {
		Name   string `yaml:"name"`
		Number int    `yaml:"containerPort"`
	} `yaml:"ports"`
	Readiness kubeletProbe `yaml:"readinessProbe"`
	Liveness  kubeletProbe `yaml:"livenessProbe"`
}

type kubeletProbe struct {
	HTTPGet struct {
		Path string `yaml:"path"`
		Port string `yaml:"port"`
	} `yaml:"httpGet"`
	Period   int `yaml:"periodSeconds"`
	Failures int `yaml:"failureThreshold"`
}

// kubernetesRecipe returns the objects of docs/deploy.md by their kind.
func kubernetesRecipe(t *testing.T) map[string]manifest {
	t.Helper()
	found := map[string]manifest{}
	for in := yaml.NewDecoder(strings.NewReader(recipe(t, "Kubernetes", "yaml"))); ; {
		var m manifest
		switch err := in.Decode(&m); {
		case errors.Is(err, io.EOF):
			return found
		case err != nil:
			t.Fatal(err)
		}
		if _, again := found[m.Kind]; m.APIVersion == "" || m.Kind == "" || again {
			t.Errorf("got a second %q, or one without a version", m.Kind)
		}
		found[m.Kind] = m
	}
}

// only returns the container of an object that has one.
func (m manifest) only(t *testing.T) container {
	t.Helper()
	if n := len(m.Spec.Template.Spec.Containers); n != 1 {
		t.Fatalf("%s: got %d containers, want 1", m.Kind, n)
	}
	return m.Spec.Template.Spec.Containers[0]
}

// environment returns the container's variables. instead has the values that the document
// cannot know. Every name must be that of a setting.
func (c container) environment(t *testing.T, instead map[string]string) []string {
	t.Helper()
	settings := readDocument(t, "../docs/configuration.md")
	env := []string{"LOG_FORMAT=json"}
	for _, e := range c.Env {
		if !strings.Contains(settings, "\n| `"+e.Name+"` |") {
			t.Errorf("%s is not a setting", e.Name)
		}
		value, other := instead[e.Name]
		if !other {
			value = e.Value
		}
		if value == "" || (e.ValueFrom != nil) == (e.Value != "") {
			t.Errorf("%s: want a value or where it comes from", e.Name)
		}
		env = append(env, e.Name+"="+value)
	}
	return env
}

// port returns the number of the port with the name.
func (c container) port(t *testing.T, name string) int {
	t.Helper()
	for _, p := range c.Ports {
		if p.Name == name {
			return p.Number
		}
	}
	t.Errorf("there is no port %q", name)
	return 0
}

// TestTheKubernetesRecipeStartsTheProgram runs the documented job and then the documented
// container, and asks the documented probes.
func TestTheKubernetesRecipeStartsTheProgram(t *testing.T) {
	t.Parallel()
	objects := kubernetesRecipe(t)
	database := pgtest.Database(t)
	job, pod := objects["Job"].only(t), objects["Deployment"].only(t)

	migrate := start(t, binary(t, build.race), t.TempDir(), job.environment(t, map[string]string{"DATABASE_URL": database}), job.Args...)
	if code := migrate.wait(); code != 0 {
		t.Fatalf("the job: got exit code %d:\n%s", code, migrate.log)
	}

	instead := map[string]string{"DATABASE_URL": database, "BETTER_AUTH_SECRET": secret}
	listen := map[int]string{}
	for i, name := range []string{"bff", "api", "admin"} {
		setting := strings.ToUpper(name) + "_ADDR"
		for _, e := range pod.Env {
			if e.Name == setting && e.Value == fmt.Sprintf(":%d", pod.port(t, name)) {
				listen[pod.port(t, name)] = freeAddrs(t, 1)[0]
				instead[setting] = ":" + port(listen[pod.port(t, name)])
			}
		}
		if len(listen) != i+1 {
			t.Fatalf("%s does not listen on the container's port %s", setting, name)
		}
	}
	p := &product{t: t, admin: []string{"http://" + listen[pod.port(t, pod.Readiness.HTTPGet.Port)]}}
	p.processes = []*process{start(t, binary(t, build.race), t.TempDir(), pod.environment(t, instead), pod.Args...)}
	p.waitReady(0)
	service := objects["Service"].Spec.Ports[0].TargetPort
	for url, want := range map[string]int{
		p.admin[0] + pod.Readiness.HTTPGet.Path:                                       http.StatusOK,
		p.admin[0] + pod.Liveness.HTTPGet.Path:                                        http.StatusOK,
		p.admin[0] + "/healthz":                                                       http.StatusOK,
		"http://" + listen[pod.port(t, service)] + "/api/proxy/me/tasks":              http.StatusUnauthorized,
		"http://" + listen[pod.port(t, pod.Liveness.HTTPGet.Port)] + "/api/auth/jwks": http.StatusNotFound, // the admin listener
	} {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: got %d, want %d", url, res.StatusCode, want)
		}
	}
	if pod.Readiness.HTTPGet.Path != "/readyz" || pod.Liveness.HTTPGet.Path != "/livez" {
		t.Errorf("got the probes %s and %s, want /readyz and /livez", pod.Readiness.HTTPGet.Path, pod.Liveness.HTTPGet.Path)
	}
	if grace, least := objects["Deployment"].Spec.Template.Spec.Grace, 3*pod.Readiness.Period+15; grace < least || pod.Readiness.Failures != 3 {
		t.Errorf("got %d s to stop after %d failures, want at least %d s after 3", grace, pod.Readiness.Failures, least)
	}
	for name, label := range objects["Deployment"].Spec.Template.Metadata.Labels {
		if objects["Service"].Spec.Selector[name] != label {
			t.Errorf("the Service selects %v, want the pods with %s: %s", objects["Service"].Spec.Selector, name, label)
		}
	}
	if code := p.processes[0].stop(); code != 0 {
		t.Errorf("got exit code %d after SIGTERM, want 0", code)
	}
	p.processes[0].log.Want(t, `"drain_delay":"5s"`)
}
