package logs_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/logs"
)

// TestDiskFull runs itself again with mounts of its own, where it may make a
// very small disk.
func TestDiskFull(t *testing.T) {
	if os.Getenv("LOGS_TEST_DISK") != "" {
		diskFull(t)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestDiskFull$", "-test.v")
	cmd.Env = append(os.Environ(), "LOGS_TEST_DISK="+t.TempDir())
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	cmd.SysProcAttr = attr
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Fatalf("%v\n%s", err, out)
	}
}

func diskFull(t *testing.T) {
	disk := os.Getenv("LOGS_TEST_DISK")
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(disk, "logs"), logs.Options{SegmentBytes: 16 << 10})
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 200<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	written := 0
	for {
		last, err := s.Append("app-1", text(written+1))
		if err != nil {
			if models.KindOf(err) != models.KindUnavailable || !strings.Contains(models.SafeMessage(err), "disk full") {
				t.Fatalf("failed with %v", err)
			}
			if last != int64(written) {
				t.Fatalf("the last line is %d, want %d", last, written)
			}
			break
		}
		written++
	}
	if _, err := s.Append("app-1", text(0), text(0)); models.KindOf(err) != models.KindUnavailable {
		t.Fatalf("still full: %v", err)
	}
	lines, _ := readAll(t, s, "app-1", 0) // reading goes on
	wantRun(t, lines, 1, written)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	last, err := s.Append("app-1", text(written+2))
	if err != nil || last != int64(written+2) {
		t.Fatalf("with room again: %d, %v", last, err)
	}
	lines, _ = readAll(t, s, "app-1", int64(written))
	if len(lines) != 2 || lines[0].Text != "3 lines could not be written: disk full" || lines[0].Source != logs.SourceSlipway {
		t.Fatalf("afterwards %+v", lines)
	}
	if want := fmt.Sprintf("line %d", written+2); lines[1].Text != want {
		t.Errorf("then %q, want %q", lines[1].Text, want)
	}
	// Nothing torn is left behind for the next start.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, gaps := readAll(t, open(t, filepath.Join(disk, "logs"), logs.Options{}), "app-1", 0)
	if len(again) != written+2 || len(gaps) > 0 {
		t.Errorf("after a restart %d lines, gaps %v", len(again), gaps)
	}
}
