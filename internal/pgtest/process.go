//go:build unix

package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// supervisor runs the server given as its arguments and sends it the signals named on
// descriptor 3. If that pipe ends without a name, the test process is gone, perhaps killed:
// then the supervisor stops the server and removes the folder. A parent-death signal would
// not work: Linux ties it to the thread that forked, and Go may end that thread at any
// time.
const supervisor = `
"$@" 3<&- &
server=$!
{
	read -r signal || orphaned=1
	kill -s "${signal:-$STOP_SIGNAL}" $server
	if [ -n "$orphaned" ]; then
		while kill -0 $server; do sleep 0.05; done
		rm -rf "$FOLDER"
	fi
} <&3 2>/dev/null &
exec 3<&-
wait $server
`

// process is a server under its supervisor.
type process struct {
	folder string
	exited chan struct{} // closed when the server has ended
	status error         // how it has ended; read it after exited
	orders *os.File
}

// start runs command as an unprivileged user, in folder, and appends its output to the file
// log there. stopSignal is the signal, like INT, that stops the server when the test
// process ends.
func start(folder, stopSignal string, command ...string) (*process, error) {
	log, err := os.OpenFile(logFile(folder), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	inherited, orders, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer inherited.Close()

	cmd := exec.Command("/bin/sh", append([]string{"-c", supervisor, "pgtest"}, command...)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "FOLDER="+folder, "STOP_SIGNAL="+stopSignal, "LC_ALL=C")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{inherited}
	// A separate session: Ctrl-C ends only the tests, and they end the server.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: unprivileged()}
	if err := cmd.Start(); err != nil {
		orders.Close()
		return nil, fmt.Errorf("start %s: %w", command[0], err)
	}
	p := &process{folder: folder, exited: make(chan struct{}), orders: orders}
	go func() {
		defer close(p.exited)
		p.status = cmd.Wait()
	}()
	return p, nil
}

// stop sends the server the signal, unless it has ended by itself, and waits for its end.
// Every process must be stopped, because the supervisor of a forgotten one would remove the
// folder.
func (p *process) stop(signal string) {
	_, _ = p.orders.WriteString(signal + "\n") // the server may be gone already
	_ = p.orders.Close()
	<-p.exited
}

// failure returns why a server did not start: the end of its log.
func (p *process) failure(what string) error {
	return fmt.Errorf("%s did not start; its log ends:\n%s", what, p.logEnd())
}

func (p *process) logEnd() []byte {
	const tail = 2000
	log, _ := os.ReadFile(logFile(p.folder))
	return log[max(0, len(log)-tail):]
}

func logFile(folder string) string { return filepath.Join(folder, "log") }
