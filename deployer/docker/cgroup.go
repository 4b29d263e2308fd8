package docker

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// cgroups reads what containers use out of the kernel's own files, where the
// engine runs on this machine and its control groups can be seen. Asking the
// engine costs a hundred times as much, here and there. Its zero value looks at
// /sys/fs/cgroup. It is safe for concurrent use.
type cgroups struct {
	root string
	last atomic.Int32 // the place at which the newest container was found
}

// groupPlace is where an engine puts a container's group, and which of its
// files tell what. A %s is the container's ID.
type groupPlace struct {
	cpu, memory string // folders
	usage       func(g *groupReader, cpu, memory string) (time.Duration, int64, bool)
}

// The places: the second version of control groups, then the first, each with
// the engine's own driver and systemd's.
var groupPlaces = []groupPlace{
	{"docker/%s", "docker/%s", (*groupReader).second},
	{"system.slice/docker-%s.scope", "system.slice/docker-%s.scope", (*groupReader).second},
	{"cpuacct/docker/%s", "memory/docker/%s", (*groupReader).first},
	{"cpuacct/system.slice/docker-%s.scope", "memory/system.slice/docker-%s.scope", (*groupReader).first},
}

// read gives the processor time and the working set in bytes of a running
// container, and false where they are not to be had.
func (g *cgroups) read(r *groupReader, id string) (cpu time.Duration, memory int64, ok bool) {
	if len(id) != 64 || strings.ContainsAny(id, "/.") {
		return 0, 0, false
	}
	// One engine puts all of them in the same place.
	last := int(g.last.Load())
	for i := range groupPlaces {
		at := (last + i) % len(groupPlaces)
		place := &groupPlaces[at]
		cpu, memory, ok = place.usage(r, g.dir(place.cpu, id), g.dir(place.memory, id))
		if ok {
			g.last.Store(int32(at))
			return cpu, memory, true
		}
	}
	return 0, 0, false
}

func (g *cgroups) dir(place, id string) string {
	root := g.root
	if root == "" {
		root = "/sys/fs/cgroup"
	}
	return filepath.Join(root, strings.Replace(place, "%s", id, 1))
}

// groupReader reads files of control groups with one buffer for all, and with
// as few system calls as can be: hundreds are read every few seconds. The zero
// value is ready.
type groupReader struct{ buf []byte }

func (r *groupReader) second(cpu, memory string) (time.Duration, int64, bool) {
	current, ok := r.number(memory + "/memory.current")
	if !ok {
		return 0, 0, false
	}
	micros, okCPU := r.field(cpu+"/cpu.stat", "usage_usec")
	inactive, okStat := r.field(memory+"/memory.stat", "inactive_file")
	return time.Duration(micros) * time.Microsecond, max(current-inactive, 0), okCPU && okStat
}

func (r *groupReader) first(cpu, memory string) (time.Duration, int64, bool) {
	nanos, ok := r.number(cpu + "/cpuacct.usage")
	if !ok {
		return 0, 0, false
	}
	current, okCurrent := r.number(memory + "/memory.usage_in_bytes")
	inactive, okStat := r.field(memory+"/memory.stat", "total_inactive_file")
	return time.Duration(nanos), max(current-inactive, 0), okCurrent && okStat
}

// number reads a file that holds one.
func (r *groupReader) number(path string) (int64, bool) {
	raw, err := r.whole(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 64)
	return n, err == nil
}

// field reads a number out of a file of lines "name number".
func (r *groupReader) field(path, name string) (int64, bool) {
	raw, err := r.whole(path)
	if err != nil {
		return 0, false
	}
	return fieldOf(raw, name)
}

// whole gives what a file holds, until the next call. It goes around package
// os, which would have the kernel watch each file.
func (r *groupReader) whole(path string) ([]byte, error) {
	fd, err := uninterrupted(func() (int, error) { return syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0) })
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = syscall.Close(fd) }() // only read from
	if r.buf == nil {
		r.buf = make([]byte, 8<<10)
	}
	for have := 0; ; {
		n, err := uninterrupted(func() (int, error) { return syscall.Read(fd, r.buf[have:]) })
		if err != nil {
			return nil, &os.PathError{Op: "read", Path: path, Err: err}
		}
		if n == 0 {
			return r.buf[:have], nil
		}
		if have += n; have == len(r.buf) {
			r.buf = append(r.buf, make([]byte, len(r.buf))...)
		}
	}
}

func uninterrupted(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}

func fieldOf(raw []byte, name string) (int64, bool) {
	for line := range bytes.Lines(raw) {
		key, value, ok := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(" "))
		if ok && string(key) == name {
			n, err := strconv.ParseInt(string(value), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
