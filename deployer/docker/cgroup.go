package docker

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// cgroups reads what containers use out of the kernel's own files, where the
// engine runs on this machine and its control groups can be seen. Asking the
// engine costs a hundred times as much, here and there. Its zero value looks at
// /sys/fs/cgroup.
type cgroups struct{ root string }

// The places where an engine puts a container's group: the second version of
// control groups, then the first, each with the engine's own driver and
// systemd's. A %s is the container's ID.
var (
	unified  = []string{"docker/%s", "system.slice/docker-%s.scope"}
	cpuacct  = []string{"cpuacct/docker/%s", "cpuacct/system.slice/docker-%s.scope"}
	memories = []string{"memory/docker/%s", "memory/system.slice/docker-%s.scope"}
)

// read gives the processor time and the working set in bytes of a running
// container, and false where they are not to be had.
func (g cgroups) read(id string) (cpu time.Duration, memory int64, ok bool) {
	if len(id) != 64 || strings.ContainsAny(id, "/.") {
		return 0, 0, false
	}
	for _, place := range unified {
		dir := g.dir(place, id)
		current, okCurrent := number(filepath.Join(dir, "memory.current"))
		micros, okCPU := field(filepath.Join(dir, "cpu.stat"), "usage_usec")
		inactive, okStat := field(filepath.Join(dir, "memory.stat"), "inactive_file")
		if okCurrent && okCPU && okStat {
			return time.Duration(micros) * time.Microsecond, max(current-inactive, 0), true
		}
	}
	for i := range cpuacct {
		nanos, okCPU := number(filepath.Join(g.dir(cpuacct[i], id), "cpuacct.usage"))
		dir := g.dir(memories[i], id)
		current, okCurrent := number(filepath.Join(dir, "memory.usage_in_bytes"))
		inactive, okStat := field(filepath.Join(dir, "memory.stat"), "total_inactive_file")
		if okCPU && okCurrent && okStat {
			return time.Duration(nanos), max(current-inactive, 0), true
		}
	}
	return 0, 0, false
}

func (g cgroups) dir(place, id string) string {
	root := g.root
	if root == "" {
		root = "/sys/fs/cgroup"
	}
	return filepath.Join(root, strings.Replace(place, "%s", id, 1))
}

// number reads a file that holds one.
func number(path string) (int64, bool) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 64)
	return n, err == nil
}

// field reads a number out of a file of lines "name number".
func field(path, name string) (int64, bool) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	return fieldOf(raw, name)
}

func fieldOf(raw []byte, name string) (int64, bool) {
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), " ")
		if ok && key == name {
			n, err := strconv.ParseInt(value, 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
