package docker

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"sync"

	"github.com/slipway-paas/slipway/deployer"
)

const (
	// maxHeld is how many of an instance's files are held open at most, which
	// keeps what the engine has deleted on the disk.
	maxHeld = 8

	// maxRotated is how many files beside the one written to are looked for.
	maxRotated = 9
)

// logChain is the files that an engine keeps of one instance's output, oldest
// first. The engine goes on to a new file when one is full, and deletes the
// oldest; one that is open stays readable. So each file is opened as soon as
// it is there, and a reader that is slow misses nothing.
//
// refresh may be called while the first file is read; the reader's methods may
// not be called concurrently.
type logChain struct {
	path string

	mu   sync.Mutex
	held []*logFile
	gone bool // closed

	// Guards what is skipped, and is taken after mu. While lines are counted,
	// which takes some time, only who wants to know how many waits.
	counting sync.Mutex
}

type logFile struct {
	file    *os.File
	inode   uint64
	began   int64 // the time of its first line in nanoseconds, 0 as long as it has none
	skipped int64 // lines left out between this file and the next, or LostUnknown
}

// refresh opens the files that are new since the last call.
func (c *logChain) refresh() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return nil
	}
	fresh, missed, err := c.unknown()
	if err != nil {
		return err
	}
	if n := len(c.held); n > 0 && missed {
		c.counting.Lock()
		c.held[n-1].skipped = deployer.LostUnknown
		c.counting.Unlock()
	}
	c.held = append(c.held, fresh...)
	for len(c.held) > maxHeld {
		c.skip()
	}
	return nil
}

// unknown opens the files that are newer than those held, oldest first. It
// says whether there were others between, which the engine has deleted.
func (c *logChain) unknown() (fresh []*logFile, missed bool, err error) {
	for {
		fresh = nil
		known := false
		for i := 0; i <= maxRotated && !known; i++ { // from the newest
			f, err := openLog(c.nameOf(i))
			if errors.Is(err, fs.ErrNotExist) {
				continue // while they are renamed, there is one name too few
			}
			if err != nil {
				return nil, false, errors.Join(err, closeAll(fresh))
			}
			if known = has(c.held, f.inode); known || has(fresh, f.inode) {
				_ = f.file.Close() // only read from
				continue
			}
			fresh = append(fresh, f)
		}
		if c.unmoved(fresh) {
			slices.Reverse(fresh)
			return fresh, !known && len(fresh) > 0, nil
		}
		if err := closeAll(fresh); err != nil { // they were renamed underneath
			return nil, false, err
		}
	}
}

func (c *logChain) nameOf(age int) string {
	if age == 0 {
		return c.path
	}
	return c.path + "." + strconv.Itoa(age)
}

func has(files []*logFile, inode uint64) bool {
	return slices.ContainsFunc(files, func(f *logFile) bool { return f.inode == inode })
}

// unmoved says whether the newest of files, which come newest first, is still
// where the newest one is.
func (c *logChain) unmoved(files []*logFile) bool {
	if len(files) == 0 {
		return true
	}
	info, err := os.Stat(c.path)
	if err != nil {
		info, err = os.Stat(c.nameOf(1))
	}
	return err != nil || inode(info) == files[0].inode
}

func openLog(path string) (*logFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &logFile{file: file, inode: inode(info)}, nil
}

func closeAll(files []*logFile) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, f.file.Close())
	}
	return errors.Join(errs...)
}

// skip leaves out the oldest file that is not being read. Its lines are counted
// meanwhile: who refreshes has other instances to see to.
func (c *logChain) skip() {
	before, left := c.held[0], c.held[1]
	c.held = slices.Delete(c.held, 1, 2)
	c.counting.Lock() // one file at a time, and no more are kept from being deleted
	go func() {
		defer c.counting.Unlock()
		n, err := countLines(left.file)
		_ = left.file.Close() // only read from
		if err != nil || before.skipped < 0 || left.skipped < 0 {
			before.skipped = deployer.LostUnknown
			return
		}
		before.skipped += n + left.skipped
	}()
}

// lineEnd is what follows a newline in an entry, and in nothing else.
var lineEnd = []byte(`\n","stream":"`)

func countLines(r io.Reader) (n int64, err error) {
	buf := make([]byte, 256<<10)
	kept := 0
	for {
		size, err := r.Read(buf[kept:])
		have := buf[:kept+size]
		n += int64(bytes.Count(have, lineEnd))
		// An end may be cut in two. What is kept has no whole one.
		kept = copy(buf, have[max(0, len(have)-len(lineEnd)+1):])
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// first gives the file to read, nil if there is none, and whether it is whole:
// whether the engine writes to another one by now.
func (c *logChain) first() (f *logFile, whole bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.held) == 0 {
		return nil, false
	}
	return c.held[0], len(c.held) > 1
}

// drop lets go of the first file, which has been read, and gives how many
// lines were left out behind it.
func (c *logChain) drop() (skipped int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counting.Lock()
	skipped = c.held[0].skipped
	c.counting.Unlock()
	_ = c.held[0].file.Close() // only read from
	c.held = c.held[1:]
	return skipped
}

// goTo drops what is before a place.
func (c *logChain) goTo(place deployer.LogPlace) error {
	for {
		f, _ := c.first()
		if f == nil {
			return deployer.ErrPlaceGone
		}
		began, err := f.beginning()
		if err != nil {
			return err
		}
		if f.inode == place.File && began == place.Began {
			info, err := f.file.Stat()
			if err == nil && info.Size() < place.Offset {
				err = deployer.ErrPlaceGone
			}
			return err
		}
		c.drop()
	}
}

// beginning gives the time of the file's first line, 0 if it has none yet. It
// makes a file known again after others have come and gone with its inode.
func (f *logFile) beginning() (int64, error) {
	if f.began != 0 {
		return f.began, nil
	}
	buf := make([]byte, 4<<10)
	for {
		n, err := f.file.ReadAt(buf, 0)
		if end := bytes.IndexByte(buf[:n], '\n'); end >= 0 {
			var p entryParser
			if e, ok := p.parse(buf[:end]); ok {
				f.began = e.at.UnixNano()
			} else {
				f.began = 1 // torn, and still not without a line
			}
			return f.began, nil
		}
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil || len(buf) >= maxEntry {
			return 0, err
		}
		buf = make([]byte, 4*len(buf))
	}
}

func (c *logChain) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	_ = closeAll(c.held) // only read from
	c.held = nil
}
