package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// configuration is all that git is told. It is one file beside the repositories
// and not in them, so that a change holds for every app at once; a repository's
// own file says only that it is bare.
//
// Every push is kept as the pack it came in: that is few files, and only the
// program for packs names the limit when it refuses one that is too large. When
// there are too many of them this server makes one of them, see pack.
//
// The three fsck messages that are ignored are harmless mistakes of old
// programs that many long histories carry and that other hosts accept too.
const configuration = `# Written by Slipway at every start.
[core]
	hooksPath = %s
	logAllRefUpdates = true
[safe]
	directory = *
[transfer]
	fsckObjects = true
[receive]
	maxInputSize = %d
	unpackLimit = 1
	denyNonFastForwards = false
	denyDeletes = false
	denyDeleteCurrent = ignore
	shallowUpdate = true
	keepAlive = 5
	autogc = false
[receive "fsck"]
	badTimezone = ignore
	zeroPaddedFilemode = ignore
	missingSpaceBeforeDate = ignore
[uploadpack]
	allowFilter = true
	keepAlive = 5
[pack]
	threads = 2
	windowMemory = 128m
[gc]
	auto = 2000
	autoPackLimit = 50
	autoDetach = false
	pruneExpire = 2.weeks.ago
[user]
	name = Slipway
	email = slipway@localhost
`

var version = regexp.MustCompile(`(\d+)\.(\d+)`)

// checkVersion refuses a git that does not know GIT_CONFIG_GLOBAL.
func (s *Server) checkVersion() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := s.run(ctx, nil, "version")
	if err != nil {
		return err
	}
	found := version.FindSubmatch(out)
	if found == nil {
		return fmt.Errorf("%s does not tell its version: %q", s.git, out)
	}
	major, _ := strconv.Atoi(string(found[1]))
	minor, _ := strconv.Atoi(string(found[2]))
	if major < 2 || (major == 2 && minor < 32) {
		return fmt.Errorf("git %s is too old; Slipway needs git 2.32 or newer", found[0])
	}
	return nil
}

// prepare writes what git needs into the data folder.
func (s *Server) prepare() error {
	own, hooks := filepath.Join(s.DataDir, "git"), filepath.Join(s.DataDir, "hooks")
	s.home, s.config = filepath.Join(own, "home"), filepath.Join(own, "config")
	for _, dir := range []string{s.home, hooks, s.repos.root()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	text := fmt.Sprintf(configuration, strconv.Quote(hooks), int64(s.MaxPushMB)<<20)
	if err := replace(s.config, []byte(text), 0o600); err != nil {
		return err
	}
	if err := InstallHook(s.DataDir, s.HookBinary); err != nil {
		return err
	}
	s.repos.sweep()
	if _, err := os.Stat(filepath.Join(s.empty(), "HEAD")); err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return s.initialise(ctx, s.empty())
}

// empty is the repository shown for an app that nobody has pushed to, so that
// looking makes nothing.
func (s *Server) empty() string { return filepath.Join(s.DataDir, "git", "empty.git") }

// InstallHook writes the hook program to <data>/hooks/pre-receive. It may be
// called while pushes run: those keep the program they started.
func InstallHook(dataDir string, program []byte) error {
	if len(program) == 0 {
		return errors.New("there is no hook program to install")
	}
	path := filepath.Join(dataDir, "hooks", "pre-receive")
	if had, err := os.ReadFile(path); err == nil && bytes.Equal(had, program) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return replace(path, program, 0o700)
}

// replace writes a file whole or not at all.
func replace(path string, content []byte, mode os.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // gone already when it got its name
	_, err = file.Write(content)
	if err := errors.Join(err, file.Chmod(mode), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// longestSocket is what a unix socket's address holds, the final NUL taken off.
const longestSocket = 107

// listen opens the socket for hooks: below the data folder, or in a folder of
// its own where that path is too long for a socket. Its name is of this process
// alone, because servers may share a data folder.
func listen(dataDir string) (net.Listener, func(), error) {
	dir, cleanup := filepath.Join(dataDir, "run"), func() {}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	sweepSockets(dir)
	name := "hook-" + models.NewID()[16:] + ".sock"
	if len(filepath.Join(dir, name)) > longestSocket {
		short, err := os.MkdirTemp("", "slipway-")
		if err != nil {
			return nil, nil, err
		}
		dir, cleanup = short, func() { _ = os.RemoveAll(short) }
	}
	path := filepath.Join(dir, name)
	listener, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		cleanup()
		return nil, nil, err
	}
	return listener, cleanup, nil
}

// sweepSockets removes sockets that nobody listens on any more.
func sweepSockets(dir string) {
	found, _ := filepath.Glob(filepath.Join(dir, "hook-*.sock"))
	for _, path := range found {
		conn, err := net.DialTimeout("unix", path, time.Second)
		if err != nil {
			_ = os.Remove(path)
			continue
		}
		_ = conn.Close()
	}
}
