package metrics

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/router"
)

// tier is one fineness in which figures are kept. Its points lie in files of
// so many slots each, which are only ever added to and go as a whole once the
// last of their slots is older than the tier keeps.
type tier struct {
	name  string
	times int64 // how many of the finest slots one of its slots is
	slots int64 // in a file
	keep  time.Duration
}

// The tiers, finest first. Each file may hold points of several sources.
var tiers = [3]tier{
	{name: "10s", times: 1, slots: 180, keep: time.Hour + 5*time.Minute},
	{name: "1m", times: 6, slots: 180, keep: 6*time.Hour + 5*time.Minute},
	{name: "5m", times: 30, slots: 144, keep: 24*time.Hour + 5*time.Minute},
}

const (
	finest = 0
	// maxFile bounds a file in bytes. What would go beyond is left out.
	maxFile = 256 << 10
)

func (t *tier) step() time.Duration {
	return time.Duration(t.times) * router.WindowSeconds * time.Second
}

func (t *tier) slotOf(at time.Time) int64 { return at.Unix() / (t.times * router.WindowSeconds) }

// oldest is the first slot that is kept. A file's worth more than promised is
// there nearly always; this is what is counted on.
func (t *tier) oldest(now time.Time) int64 { return t.slotOf(now.Add(-t.keep)) }

func (t *tier) file(dir string, slot int64) string {
	return filepath.Join(dir, t.name+"-"+strconv.FormatInt(slot/t.slots, 10))
}

// read gives the points of the slots from first to last that are on disk.
func (t *tier) read(dir string, first, last int64) ([]point, error) {
	var points []point
	for n := first / t.slots; n <= last/t.slots; n++ {
		raw, err := os.ReadFile(t.file(dir, n*t.slots))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found, _ := parseRecords(raw)
		for _, p := range found {
			if p.slot >= first && p.slot <= last {
				points = append(points, p)
			}
		}
	}
	return once(points), nil
}

// errFull says that a file has no room for another point.
var errFull = errors.New("the file of figures is full")

// add writes a point behind the others of its file. The first time that this
// process writes to a file it cuts off what an earlier one left half written.
func (t *tier) add(dir string, p *point, checked map[string]bool) error {
	path := t.file(dir, p.slot)
	if !checked[path] {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		if err := repair(path); err != nil {
			return err
		}
		checked[path] = true
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		delete(checked, path)
		return err
	}
	info, err := file.Stat()
	if err == nil && info.Size()+maxRecord > maxFile {
		err = errFull
	}
	if err == nil {
		if _, err = file.Write(appendRecord(nil, p)); err != nil {
			delete(checked, path) // half of it may be there
		}
	}
	return errors.Join(err, file.Close())
}

func repair(path string) error {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, good := parseRecords(raw); good < len(raw) {
		return os.Truncate(path, int64(good))
	}
	return nil
}

// sweep removes the files of a folder that are older than their tier keeps.
func sweep(dir string, now time.Time) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !outdated(entry.Name(), now) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("remove old figures: %w", err)
		}
	}
	return nil
}

func outdated(file string, now time.Time) bool {
	name, number, _ := strings.Cut(file, "-")
	n, err := strconv.ParseInt(number, 10, 64)
	for i := range tiers {
		if t := &tiers[i]; t.name == name && err == nil {
			return (n+1)*t.slots <= t.oldest(now)
		}
	}
	return false
}
