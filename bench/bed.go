package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem" // which handlers finds by its name
	"github.com/sirupsen/logrus"
)

// bed is a cluster that scripts/testbed brought up on this machine for one
// measurement.
type bed struct {
	name string
	cmd  *exec.Cmd
	hold io.Closer
	env  map[string]string
}

// holdRole is this program's own part as the command that a test bed's script
// runs: it tells what the script tells it, and ends with whoever started it.
const holdRole = "hold-bed"

const bedVariable = "SLIPWAY_TEST"

// holdBed ends when nobody has the other end of the pipe any more, however that
// came about; then the script takes the test bed down.
func holdBed() error {
	for _, one := range os.Environ() {
		if strings.HasPrefix(one, bedVariable) {
			fmt.Println(one)
		}
	}
	fmt.Println() // that is all
	_, err := io.Copy(io.Discard, os.NewFile(3, "holder"))
	return err
}

// bed brings up a test bed by its name and takes it down at the end of the
// measurement. One that is up already is somebody else's, and an error.
func (b *bench) bed(ctx context.Context, name string) (*bed, error) {
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("the %s test bed needs root: it makes namespaces and control groups; run make bench as root, or name other figures with ONLY=", name)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	held, hold, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = held.Close() }()
	n := &bed{name: name, cmd: exec.Command(filepath.Join("scripts", "testbed", name+".sh"), "run", self, holdRole), hold: hold, env: map[string]string{}}
	n.cmd.ExtraFiles = []*os.File{held}
	n.cmd.Stderr = os.Stderr                                // the first time may take long, and it says what it does
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us, who stop it in order
	told, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, hold.Close())
	}
	if err := n.cmd.Start(); err != nil {
		return nil, errors.Join(err, hold.Close())
	}
	b.cleanup(n.down)
	defer context.AfterFunc(ctx, func() { _ = n.cmd.Process.Signal(syscall.SIGTERM) })()
	lines := bufio.NewScanner(told)
	for lines.Scan() {
		if lines.Text() == "" {
			return n, nil
		}
		key, value, _ := strings.Cut(lines.Text(), "=")
		n.env[key] = value
	}
	return nil, errors.Join(ctx.Err(), lines.Err(), fmt.Errorf("the %s test bed did not come up; what it said is above", name))
}

// down returns when nothing of the test bed is left.
func (n *bed) down() error {
	err := n.hold.Close()
	ended := n.cmd.Wait()
	if n.env[bedVariable+"_"+strings.ToUpper(n.name)] == "" {
		return err // that it is not there has been told
	}
	if ended != nil {
		ended = fmt.Errorf("the %s test bed could not be taken down: %w; scripts/testbed/%s.sh down", n.name, ended, n.name)
	}
	return errors.Join(err, ended)
}

// registry is a bare one, beside which nobody signs in: it is what the floor's
// images go through. It is in this process, as Slipway's is in its own, and
// gives its port.
func (b *bench) registry() (port string, err error) {
	logrus.SetOutput(io.Discard) // it says when an image is not there yet
	app := handlers.NewApp(context.Background(), &configuration.Configuration{Storage: configuration.Storage{
		"filesystem":  {"rootdirectory": filepath.Join(b.dir, "floor-registry")},
		"maintenance": {"uploadpurging": map[any]any{"enabled": false}},
	}})
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		return "", errors.Join(err, app.Shutdown())
	}
	server := &http.Server{Handler: app, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	b.cleanup(func() error { return errors.Join(server.Close(), app.Shutdown()) })
	_, port, err = net.SplitHostPort(listener.Addr().String())
	return port, err
}
