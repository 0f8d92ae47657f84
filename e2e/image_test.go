package e2e

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"vestibule/internal/quicktest"
)

// bareImage is what the Dockerfile makes. There is no Docker here: the test does what the lines of
// the file say, and starts the program in the folder as its root, as the image's user.
type bareImage struct {
	root             string
	uid, gid         int
	env              []string
	entry, cmd, test []string // ENTRYPOINT, CMD and the command of HEALTHCHECK
	volume, workdir  string
}

// buildImage follows the Dockerfile. Of the instructions it knows those that the file has.
func buildImage(t *testing.T) *bareImage {
	t.Helper()
	text := string(mustReadFile(t, "../Dockerfile"))
	comment := regexp.MustCompile(`(?m)^#.*\n`)
	lines := strings.Split(strings.ReplaceAll(comment.ReplaceAllString(text, ""), "\\\n", ""), "\n")
	out := t.TempDir() // /out of the stage that builds
	i := &bareImage{}
	for _, line := range lines {
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case word == "":
		case word == "FROM" && rest == "scratch":
			i.root = t.TempDir()
		case i.root != "":
			i.apply(t, word, rest, out)
		case word == "RUN" && rest != "go mod download":
			// The go command links a program again only if what is there is not what it would link.
			if strings.Contains(rest, " go build ") && strings.Contains(rest, " -o /out/vestibule ") {
				mustShell(t, ".", "cp '"+binary(t, build.plain)+"' '"+out+"/vestibule'")
			}
			mustShell(t, "..", strings.ReplaceAll(rest, "/out/", out+"/"))
		}
	}
	return i
}

// apply follows one instruction of the last stage.
func (i *bareImage) apply(t *testing.T, word, rest, out string) {
	t.Helper()
	list := func() (words []string) {
		if err := json.Unmarshal([]byte(rest[strings.Index(rest, "["):]), &words); err != nil {
			t.Fatalf("%s %s: %v; without a shell it must be a list", word, rest, err)
		}
		return words
	}
	switch word {
	case "COPY":
		i.copy(t, strings.Fields(rest), out)
	case "USER":
		user, group, _ := strings.Cut(rest, ":")
		i.uid, i.gid = number(t, user), number(t, group)
	case "ENV":
		i.env = append(i.env, rest)
	case "WORKDIR":
		i.workdir = rest
	case "VOLUME":
		i.volume = rest
	case "ENTRYPOINT":
		i.entry = list()
	case "CMD":
		i.cmd = list()
	case "HEALTHCHECK":
		i.test = list()
	case "EXPOSE":
	default:
		t.Fatalf("the test does not know %s %s", word, rest)
	}
}

// copy follows a COPY from the first stage. What is not in /out is the same on every Debian,
// and is taken from this machine.
func (i *bareImage) copy(t *testing.T, words []string, out string) {
	t.Helper()
	owned, mode := false, fs.FileMode(0o755)
	for len(words) > 2 {
		switch name, value, _ := strings.Cut(words[0], "="); name {
		case "--from":
		case "--chown":
			owned = true
		case "--chmod":
			mode = fs.FileMode(octal(t, value))
		default:
			t.Fatalf("the test does not know COPY %s", words[0])
		}
		words = words[1:]
	}
	from, to := words[0], filepath.Join(i.root, words[1])
	if below, is := strings.CutPrefix(from, "/out/"); is {
		from = filepath.Join(out, below)
	}
	mustShell(t, ".", "mkdir -p '"+filepath.Dir(to)+"'; cp -r '"+from+"' '"+to+"'")
	if err := os.Chmod(to, mode); err != nil {
		t.Fatal(err)
	}
	if owned && os.Getuid() == 0 {
		if err := os.Chown(to, 65532, 65532); err != nil {
			t.Fatal(err)
		}
	}
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil || n == 0 {
		t.Fatalf("got the user or group %q, want a number that is not root's: Kubernetes checks it", text)
	}
	return n
}

func octal(t *testing.T, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 8, 32)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// run starts a command in the image. Without root's rights, a user namespace gives the user of
// this test the number of the image's.
func (i *bareImage) run(t *testing.T, env, command []string) *process {
	t.Helper()
	cmd := &exec.Cmd{Path: command[0], Args: command, Dir: i.workdir, Env: slices.Concat(i.env, env)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: i.root}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(i.uid), Gid: uint32(i.gid)}
	} else {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: i.uid, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: i.gid, HostID: os.Getgid(), Size: 1}}
	}
	return begin(t, cmd)
}

// TestTheImageServesWithNothingElse starts the image's files in a bare root.
func TestTheImageServesWithNothingElse(t *testing.T) {
	t.Parallel()
	quicktest.Skip(t, "a static build of the product")
	i := buildImage(t)
	got := strings.Fields(mustShell(t, i.root, "find . -type f -o -type d -empty | sort"))
	if want := []string{"./data", "./etc/ssl/certs/ca-certificates.crt", "./tmp", "./vestibule"}; !slices.Equal(got, want) {
		t.Errorf("got %q in the image, want %q", got, want)
	}
	if i.uid == 0 || i.volume != "/data" || !slices.Equal(i.env, []string{"BFF_ADDR=:3000"}) {
		t.Errorf("got user %d, volume %q and environment %q", i.uid, i.volume, i.env)
	}
	// What the image leaves to be set: here the ports, because others are on this machine too.
	addr := freeAddrs(t, 3)
	env := []string{"BASE_URL=http://" + addr[0], "BFF_ADDR=:" + port(addr[0]), "API_ADDR=" + addr[1], "ADMIN_ADDR=" + addr[2], "DRAIN_DELAY=0s"}
	p := &product{t: t, bff: "http://" + addr[0], admin: []string{"http://" + addr[2]}}
	serve := func() *process {
		p.processes = []*process{i.run(t, env, slices.Concat(i.entry, i.cmd))}
		p.waitReady(0)
		return p.processes[0]
	}
	healthy := func() int { return i.run(t, env, i.test).wait() }

	running := serve()
	b := newBrowser(t, p.bff)
	b.signUp("image@example.com")
	b.want(b.send("POST", p.bff+"/api/proxy/me/tasks", `{"title":"stays"}`), 201, "stays")
	if code := healthy(); code != 0 {
		t.Errorf("got exit code %d of the health check, want 0", code)
	}
	if backup := i.run(t, env, append(i.entry, "backup", "/data/backup.db")); backup.wait() != 0 {
		t.Errorf("got a failed backup:\n%s", backup.log)
	}
	if code := running.stop(); code != 0 {
		t.Errorf("got exit code %d at the stop, want 0", code)
	}
	if code := healthy(); code != 1 {
		t.Errorf("got exit code %d of the health check of nothing, want 1", code)
	}
	if got := mustShell(t, i.root, "stat --format=%u data/vestibule.db"); os.Getuid() == 0 && got != "65532\n" {
		t.Errorf("got a database of user %s, want one of the image's user", got)
	}

	serve() // a new container with the same volume
	b.want(b.send("GET", p.bff+"/api/proxy/me/tasks", ""), 200, "stays")
}
