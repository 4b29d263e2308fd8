package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/pipeline"
	"github.com/slipway-paas/slipway/server/routing"
)

const (
	scaleInstances = 10  // of each app
	scaleOnNode    = 333 // instances of each node, rounded

	// scaleRest is for how long the processor's time is counted: what a server
	// does by the minute is in it.
	scaleRest = 2 * time.Minute
)

// scaled is one installation in the simulation: so many apps of ten instances
// each, on the in-memory driver, and what one server makes of them.
type scaled struct {
	*world
	base     pipeline.Deps
	held     int64              // heap and stacks in use with the simulated cluster and no server
	restart  float64            // seconds
	table    float64            // seconds
	rest     float64            // % of a core
	parts    map[string]float64 // MB
	stopLast func()
}

// measureScale makes a server of the parts that grow with what it has to see to:
// the pipeline, the routing table and the collector of logs. It takes what they
// need with 1,000 apps and with 10,000.
func measureScale(ctx context.Context, b *bench) error {
	at, err := b.databases(ctx, slog.New(slog.DiscardHandler), "few", "many")
	if err != nil {
		return err
	}
	// All simulated instances have loopback addresses, and this for an answer.
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		return err
	}
	b.cleanup(listener.Close)
	go accept(listener)
	port := listener.Addr().(*net.TCPAddr).Port
	var all []*scaled
	for _, one := range []struct {
		name string
		apps int
	}{{"few", 1_000}, {"many", 10_000}} {
		s, err := b.scale(ctx, at[one.name], shape{apps: one.apps, instances: scaleInstances, port: port})
		if err != nil {
			return fmt.Errorf("%d apps: %w", one.apps, err)
		}
		all = append(all, s)
		if err := s.serve(ctx, b); err != nil {
			return fmt.Errorf("%d apps: %w", one.apps, err)
		}
		s.stopLast()
	}
	few, many := all[0], all[1]
	times := float64(many.apps) / float64(few.apps)
	grown := func(unit string, ours, before float64) *result {
		return compared(unit, []float64{ours}, []float64{before * times}, "ten times 1,000 apps").atMost(ofRatio, 1.5)
	}
	b.record("scale_restart", grown("s", many.restart, few.restart).other("table of routes s", many.table).other("table of routes s with 1,000 apps", few.table))
	b.record("scale_cpu", grown("% of a core", many.rest, few.rest))
	memory := grown("MB", many.sum(), few.sum())
	for part, size := range many.parts {
		memory.other(part+" MB", size).other(part+" MB with 1,000 apps", few.parts[part])
	}
	b.record("scale_memory_mb", memory)
	return nil
}

func accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_ = conn.Close() // who asks wants to know no more
	}
}

// scale makes a simulated installation in which everything runs.
func (b *bench) scale(ctx context.Context, dsn string, of shape) (*scaled, error) {
	engine := memory.NewEngine()
	engine.AddImage("bench", memory.Idle)
	nodes := make([]deployer.Node, max(3, of.apps*of.instances/scaleOnNode))
	for i := range nodes {
		name := "node-" + strconv.Itoa(i)
		nodes[i] = deployer.Node{ID: name, Name: name, State: deployer.NodeReady, CPUMilli: 64_000, MemoryBytes: 256 << 30}
	}
	engine.SetNodes(nodes...)
	w, err := b.inMemory(ctx, dsn, of, engine)
	if err != nil {
		return nil, err
	}
	s := &scaled{world: w, base: w.Deps, parts: map[string]float64{}}
	s.Pipeline = nil // the one that made everything has ended
	s.held = inUse()
	return s, nil
}

// serve starts what a server is made of, one part after the other, as a server
// does when it is started again.
func (s *scaled) serve(ctx context.Context, b *bench) error {
	running, stop := context.WithCancel(ctx)
	var group errgroup.Group
	s.stopLast = func() { stop(); _ = group.Wait() }
	before := s.held
	part := func(name string) {
		now := inUse()
		s.parts[name], before = float64(now-before)/(1<<20), now
	}

	var took []float64
	for range b.repeat {
		began := time.Now()
		s.Pipeline = pipeline.New(s.base)
		if err := s.settled(ctx); err != nil {
			return err
		}
		took = append(took, time.Since(began).Seconds())
	}
	s.restart = median(took)
	group.Go(func() error { s.KeepReconciled(running); return nil })
	part("pipeline")

	began := time.Now()
	table := routing.New(s.base.Cluster, routesOf{s.base.Store}, routing.Options{}, slog.New(slog.DiscardHandler))
	group.Go(func() error { return table.Run(running) })
	err := until(ctx, 5*time.Minute, "the table is there", func() error {
		if list, ok := table.Seen(appID(s.apps - 1)); !ok || len(list) != s.instances {
			return fmt.Errorf("it has %d instances of the last app", len(list))
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.table = time.Since(began).Seconds()
	part("routes")

	collector := logs.NewCollector(s.base.Logs, s.base.Cluster, slog.New(slog.DiscardHandler))
	group.Go(func() error { collector.Run(running); return nil })
	err = until(ctx, 10*time.Minute, "all logs are followed", func() error {
		lines, err := s.base.Logs.Last(logs.AppStream(appID(s.apps - 1)))
		if err == nil && lines < int64(s.instances) {
			err = fmt.Errorf("the last app's has %d lines", lines)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := quiet(ctx, os.Getpid()); err != nil {
		return err
	}
	part("logs")

	share, err := busy(ctx, scaleRest, os.Getpid())
	s.rest = 100 * share
	return err
}

func (s *scaled) sum() (all float64) {
	for _, size := range s.parts {
		all += size
	}
	return all
}

// inUse is what the program holds in heap and stacks.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools held goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// routesOf is the store as the routing table sees it, with one host an app.
type routesOf struct{ store *store.Store }

func (r routesOf) Routes(ctx context.Context) ([]routing.Route, error) {
	all, err := r.store.AllApps(ctx)
	if err != nil {
		return nil, err
	}
	routes := make([]routing.Route, len(all))
	for i := range all {
		routes[i] = routeOf(&all[i])
	}
	return routes, nil
}

func (r routesOf) Route(ctx context.Context, id string) (routing.Route, error) {
	app, err := r.store.AppByID(ctx, models.SystemActor(), id)
	if err != nil {
		return routing.Route{}, err
	}
	return routeOf(app), nil
}

func routeOf(app *models.App) routing.Route {
	return routing.Route{
		AppID: app.ID, Name: app.Name, Hosts: []string{app.Name + ".example.com"},
		LiveRelease: app.LiveRelease, WantedInstances: app.Instances(models.WebProcess),
	}
}
