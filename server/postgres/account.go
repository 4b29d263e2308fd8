package postgres

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/slipway-paas/slipway/models"
)

// account is the operating system's user that postgres runs as. PostgreSQL
// refuses to run as root, so root's server runs it as somebody else.
type account struct {
	name string
	uid  int
	gid  int
	drop bool // the server is root and gives up its rights for postgres
}

func findAccount() (account, error) {
	if os.Geteuid() != 0 {
		u, err := user.Current()
		if err != nil {
			return account{}, models.Wrap(err, models.KindUnavailable,
				"PostgreSQL needs a user with a name, and user %d has none: add it to /etc/passwd", os.Geteuid())
		}
		return account{name: u.Username, uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid != 0 {
			return account{name: name, uid: uid, gid: gid, drop: true}, nil
		}
	}
	return account{}, models.Errorf(models.KindUnavailable,
		"PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody: add one")
}

func (a account) credential() *syscall.Credential {
	if !a.drop {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
}

// own makes dir a folder that only the account can enter.
func (a account) own(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	if a.drop {
		return os.Lchown(dir, a.uid, a.gid)
	}
	return nil
}

// write makes path a file that only the account can read.
func (a account) write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	if a.drop {
		return os.Lchown(path, a.uid, a.gid)
	}
	return nil
}

// reaches says whether the account can walk down to dir, which lies in the
// middle of somebody else's home when root's server keeps its data there.
func (a account) reaches(dir string) bool {
	if !a.drop {
		return true
	}
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		if err != nil {
			return false
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return false
		}
		needed := os.FileMode(0o001)
		switch {
		case int(st.Uid) == a.uid:
			needed = 0o100
		case int(st.Gid) == a.gid:
			needed = 0o010
		}
		if info.Mode().Perm()&needed == 0 {
			return false
		}
		if parent == filepath.Dir(parent) {
			return true
		}
	}
}
