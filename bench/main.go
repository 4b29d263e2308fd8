// Command bench measures Slipway beside what it is compared with: bare programs
// of its own and other people's servers. What is compared runs in turn within
// one run, so that a machine's moods touch both alike. docs/benchmarks.md says
// what each figure means; make bench runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// measurement gives the figures that its names announce.
type measurement struct {
	names []string
	run   func(context.Context, *bench) error
}

var measurements = []measurement{
	{[]string{"push_to_live_changed", "push_to_live_unchanged"}, measurePush},
	{[]string{"push_to_live_swarm"}, measurePushSwarm},
	{[]string{"push_to_live_kubernetes"}, measurePushKubernetes},
	{[]string{"rollback_cold", "rollback_warm"}, measureRollback},
	{[]string{"concurrent_deploys"}, measureConcurrent},
	{[]string{"deploys_dropped_requests"}, measureDropped},
	{[]string{"start_seconds", "idle_rss_mb", "idle_router_rss_mb", "idle_cpu_100_apps"}, measureIdle},
	{[]string{"reconcile_1k"}, measureReconcile},
	{[]string{"reconcile_10k"}, measureReconcileMany},
	{[]string{"scale_restart", "scale_memory_mb", "scale_cpu"}, measureScale},
	{[]string{"api_get_app", "api_list_50", "api_create"}, measureAPI},
	{[]string{"router_rps", "router_p99"}, measureRouter},
	{[]string{"router_10k_hosts", "router_10k_change_ms", "router_10k_memory_mb"}, measureRouterHosts},
	{[]string{"router_start_10k"}, measureRouterStart},
	{[]string{"log_throughput"}, measureLogThroughput},
	{[]string{"log_latency_p99_ms"}, measureLogLatency},
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == referenceRole {
		fail(serveReference())
		return
	}
	if len(os.Args) > 1 && os.Args[1] == holdRole {
		fail(holdBed())
		return
	}
	only := flag.String("only", "", "names of figures with commas between; empty for all")
	repeat := flag.Int("repeat", 5, "rounds of each measurement")
	slipway := flag.String("slipway", "bin/slipway", "the program to measure")
	routerBin := flag.String("router", "bin/payload/slipway-router", "its router")
	out := flag.String("out", "bench", "folder for results.json and results.md")
	flag.Parse()
	fail(run(*only, *repeat, *slipway, *routerBin, *out))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(only string, repeat int, slipway, routerBin, out string) error {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	if repeat < 1 {
		return errors.New("-repeat must be 1 at least")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "slipway-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { // Postgres is another user
		return err
	}
	shared := bench{dir: dir, repeat: repeat, app: filepath.Join(dir, "app"), results: results{}}
	for to, from := range map[*string]string{&shared.slipway: slipway, &shared.router: routerBin} {
		if *to, err = filepath.Abs(from); err != nil {
			return err
		}
		if _, err := os.Stat(*to); err != nil {
			return fmt.Errorf("%w; make build makes it", err)
		}
	}
	if err := buildApp(ctx, shared.app); err != nil {
		return err
	}
	for _, m := range chosen {
		fmt.Printf("\n%s\n", strings.Join(m.names, ", "))
		if failed := shared.measure(ctx, m); failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", strings.Join(m.names, ", "), failed))
		}
		if ctx.Err() != nil {
			return err
		}
	}
	return errors.Join(err, shared.results.write(out))
}

// choose picks the measurements that give the named figures.
func choose(only string) ([]measurement, error) {
	if strings.TrimSpace(only) == "" {
		return measurements, nil
	}
	var chosen []measurement
	known := map[string]bool{}
	wanted := strings.FieldsFunc(only, func(r rune) bool { return r == ',' || r == ' ' })
	for _, m := range measurements {
		for _, name := range m.names {
			known[name] = true
		}
		if slices.ContainsFunc(m.names, func(name string) bool { return slices.Contains(wanted, name) }) {
			chosen = append(chosen, m)
		}
	}
	for _, name := range wanted {
		if !known[name] {
			return nil, fmt.Errorf("there is no figure %q", name)
		}
	}
	return chosen, nil
}
