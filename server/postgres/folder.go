package postgres

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/slipway-paas/slipway/models"
)

// socketName is what PostgreSQL calls its socket. A path to one has at most
// maxSocketPath bytes.
const (
	socketName    = ".s.PGSQL.5432"
	maxSocketPath = 103
)

// folder is where an Instance keeps everything:
//
//	data/   PostgreSQL's own
//	run/    its socket
//	lock    held by the server that supervises it
type folder struct {
	dir     string
	account account
	lock    *os.File
	run     string // run/, or a folder with a shorter name
}

// openFolder makes the folder if need be and takes its lock, which the kernel
// gives back when this process dies, however it dies.
func openFolder(dir string, acc account) (*folder, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{dir: abs, account: acc, run: filepath.Join(abs, "run")}
	if err := acc.own(abs); err != nil {
		return nil, models.Wrap(err, models.KindUnavailable, "cannot make the data folder %s", abs)
	}
	f.lock, err = os.OpenFile(filepath.Join(abs, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, models.Wrap(err, models.KindUnavailable, "cannot lock the data folder %s", abs)
	}
	if err := syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.lock.Close()
		return nil, &models.Error{
			Kind:    models.KindConflict,
			Message: fmt.Sprintf("another Slipway server is using the data folder %s: stop it, or name another folder", abs), Err: err,
		}
	}
	if len(filepath.Join(f.run, socketName)) > maxSocketPath {
		f.run, err = os.MkdirTemp("/tmp", "slipway-pg-")
		if err != nil {
			_ = f.lock.Close()
			return nil, models.Wrap(err, models.KindUnavailable, "cannot make a folder for PostgreSQL's socket")
		}
	}
	if err := acc.own(f.run); err != nil {
		f.close()
		return nil, models.Wrap(err, models.KindUnavailable, "cannot make the folder %s", f.run)
	}
	return f, nil
}

func (f *folder) data() string { return filepath.Join(f.dir, "data") }

func (f *folder) close() {
	if f.run != filepath.Join(f.dir, "run") {
		_ = os.RemoveAll(f.run) // holds at most a dead socket
	}
	_ = f.lock.Close()
}

// command prepares a program of PostgreSQL's that is given the named folders.
// Where the account cannot walk to them it gets them as open files, and their
// names lead through its own /proc, so that nobody's home has to be opened up.
// args is called with the names to use. The caller closes cmd.ExtraFiles.
func (f *folder) command(ctx context.Context, program string, dirs []string, args func(names []string) []string) (*exec.Cmd, error) {
	names := make([]string, len(dirs))
	var files []*os.File
	for i, dir := range dirs {
		names[i] = dir
		if f.account.reaches(dir) {
			continue
		}
		file, err := os.Open(dir)
		if err != nil {
			closeAll(files)
			return nil, err
		}
		names[i] = fmt.Sprintf("/proc/self/fd/%d", 3+len(files)) // where exec puts ExtraFiles
		files = append(files, file)
	}
	cmd := exec.CommandContext(ctx, program, args(names)...)
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C.UTF-8", "TZ=UTC", "PATH=/usr/local/bin:/usr/bin:/bin"}
	cmd.ExtraFiles = files
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: f.account.credential(), Setpgid: true}
	return cmd, nil
}

func closeAll(files []*os.File) {
	for _, file := range files {
		_ = file.Close()
	}
}

// initialize makes data/ with initdb unless it is there. It works beside data/
// and renames at the end, so an interrupted one leaves nothing half made.
func (f *folder) initialize(ctx context.Context, bin Binaries, sync bool) error {
	if _, err := os.Stat(filepath.Join(f.data(), "PG_VERSION")); err == nil {
		return f.admit()
	}
	fresh := f.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := f.account.own(fresh); err != nil {
		return err
	}
	cmd, err := f.command(ctx, filepath.Join(bin.Dir, "initdb"), []string{fresh}, func(names []string) []string {
		args := []string{
			"--pgdata=" + names[0], "--username=" + role, "--encoding=UTF8", "--locale=C.UTF-8",
			"--auth-local=peer", "--auth-host=reject", "--data-checksums", "--no-instructions",
		}
		if !sync {
			args = append(args, "--no-sync")
		}
		return args
	})
	if err != nil {
		return err
	}
	defer closeAll(cmd.ExtraFiles)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		_ = os.RemoveAll(fresh)
		return &models.Error{
			Kind:    models.KindUnavailable,
			Message: "PostgreSQL's initdb could not make a database cluster in " + f.data() + ": " + lastLine(out.String()),
			Err:     err,
		}
	}
	if err := os.RemoveAll(f.data()); err != nil { // empty at most: see writtenBy
		return err
	}
	if err := os.Rename(fresh, f.data()); err != nil {
		return err
	}
	return f.admit()
}

// admit writes who may connect: over the socket, and of the machine's users
// the server's own alone.
func (f *folder) admit() error {
	u, err := user.Current()
	if err != nil {
		return models.Wrap(err, models.KindUnavailable, "the server's user has no name: add it to /etc/passwd")
	}
	if err := f.account.write(filepath.Join(f.data(), "pg_hba.conf"),
		"# Written by Slipway at every start.\nlocal all "+role+" peer map=slipway\n"); err != nil {
		return err
	}
	return f.account.write(filepath.Join(f.data(), "pg_ident.conf"),
		fmt.Sprintf("# Written by Slipway at every start.\nslipway \"%s\" %s\n", u.Username, role))
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
