package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// load is one run of wrk: 50 connections over two threads.
type load struct {
	url     string
	seconds int
	headers []string // "Name: value"
	script  string   // Lua, "" for plain GET requests
	args    []string // for the script
}

// loaded is what wrk saw.
type loaded struct {
	requests int
	rps      float64
	p99      float64 // milliseconds
}

// wrk runs a load. Any answer that is not 2xx or 3xx, and any broken
// connection, is an error: such a figure would be worth nothing.
func (b *bench) wrk(ctx context.Context, l load) (loaded, error) {
	args := []string{"-t2", "-c50", "--latency", "--timeout", "10s", fmt.Sprintf("-d%ds", l.seconds)}
	for _, header := range l.headers {
		args = append(args, "-H", header)
	}
	if l.script != "" {
		file := filepath.Join(b.dir, "load.lua")
		if err := os.WriteFile(file, []byte(l.script), 0o600); err != nil {
			return loaded{}, err
		}
		args = append(args, "-s", file)
	}
	args = append(append(args, l.url, "--"), l.args...)
	out, err := exec.CommandContext(ctx, "wrk", args...).CombinedOutput()
	if err != nil {
		return loaded{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	return parseWrk(string(out))
}

var (
	wrkSent   = regexp.MustCompile(`(?m)^\s+([0-9]+) requests in `)
	wrkRate   = regexp.MustCompile(`(?m)^Requests/sec:\s+([0-9.]+)`)
	wrkP99    = regexp.MustCompile(`(?m)^\s+99%\s+([0-9.]+)(us|ms|s|m|h)\b`)
	wrkFailed = regexp.MustCompile(`(?m)^\s*(Non-2xx or 3xx responses: .*|Socket errors: .*)$`)
)

// parseWrk reads what wrk prints.
func parseWrk(out string) (loaded, error) {
	if failed := wrkFailed.FindString(out); failed != "" {
		return loaded{}, fmt.Errorf("not every request succeeded: %s", failed)
	}
	sent := wrkSent.FindStringSubmatch(out)
	rate, p99 := wrkRate.FindStringSubmatch(out), wrkP99.FindStringSubmatch(out)
	if sent == nil || rate == nil || p99 == nil {
		return loaded{}, fmt.Errorf("wrk printed something else than its figures:\n%.2000s", out)
	}
	requests, err := strconv.Atoi(sent[1])
	if err != nil {
		return loaded{}, err
	}
	rps, err := strconv.ParseFloat(rate[1], 64)
	if err != nil {
		return loaded{}, err
	}
	latency, err := time.ParseDuration(p99[1] + p99[2])
	if err != nil {
		return loaded{}, err
	}
	return loaded{requests, rps, float64(latency) / float64(time.Millisecond)}, nil
}
