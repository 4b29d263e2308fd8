package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	idleApps = 100
	// idleWindow is for how long the processor's time is counted: a hundredth of
	// a second, which is how exact the kernel counts, is then 0.05 % of a core.
	idleWindow = 20 * time.Second
	tick       = 10 * time.Millisecond // USER_HZ is 100 wherever Go runs
)

// measureIdle looks at an installation with 100 running apps that nobody asks
// for anything: its memory, its processor time, and how long it takes to start
// again.
func measureIdle(ctx context.Context, b *bench) error {
	in, err := b.install(ctx)
	if err != nil {
		return err
	}
	if err := in.fill(ctx, idleApps); err != nil {
		return err
	}
	if err := measureStart(ctx, in); err != nil {
		return err
	}
	e, err := b.engine()
	if err != nil {
		return err
	}
	router, err := e.ContainerInspect(ctx, in.name+"-router")
	if err != nil {
		return err
	}
	server := in.server.cmd.Process.Pid
	if err := quiet(ctx, server); err != nil {
		return err
	}
	database, err := in.postgres()
	if err != nil {
		return err
	}
	var shares []float64
	figures, err := b.interleave(ctx, "% of a core", side{"server and router", func(ctx context.Context) (float64, error) {
		ours, err := busy(ctx, idleWindow, server, router.State.Pid)
		return 100 * ours, err
	}}, side{"postgres", func(ctx context.Context) (float64, error) {
		used, err := busy(ctx, idleWindow, database...)
		return 100 * used, err
	}}, side{"server MB", func(context.Context) (float64, error) {
		share, err := memoryMB(server)
		shares = append(shares, share)
		if err != nil {
			return 0, err
		}
		return residentMB(server)
	}}, side{"router MB", func(context.Context) (float64, error) { return residentMB(router.State.Pid) }})
	if err != nil {
		return err
	}
	b.record("idle_rss_mb", alone("MB", figures["server MB"]).atMost(ofOurs, 80).other("proportional share MB", median(shares)))
	b.record("idle_router_rss_mb", alone("MB", figures["router MB"]).atMost(ofOurs, 25))
	b.record("idle_cpu_100_apps", alone("% of a core", figures["server and router"]).atMost(ofOurs, 0.5).other("postgres % of a core", median(figures["postgres"])))
	return nil
}

// fill makes running apps of one image.
func (in *installation) fill(ctx context.Context, apps int) error {
	s, err := in.b.newSource(ctx, "idle", "")
	if err != nil {
		return err
	}
	if err := in.pushApp(ctx, s, "idle-0"); err != nil {
		return err
	}
	var release struct{ Image string }
	if err := in.call(ctx, http.MethodGet, "/api/v1/apps/idle-0/releases/1", nil, &release); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i := 1; i < apps; i++ {
		name := fmt.Sprint("idle-", i)
		group.Go(func() error {
			if err := in.call(ctx, http.MethodPost, "/api/v1/apps", map[string]any{"name": name, "image": release.Image}, nil); err != nil {
				return err
			}
			return until(ctx, 5*time.Minute, name+" is live", func() error {
				status, _, err := in.visit(ctx, name, "/")
				if err == nil && status != http.StatusOK {
					err = errors.New(http.StatusText(status))
				}
				return err
			})
		})
	}
	return group.Wait()
}

// measureStart takes the time from the start of the server on its database to
// its being ready.
func measureStart(ctx context.Context, in *installation) error {
	figures, err := in.b.interleave(ctx, "s", side{"ours", func(ctx context.Context) (float64, error) {
		if err := in.server.stop(); err != nil {
			return 0, err
		}
		began := time.Now()
		err := in.start(ctx)
		return time.Since(began).Seconds(), err
	}})
	if err != nil {
		return err
	}
	in.b.record("start_seconds", alone("s", figures["ours"]).atMost(ofOurs, 2).other("apps", idleApps))
	return nil
}

// quiet waits until a process that has just started has done what there is to
// do then: less than a tenth of a core within a second.
func quiet(ctx context.Context, pid int) error {
	for range 120 {
		used, err := busy(ctx, time.Second, pid)
		if err != nil || used < 0.1 {
			return err
		}
	}
	return errors.New("the server does not come to rest")
}

// busy gives how many cores processes use within a while.
func busy(ctx context.Context, window time.Duration, pids ...int) (float64, error) {
	before, err := used(pids)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(window):
	}
	after, err := used(pids)
	return (after - before).Seconds() / time.Since(began).Seconds(), err
}

// used gives the processor time of processes, user's and system's.
func used(pids []int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range pids {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		ticks, err := parseStat(string(raw))
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ticks) * tick
	}
	return sum, nil
}

// parseStat reads the ticks of processor time in a line of /proc/<pid>/stat.
func parseStat(line string) (int64, error) {
	// The name, in brackets, may hold anything.
	fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("%.100q is not what the kernel writes", line)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return user + system, err
}

// residentMB gives the resident memory of a process.
func residentMB(pid int) (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("process %d tells nothing of its memory", pid)
}

// postgres gives the process numbers of the installation's Postgres that live
// as long as it does.
func (in *installation) postgres() ([]int, error) {
	found, err := filepath.Glob(filepath.Join(in.data, "postgres", "*", "postmaster.pid"))
	if err != nil || len(found) != 1 {
		return nil, errors.Join(err, fmt.Errorf("%d postmaster.pid", len(found)))
	}
	content, err := os.ReadFile(found[0])
	if err != nil {
		return nil, err
	}
	first, _, _ := strings.Cut(string(content), "\n")
	postmaster, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return nil, err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", postmaster, postmaster))
	if err != nil {
		return nil, err
	}
	pids := []int{postmaster}
	for _, child := range strings.Fields(string(children)) {
		pid, err := strconv.Atoi(child)
		if err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	return pids, nil
}
