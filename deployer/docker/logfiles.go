package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	cerrdefs "github.com/containerd/errdefs"

	"github.com/slipway-paas/slipway/deployer"
)

const (
	// maxEntry is far above what an engine writes as one line of its files: a
	// piece of 16 KiB in which each byte takes six.
	maxEntry = 1 << 20

	// readAhead is how much of a file is read at once, and about how much text
	// a batch holds.
	readAhead = 256 << 10

	batchLines = 1000
)

var readBuffers = sync.Pool{New: func() any { b := make([]byte, 0, readAhead); return &b }}

var _ deployer.LogFiles = (*Cluster)(nil)

// LogsFrom implements deployer.LogFiles for the engine's json-file driver, on
// this machine, where the engine's folder can be read.
func (c *Cluster) LogsFrom(ctx context.Context, id string, place deployer.LogPlace) iter.Seq2[deployer.LogBatch, error] {
	return func(yield func(deployer.LogBatch, error) bool) {
		err := c.logsFrom(ctx, id, place, func(b deployer.LogBatch) bool { return yield(b, nil) })
		if err != nil && !errors.Is(err, errStopped) {
			yield(deployer.LogBatch{}, err)
		}
	}
}

func (c *Cluster) logsFrom(ctx context.Context, id string, place deployer.LogPlace, yield func(deployer.LogBatch) bool) error {
	path, err := c.logPath(ctx, id)
	if err != nil || path == "" {
		return err
	}
	return readLog(ctx, &c.notices, path, place, yield)
}

// readLog reads the files at path from a place on.
func readLog(ctx context.Context, notices *notifier, path string, place deployer.LogPlace, yield func(deployer.LogBatch) bool) error {
	r := &logReader{chain: logChain{path: path}, yield: yield}
	defer r.chain.close()
	woken := make(chan struct{}, 1)
	wake := func() {
		select {
		case woken <- struct{}{}:
		default: // it is awake
		}
	}
	var seen fileState
	look := func() {
		if now := stateOf(path); now != seen || now == (fileState{}) {
			seen = now
			r.stale.Store(true)
			wake()
		}
	}
	made := func() { _ = r.chain.refresh() } // the reader meets the error at the next look
	stop, err := notices.watch(filepath.Dir(path), &watch{changed: wake, made: made, look: look})
	if err != nil {
		return fmt.Errorf("%w: %w", deployer.ErrNoLogFile, err)
	}
	defer stop()
	if err := r.begin(place); err != nil {
		return err
	}
	return r.run(ctx, woken)
}

// logPath gives where the engine keeps an instance's output, "" for one that
// is not there.
func (c *Cluster) logPath(ctx context.Context, id string) (string, error) {
	found, err := c.API.ContainerInspect(ctx, id)
	if cerrdefs.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fail(ctx, "inspect a container", err)
	}
	labels := found.Config.Labels
	if labels[LabelInstallation] != c.installation || labels[LabelKind] == "" {
		return "", nil
	}
	how := found.HostConfig.LogConfig
	switch {
	case how.Type != "json-file" || found.LogPath == "":
		return "", fmt.Errorf("%w: the log driver is %q", deployer.ErrNoLogFile, how.Type)
	case how.Config["compress"] == "true", how.Config["max-size"] != "" && (how.Config["max-file"] == "" || how.Config["max-file"] == "1"):
		// The engine may empty or compress a file before it is read.
		return "", fmt.Errorf("%w: the log driver's options are %v", deployer.ErrNoLogFile, how.Config)
	}
	// The ID in its path makes it this engine's and no other's.
	if _, err := os.Stat(filepath.Dir(found.LogPath)); err != nil {
		return "", fmt.Errorf("%w: %w", deployer.ErrNoLogFile, err)
	}
	return found.LogPath, nil
}

// logReader reads a chain of files in order.
type logReader struct {
	chain logChain
	stale atomic.Bool // files may have come that the chain was not told of
	yield func(deployer.LogBatch) bool

	at     *logFile
	offset int64  // in it, of the first byte in buf
	buf    []byte // read and not taken apart yet
	parser entryParser
	lineOf [2]lineBuffer
	batch  deployer.LogBatch
	size   int // of the batch's text
}

// begin opens what there is and goes to a place in it.
func (r *logReader) begin(place deployer.LogPlace) error {
	if err := r.chain.refresh(); err != nil {
		return fmt.Errorf("%w: %w", deployer.ErrNoLogFile, err)
	}
	if place != (deployer.LogPlace{}) {
		if err := r.chain.goTo(place); err != nil {
			return err
		}
	}
	r.at, _ = r.chain.first()
	r.offset = place.Offset
	return nil
}

// fileState is what changes with a file whenever somebody writes to it, goes on
// to another, or removes it.
type fileState struct {
	inode uint64
	size  int64
}

// stateOf gives the state of a file, the zero value for one that is not there.
func stateOf(path string) fileState {
	info, err := os.Lstat(path)
	if err != nil {
		return fileState{}
	}
	return fileState{inode: inode(info), size: info.Size()}
}

