package postgres

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// clearLeftovers ends the processes of a postgres that outlived its server.
// The caller holds the folder's lock, so they cannot belong to a living one.
// They are known by their working directory, which is the data folder for
// every process of PostgreSQL's: a number in a file may have been given to
// another program since.
func clearLeftovers(ctx context.Context, data string, logger *slog.Logger) error {
	pidFile := filepath.Join(data, "postmaster.pid")
	postmaster := readPID(pidFile)
	steps := []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, 20 * time.Second}, {syscall.SIGQUIT, 5 * time.Second}, {syscall.SIGKILL, 5 * time.Second}}
	for _, step := range steps {
		left := processesIn(data)
		if len(left) == 0 {
			break
		}
		logger.Info("a postgres was left over, stopping it", "pids", left, "signal", step.signal.String())
		for _, pid := range left {
			// Children end with their postmaster; SIGINT would only cancel their query.
			if pid == postmaster || step.signal == syscall.SIGKILL {
				_ = syscall.Kill(pid, step.signal) // it may be gone by now
			}
		}
		if err := waitGone(ctx, data, step.wait); err != nil {
			return err
		}
	}
	if left := processesIn(data); len(left) > 0 {
		return models.Errorf(models.KindUnavailable, "a PostgreSQL left over in %s does not stop (processes %v)", data, left)
	}
	// Nothing uses the folder, so the file is stale whoever has its number now.
	if err := os.Remove(pidFile); err != nil && !os.IsNotExist(err) {
		return models.Wrap(err, models.KindUnavailable, "cannot remove the stale %s", pidFile)
	}
	return nil
}

// waitGone returns when no process works in dir or max is over.
func waitGone(ctx context.Context, dir string, max time.Duration) error {
	deadline := time.NewTimer(max)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for len(processesIn(dir)) > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return nil
		case <-tick.C:
		}
	}
	return nil
}

// processesIn lists the processes whose working directory is dir.
func processesIn(dir string) []int {
	want, err := os.Stat(dir)
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		cwd, err := os.Stat(filepath.Join("/proc", entry.Name(), "cwd"))
		if err == nil && os.SameFile(want, cwd) && isPostgres(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// isPostgres leaves out an operator's shell that stands in the folder.
func isPostgres(pid int) bool {
	comm, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	name := strings.TrimSpace(string(comm))
	return err == nil && (name == "postgres" || name == "postmaster")
}

// readPID gives the number in the first line of a postmaster.pid, 0 if none.
func readPID(path string) int {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 {
		return 0
	}
	return pid
}
