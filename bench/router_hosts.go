package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const manyHosts = 10_000

// hostsScript is wrk's: every request is for another of so many hosts.
const hostsScript = `
function init(args)
  local hosts = tonumber(args[1])
  math.randomseed(hosts)
  requests = {}
  for i = 1, 4096 do
    requests[i] = wrk.format("GET", "/", { ["Host"] = "app-" .. math.random(0, hosts - 1) .. ".apps.example.com" })
  end
  at = 0
end
function request()
  at = at % 4096 + 1
  return requests[at]
end
`

// measureRouterHosts compares the router with 10,000 hosts with itself with one.
func measureRouterHosts(ctx context.Context, b *bench) error {
	backend, err := b.startBackend(ctx)
	if err != nil {
		return err
	}
	second, err := b.startBackend(ctx)
	if err != nil {
		return err
	}
	memory := map[string][]float64{} // of each router, right after its rounds
	run := func(r *routerProcess, hosts int) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			seen, err := b.wrk(ctx, load{url: "http://" + r.address + "/", seconds: 3, script: hostsScript, args: []string{fmt.Sprint(hosts)}})
			if err != nil {
				return 0, err
			}
			used, err := memoryMB(r.process.cmd.Process.Pid)
			memory[r.address] = append(memory[r.address], used)
			return seen.rps, err
		}
	}
	one, err := b.startRouter(ctx, newTable(1, backend), "one")
	if err != nil {
		return err
	}
	many, err := b.startRouter(ctx, newTable(manyHosts, backend), "many")
	if err != nil {
		return err
	}
	idle, err := memoryMB(many.process.cmd.Process.Pid)
	if err != nil {
		return err
	}
	everywhere, err := b.startBackendOn(ctx, "")
	if err != nil {
		return err
	}
	apart, err := b.startRouter(ctx, newTable(manyHosts, backend).apart(everywhere), "apart")
	if err != nil {
		return err
	}
	figures, err := b.interleave(ctx, "requests/s",
		side{"10,000 hosts", run(many, manyHosts)}, side{"one host", run(one, 1)}, side{"10,000 addresses", run(apart, manyHosts)})
	if err != nil {
		return err
	}
	b.record("router_10k_hosts", compared("requests/s", figures["10,000 hosts"], figures["one host"], "itself with one host").atLeast(ofRatio, 0.9).
		other("with 10,000 addresses to one host", ratio(figures["10,000 addresses"], figures["one host"])))
	b.record("router_10k_memory_mb", alone("MB", memory[many.address]).atMost(ofOurs, 40).
		other("before any load", idle).other("with 10,000 addresses", median(memory[apart.address])))
	took, err := many.changes(ctx, 20*b.repeat, [2]string{backend, second})
	if err != nil {
		return err
	}
	b.record("router_10k_change_ms", alone("ms", took).atMost(ofOurs, 10).other("worst", percentile(took, 1)))
	return nil
}

// changes gives how many milliseconds pass from a change of the table to the
// first request that the new backend answers.
func (r *routerProcess) changes(ctx context.Context, n int, backends [2]string) ([]float64, error) {
	var took []float64
	for i := range n {
		app, to := i%manyHosts, backends[(i/manyHosts+1)%2]
		began := time.Now()
		r.table.move(app, to)
		for {
			by, err := r.answeredBy(ctx, app)
			if err != nil {
				return nil, err
			}
			if by == to {
				break
			}
			if time.Since(began) > 10*time.Second {
				return nil, fmt.Errorf("app %d is still answered by %s", app, by)
			}
		}
		took = append(took, float64(time.Since(began))/float64(time.Millisecond))
	}
	return took, nil
}

// answeredBy asks which backend answers for an app.
func (r *routerProcess) answeredBy(ctx context.Context, app int) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.address+"/address", nil)
	if err != nil {
		return "", err
	}
	req.Host = host(app)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %w", resp.Status, err)
	}
	return string(body), nil
}

// memoryMB gives the proportional share of memory of a process.
func memoryMB(pid int) (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("process %d tells nothing of its memory", pid)
}

// measureRouterStart takes the time from the start of a router, with a table of
// 10,000 hosts on disk and no server, to the first request that it forwards.
func measureRouterStart(ctx context.Context, b *bench) error {
	backend, err := b.startBackend(ctx)
	if err != nil {
		return err
	}
	r, err := b.startRouter(ctx, newTable(manyHosts, backend), "start")
	if err != nil {
		return err
	}
	// The table is saved a moment after it came, or when the router ends.
	if err := r.stop(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(b.dir, "router-start", "table.json")); err != nil {
		return err
	}
	figures, err := b.interleave(ctx, "s", side{"ours", func(ctx context.Context) (float64, error) {
		began := time.Now()
		p, err := b.start(withoutServer(r.cmd()), "router-again")
		if err != nil {
			return 0, err
		}
		err = p.answers(ctx, "http://"+r.address+"/", host(manyHosts-1))
		took := time.Since(began).Seconds()
		if err != nil {
			return 0, err
		}
		return took, p.stop()
	}})
	if err != nil {
		return err
	}
	b.record("router_start_10k", alone("s", figures["ours"]).atMost(ofOurs, 1))
	return nil
}

// withoutServer makes a router start where no server answers.
func withoutServer(cmd *exec.Cmd) *exec.Cmd {
	for i, variable := range cmd.Env {
		if strings.HasPrefix(variable, "SLIPWAY_ROUTER_SERVER=") {
			cmd.Env[i] = "SLIPWAY_ROUTER_SERVER=http://127.0.0.1:1"
		}
	}
	return cmd
}