// run reads until the instance is removed or ctx ends.
func (r *logReader) run(ctx context.Context, woken <-chan struct{}) error {
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// Asked before reading: what was written before the instance was
		// removed is there by now.
		removed := r.removed()
		if r.stale.Swap(false) && !removed {
			if err := r.chain.refresh(); err != nil {
				return err
			}
		}
		if err := r.read(ctx); err != nil {
			return err
		}
		if removed {
			return r.finish()
		}
		select {
		case <-ctx.Done():
		case <-woken:
		}
	}
}

// removed says whether the engine has deleted the instance's folder.
func (r *logReader) removed() bool {
	_, err := os.Stat(filepath.Dir(r.chain.path))
	return errors.Is(err, fs.ErrNotExist)
}

// read hands on all there is. While nothing is written it holds no memory.
func (r *logReader) read(ctx context.Context) error {
	if r.buf == nil {
		r.buf = (*readBuffers.Get().(*[]byte))[:0]
	}
	defer func() {
		if len(r.buf) == 0 && cap(r.buf) == readAhead {
			lent := r.buf
			readBuffers.Put(&lent)
			r.buf = nil
		}
		if cap(r.batch.Lines) > 64 {
			r.batch.Lines = nil
		}
	}()
	for ctx.Err() == nil {
		if r.at == nil {
			if r.at, _ = r.chain.first(); r.at == nil {
				return nil
			}
		}
		_, whole := r.chain.first() // asked before reading, as well
		n, err := r.fill()
		if err != nil {
			return err
		}
		if !r.takeApart() {
			return errStopped
		}
		if n > 0 {
			continue
		}
		if err := r.handOn(); err != nil || !whole {
			return err
		}
		r.next()
	}
	return ctx.Err()
}

// fill reads on in the present file.
func (r *logReader) fill() (int, error) {
	if len(r.buf) == cap(r.buf) { // one long entry, as the rest is taken apart
		if len(r.buf) >= maxEntry {
			r.offset += int64(len(r.buf))
			r.buf = make([]byte, 0, readAhead)
		} else {
			r.buf = append(make([]byte, 0, 2*cap(r.buf)), r.buf...)
		}
	}
	free := r.buf[len(r.buf):cap(r.buf)]
	n, err := r.at.file.ReadAt(free, r.offset+int64(len(r.buf)))
	r.buf = r.buf[:len(r.buf)+n]
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if n == 0 && err == nil {
		if info, err := r.at.file.Stat(); err == nil && info.Size() < r.offset {
			r.offset, r.buf = 0, r.buf[:0] // somebody has emptied it
		}
	}
	return n, err
}

// takeApart makes lines of the entries in buf that are whole.
func (r *logReader) takeApart() bool {
	rest := r.buf
	for {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			break
		}
		e, ok := r.parser.parse(rest[:end])
		rest = rest[end+1:]
		r.offset += int64(end + 1)
		if ok && !r.lineOf[streamIndex(e.stderr)].add(e, r.add) {
			return false
		}
		if (len(r.batch.Lines) >= batchLines || r.size >= readAhead) && r.handOn() != nil {
			return false
		}
	}
	r.buf = r.buf[:copy(r.buf, rest)]
	return true
}

func (r *logReader) add(line deployer.LogLine) bool {
	r.batch.Lines = append(r.batch.Lines, line)
	r.size += len(line.Text)
	return true
}

// handOn yields the batch there is.
func (r *logReader) handOn() error {
	if len(r.batch.Lines) == 0 && r.batch.Lost == 0 {
		return nil
	}
	r.batch.End = deployer.LogPlace{}
	if len(r.lineOf[0].text) == 0 && len(r.lineOf[1].text) == 0 {
		began, err := r.at.beginning()
		if err != nil {
			return err
		}
		r.batch.End = deployer.LogPlace{File: r.at.inode, Began: began, Offset: r.offset}
	}
	if !r.yield(r.batch) {
		return errStopped
	}
	clear(r.batch.Lines)
	r.batch.Lines, r.batch.Lost, r.size = r.batch.Lines[:0], 0, 0
	return nil
}

// next goes on to the file after the present one, which has been read. What a
// crash of the engine left of a line at its end is nothing.
func (r *logReader) next() {
	r.at, r.offset, r.buf = nil, 0, r.buf[:0]
	if r.batch.Lost = r.chain.drop(); r.batch.Lost != 0 {
		r.flush(true) // its rest is lost
	}
}

// flush makes lines of what has no newline.
func (r *logReader) flush(partial bool) {
	for i := range r.lineOf {
		if len(r.lineOf[i].text) > 0 {
			r.lineOf[i].flush(i == 1, partial, r.add)
		}
	}
}

// finish hands on what has no newline and never will.
func (r *logReader) finish() error {
	r.flush(false)
	return r.handOn()
}
