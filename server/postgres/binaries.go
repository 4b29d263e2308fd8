package postgres

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/slipway-paas/slipway/models"
)

// Binaries is one installed version of PostgreSQL.
type Binaries struct {
	Dir   string // holds postgres and initdb
	Major int    // 15 for PostgreSQL 15.x
}

// debianPattern is where Debian and Ubuntu keep every installed version.
const debianPattern = "/usr/lib/postgresql/*/bin"

// Find lists the installed versions of PostgreSQL, the newest first: those of
// Debian's packages, then the one on PATH if it is another.
func Find() []Binaries {
	var found []Binaries
	dirs, _ := filepath.Glob(debianPattern) // the pattern is well-formed
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, dir := range dirs {
		b, err := inspect(dir)
		if err == nil && !slices.Contains(found, b) {
			found = append(found, b)
		}
	}
	slices.SortStableFunc(found, func(a, b Binaries) int { return b.Major - a.Major })
	return found
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect asks the postgres in dir for its version.
func inspect(dir string) (Binaries, error) {
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return Binaries{}, err
		}
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, err
	}
	m := versionPattern.FindStringSubmatch(string(out))
	if m == nil {
		return Binaries{}, models.Errorf(models.KindInvalid, "%s/postgres does not say its version", dir)
	}
	major, err := strconv.Atoi(m[1])
	return Binaries{Dir: dir, Major: major}, err
}

// choose picks the binaries for a data folder: those of the version that wrote
// it, or the newest for a new one.
func choose(installed []Binaries, data string) (Binaries, error) {
	written, err := writtenBy(data)
	if err != nil {
		return Binaries{}, err
	}
	for _, b := range installed {
		if written == 0 || b.Major == written {
			return b, nil
		}
	}
	if len(installed) == 0 {
		name := "postgresql"
		if written > 0 {
			name += "-" + strconv.Itoa(written)
		}
		return Binaries{}, models.Errorf(models.KindUnavailable,
			"PostgreSQL is not installed: install it (on Debian and Ubuntu the package is called %s) or set DATABASE_URL to a server you run", name)
	}
	return Binaries{}, models.Errorf(models.KindUnavailable,
		"the data in %s was written by PostgreSQL %d, and only version %s is installed: install the package postgresql-%d, or move the data with pg_upgrade",
		data, written, majors(installed), written)
}

// writtenBy gives the major version that made a data folder, 0 when it is not
// there or empty.
func writtenBy(data string) (int, error) {
	raw, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if os.IsNotExist(err) {
		entries, err := os.ReadDir(data)
		if err == nil && len(entries) > 0 {
			return 0, models.Errorf(models.KindConflict, "%s is not empty and holds no PostgreSQL data: name another folder", data)
		}
		return 0, nil
	}
	if err != nil {
		return 0, models.Wrap(err, models.KindUnavailable, "cannot read the data folder %s", data)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil || major < 10 {
		return 0, models.Errorf(models.KindConflict, "%s was written by an unknown version of PostgreSQL (%.20q)", data, raw)
	}
	return major, nil
}

func majors(installed []Binaries) string {
	names := make([]string, len(installed))
	for i, b := range installed {
		names[i] = strconv.Itoa(b.Major)
	}
	return strings.Join(names, ", ")
}
