package docker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCgroups(t *testing.T) {
	id := strings.Repeat("a1", 32)
	for name, files := range map[string]map[string]string{
		"second version, systemd": {
			"system.slice/docker-" + id + ".scope/memory.current": "3000\n",
			"system.slice/docker-" + id + ".scope/memory.stat":    "anon 5\ninactive_file 1000\nactive_file 7\n",
			"system.slice/docker-" + id + ".scope/cpu.stat":       "usage_usec 2500\nuser_usec 1\n",
		},
		"first version": {
			"cpuacct/docker/" + id + "/cpuacct.usage":        "2500000\n",
			"memory/docker/" + id + "/memory.usage_in_bytes": "3000\n",
			"memory/docker/" + id + "/memory.stat":           "inactive_file 1\n" + strings.Repeat("more_than_one_buffer 1\n", 1000) + "total_inactive_file 1000\n",
		},
	} {
		root := t.TempDir()
		for path, text := range files {
			path = filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		groups, reader := &cgroups{root: root}, &groupReader{}
		cpu, memory, ok := groups.read(reader, id)
		if !ok || cpu != 2500*time.Microsecond || memory != 2000 {
			t.Errorf("%s: %s, %d, %t", name, cpu, memory, ok)
		}
		for _, other := range []string{strings.Repeat("b2", 32), "", "../" + id, id[:12]} {
			if _, _, ok := groups.read(reader, other); ok {
				t.Errorf("%s: %q is read", name, other)
			}
		}
		for path := range files { // half of it is as good as nothing
			if err := os.Remove(filepath.Join(root, path)); err != nil {
				t.Fatal(err)
			}
			break
		}
		if _, _, ok := groups.read(reader, id); ok {
			t.Errorf("%s: half of it passes for all", name)
		}
	}
}

func FuzzCgroupField(f *testing.F) {
	f.Add([]byte("anon 5\ninactive_file 1000\n"), "inactive_file")
	f.Add([]byte("usage_usec x\n\n a b c\n"), "usage_usec")
	f.Add([]byte{0, 10, 255}, "")
	f.Fuzz(func(t *testing.T, raw []byte, name string) {
		if n, ok := fieldOf(raw, name); !ok && n != 0 && n != -1<<63 && n != 1<<63-1 {
			t.Errorf("%d without being one", n)
		}
	})
}
