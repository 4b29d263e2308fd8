package clustertest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-paas/slipway/deployer"
)

// stream is a Watch in the background.
type stream struct {
	*fixture
	events chan deployer.Event
}

// watch begins to watch, and returns once the first Resync is there.
func (f *fixture) watch() *stream {
	f.Helper()
	s := &stream{fixture: f, events: make(chan deployer.Event, 100)}
	ctx, cancel := context.WithCancel(f.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for event, err := range f.cluster.Watch(ctx) {
			if err != nil {
				return
			}
			s.events <- event
		}
	}()
	f.Cleanup(func() { cancel(); <-ended })
	if first := s.one(); first.Type != deployer.EventResync {
		f.Errorf("the first event is %+v, want a resync", first)
	}
	return s
}

func (s *stream) one() deployer.Event {
	s.Helper()
	select {
	case event := <-s.events:
		return event
	case <-s.ctx.Done():
		s.Fatal("no event came")
		return deployer.Event{}
	}
}

// next skips to the next event of a type.
func (s *stream) next(t deployer.EventType) deployer.Event {
	s.Helper()
	for {
		if event := s.one(); event.Type == t {
			return event
		}
	}
}

func restart(t *testing.T, f *fixture) {
	w := f.web(1, 1)
	before := f.up(w)[0]
	events := f.watch()
	f.get(before, "/exit?code=7")
	died := events.next(deployer.EventDied)
	if died.Instance.ExitCode != 7 || died.Instance.ID != before.ID {
		t.Errorf("died as %+v", died)
	}
	started := events.next(deployer.EventStarted)
	if started.Instance.ID != before.ID || started.Instance.Address == "" {
		t.Errorf("started as %+v", started)
	}
	f.ok(f.New(t).WaitHealthy(f.ctx, w.ID))
	after := f.instances(w.ID)[0]
	if after.Restarts != 1 || after.State != deployer.StateHealthy || !after.StartedAt.After(before.StartedAt) {
		t.Errorf("it is %+v, was %+v", after, before)
	}
	if got := f.get(after, "/"); got != "hello from release 1\n" {
		t.Errorf("it answers %q", got)
	}
}

func watchOrder(t *testing.T, f *fixture) {
	f.up(f.worker(1, 1)) // from before: not told
	events := f.watch()
	began := time.Now().Add(-time.Second)
	in := f.up(f.web(4, 1))[0]
	f.ok(f.cluster.Remove(f.ctx, in.Workload, 10*time.Second))

	type told struct {
		Type     deployer.EventType
		ID, Name string
		Workload deployer.WorkloadID
		Index    int
		Address  string
		State    deployer.State
	}
	want := []told{
		{deployer.EventStarted, in.ID, in.Name, in.Workload, 1, in.Address, deployer.StateStarting},
		{deployer.EventDied, in.ID, in.Name, in.Workload, 1, "", deployer.StateExited},
		{deployer.EventRemoved, in.ID, in.Name, in.Workload, 1, "", deployer.StateExited},
	}
	var got []told
	for range want {
		e := events.one()
		if f.Forced.TellsEnding && e.Type == deployer.EventChanged && e.Instance.State == deployer.StateUnhealthy && len(got) == 1 {
			e = events.one()
		}
		if e.Instance.Node != in.Node {
			t.Errorf("%s on node %q, want %q", e.Type, e.Instance.Node, in.Node)
		}
		got = append(got, told{e.Type, e.Instance.ID, e.Instance.Name, e.Instance.Workload, e.Instance.Index, e.Instance.Address, e.Instance.State})
		if e.At.Before(began) || e.At.After(time.Now().Add(time.Second)) {
			t.Errorf("%s at %v, want about now", e.Type, e.At)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
