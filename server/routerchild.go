package server

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-paas/slipway/router"
)

// A router that is a process of its own, for machines where the engine must not
// have the host's network, outlives the server that started it: it goes on
// serving while the server is away, and the next one finds it. A file in its
// folder says which process it is.

// child is a router's process, wherever it comes from.
type child struct {
	PID   int    `json:"pid"`
	Since string `json:"since"` // when the process began, as the kernel counts: PIDs are used again
	Made  string `json:"made"`  // a hash of program and settings

	Before *child `json:"before,omitempty"` // whose place it takes; to be ended when it takes requests
}

const (
	childFile = "process.json"
	childLog  = "router.log"

	// maxChildLog is how much of what earlier routers said is kept.
	maxChildLog = 8 << 20

	childLook  = 500 * time.Millisecond
	childReady = 30 * time.Second
)

// findChild gives the router that runs, nil when none does.
func findChild(dir string) *child {
	content, err := os.ReadFile(filepath.Join(dir, childFile))
	var c child
	if err != nil || json.Unmarshal(content, &c) != nil || c.PID <= 1 || !c.alive() {
		return nil
	}
	return &c
}

func (c *child) alive() bool {
	since, state := processSince(c.PID)
	return since != "" && since == c.Since && state != "Z"
}

// processSince gives when a process began, "" when it is not there, and its state.
func processSince(pid int) (since, state string) {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", ""
	}
	_, rest, _ := bytes.Cut(content, []byte(") ")) // the program's name may hold anything before
	fields := strings.Fields(string(rest))
	if len(fields) < 20 {
		return "", ""
	}
	return fields[19], fields[0]
}

// end stops a router that another has taken the place of, or nobody wants. It
// lets its requests finish by itself.
func (c *child) end() error {
	if !c.alive() {
		return nil
	}
	err := syscall.Kill(c.PID, syscall.SIGTERM)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// routerProcess keeps a router running as a process of its own. One that runs
// already stays if it is the same program with the same settings; otherwise
// another takes over its listeners first. It stays when ctx ends.
func (s *Server) routerProcess(ctx context.Context, program string, env map[string]string) error {
	dir := filepath.Dir(program)
	made, err := childHash(program, env, s.token)
	if err != nil {
		return err
	}
	for wait := time.Second; ctx.Err() == nil; {
		running := findChild(dir)
		if running != nil && running.Made == made {
			wait = time.Second
			if running.Before != nil {
				if err := running.Before.end(); err != nil {
					s.Logger.Warn("an earlier router is still running", "pid", running.Before.PID, "error", err)
				}
				running.Before = nil
				if err := running.note(dir); err != nil {
					return err
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(childLook):
			}
			continue
		}
		fresh := &child{Made: made, Before: running}
		err := fresh.start(ctx, program, env)
		if err == nil {
			s.Logger.Info("router started", "pid", fresh.PID, "log", filepath.Join(dir, childLog))
			continue
		}
		if ctx.Err() == nil {
			s.Logger.Error("the router cannot be started; trying again", "error", err, "log", filepath.Join(dir, childLog))
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, 30*time.Second)
	}
	return nil
}

// childHash tells routers apart that would behave differently.
func childHash(program string, env map[string]string, token string) (string, error) {
	content, err := os.ReadFile(program)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, _ = sum.Write(content)
	for _, key := range slices.Sorted(maps.Keys(env)) {
		_, _ = fmt.Fprintf(sum, "\x00%s=%s", key, env[key])
	}
	_, _ = fmt.Fprintf(sum, "\x00%s", token)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// start starts a router and returns when it takes requests. From the beginning the
// file tells of it, so that it is found whatever happens to this server.
func (c *child) start(ctx context.Context, program string, env map[string]string) error {
	dir := filepath.Dir(program)
	said, err := openChildLog(filepath.Join(dir, childLog))
	if err != nil {
		return err
	}
	defer func() { _ = said.Close() }()
	from, err := said.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	cmd := exec.Command(program)
	cmd.Env = []string{}
	for key, value := range env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	cmd.Stdout, cmd.Stderr = said, said                  // the server's own would end with it
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // nor may what stops the server stop it
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	c.PID = cmd.Process.Pid
	c.Since, _ = processSince(c.PID)
	if err = c.note(dir); err == nil {
		err = listening(ctx, filepath.Join(dir, childLog), from, ended)
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	if c.Before != nil { // it stays
		err = errors.Join(err, c.Before.note(dir))
	}
	_ = cmd.Process.Kill() // it has ended, most likely
	return err
}

// note writes down that this is the router.
func (c *child) note(dir string) error {
	content, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, childFile), content, 0o600)
}

// listening waits until a router says in its log that it takes requests.
func listening(ctx context.Context, log string, from int64, ended <-chan error) error {
	late := time.NewTimer(childReady)
	defer late.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		content, err := os.ReadFile(log)
		if err != nil {
			return err
		}
		if bytes.Contains(content[min(from, int64(len(content))):], []byte(router.ListeningMessage)) {
			return nil
		}
		select {
		case err := <-ended:
			return fmt.Errorf("the router ended: %w", cmp.Or(err, errors.New("without an error")))
		case <-late.C:
			return fmt.Errorf("the router takes no requests after %s", childReady)
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
}

// openChildLog opens what routers say for appending, with the older half dropped
// when it is too much.
func openChildLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxChildLog {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// EndRouter stops the router's process that a server with this data folder has
// left running, and waits until it has ended. None is no error.
func EndRouter(ctx context.Context, dataDir string) error {
	dir := filepath.Join(dataDir, "router")
	c := findChild(dir)
	if c == nil {
		return nil
	}
	if err := c.end(); err != nil {
		return fmt.Errorf("stop the router: %w", err)
	}
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for c.alive() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("the router, process %d, has not ended: %w", c.PID, ctx.Err())
		}
	}
	if err := os.Remove(filepath.Join(dir, childFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// leaveChild stops a router's process that is left from when SLIPWAY_ROUTER was
// process.
func leaveChild(dir string, logger *slog.Logger) {
	if c := findChild(dir); c != nil {
		if err := c.end(); err != nil {
			logger.Warn("an earlier router is still running", "pid", c.PID, "error", err)
		}
	}
}
