//go:build failpoint

package failpoint

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Hit does what the folder says of the point. It is safe for concurrent use.
func Hit(name string) {
	dir := os.Getenv("SLIPWAY_FAILPOINTS")
	if dir == "" {
		return
	}
	path := filepath.Join(dir, name)
	order, err := os.ReadFile(path)
	if err != nil {
		return
	}
	switch strings.TrimSpace(string(order)) {
	case "kill":
		// Of several that come here at once, one takes the order.
		if os.Remove(path) == nil {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	case "wait":
		for there(path) {
			time.Sleep(2 * time.Millisecond) // a file cannot be waited for without looking
		}
	}
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
