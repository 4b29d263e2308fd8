package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// bench is what a measurement works with. What it starts ends with it.
type bench struct {
	dir     string // a folder of its own
	repeat  int    // rounds
	slipway string // the programs, absolute
	router  string
	app     string // bench/app, built
	results results

	cleanups []func() error
}

// measure runs one measurement in a folder of its own.
func (b *bench) measure(ctx context.Context, m measurement) (err error) {
	own := *b
	own.cleanups = nil
	if own.dir, err = os.MkdirTemp(b.dir, m.names[0]+"-"); err != nil {
		return err
	}
	if err := os.Chmod(own.dir, 0o755); err != nil {
		return err
	}
	defer func() {
		for _, cleanup := range slices.Backward(own.cleanups) {
			err = errors.Join(err, cleanup())
		}
	}()
	return m.run(ctx, &own)
}

// cleanup has something done at the end of the measurement, the last first.
func (b *bench) cleanup(do func() error) { b.cleanups = append(b.cleanups, do) }

// side is one of those that are compared: run gives one figure.
type side struct {
	name string
	run  func(context.Context) (float64, error)
}

// interleave runs all sides in turn, round after round, and gives the figures
// of each by name. The first round warms up and is not counted.
func (b *bench) interleave(ctx context.Context, unit string, sides ...side) (map[string][]float64, error) {
	figures := map[string][]float64{}
	for round := range b.repeat + 1 {
		line := fmt.Sprintf("  round %d", round)
		if round == 0 {
			line = "  warming"
		}
		for _, s := range sides {
			figure, err := s.run(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			if round > 0 {
				figures[s.name] = append(figures[s.name], figure)
			}
			line += fmt.Sprintf("  %s %s", s.name, readable(figure))
		}
		fmt.Println(line, unit)
	}
	return figures, nil
}

// median gives the middle of some figures, of an even number the mean of two.
func median(figures []float64) float64 {
	if len(figures) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(figures))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// percentile gives the figure that a share of all is at most.
func percentile(figures []float64, share float64) float64 {
	if len(figures) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

// ratio is the median of the rounds' ratios: what slows a whole round down
// leaves it alone.
func ratio(ours, reference []float64) float64 {
	var each []float64
	for i := range min(len(ours), len(reference)) {
		if reference[i] != 0 {
			each = append(each, ours[i]/reference[i])
		}
	}
	return median(each)
}

// process is a program that was started and runs until stop.
type process struct {
	name  string
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
}

// start starts a program with its output in a log, and stops it at the end.
func (b *bench) start(cmd *exec.Cmd, name string) (*process, error) {
	p := &process{name: name, cmd: cmd, log: filepath.Join(b.dir, name+".log"), ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us, who stop it in order
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = cmd.Wait(); close(p.ended) }()
	b.cleanup(p.stop)
	return p, nil
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// stop ends the program in order, or after a minute by force.
func (p *process) stop() error {
	if !p.running() {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(time.Minute):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.ended
		return fmt.Errorf("%s did not stop within a minute", p.name)
	}
}

// tail gives the end of the program's log.
func (p *process) tail() string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-4<<10):])
}

// until waits until a condition holds, looking often.
func until(ctx context.Context, within time.Duration, what string, holds func() error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for {
		err := holds()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %s: %w", within, what, err)
		case <-look.C:
		}
	}
}

// answers waits until a URL answers 200 while a program runs.
func (p *process) answers(ctx context.Context, url, host string) error {
	err := until(ctx, time.Minute, p.name+" answers", func() error {
		if !p.running() {
			return nil
		}
		return answers(ctx, url, host)
	})
	if err == nil && p.running() {
		return nil
	}
	return errors.Join(fmt.Errorf("%s does not serve:\n%s", p.name, p.tail()), err)
}

func answers(ctx context.Context, url, host string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Host, req.Close = host, true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

// freeAddresses gives addresses on the loopback interface that nobody uses.
func freeAddresses(n int) ([]string, error) {
	addresses := make([]string, n)
	for i := range addresses {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		addresses[i] = l.Addr().String()
	}
	return addresses, nil
}

// buildApp builds the app that is deployed, and that stands behind the proxies.
func buildApp(ctx context.Context, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-ldflags", "-s -w", "-o", to, "./bench/app")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build bench/app: %w\n%s", err, out)
	}
	return nil
}
