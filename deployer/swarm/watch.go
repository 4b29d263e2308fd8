package swarm

import (
	"context"
	"iter"
	"time"

	"github.com/docker/docker/api/types/swarm"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// Watch implements deployer.Cluster. It ends by yielding ctx's error; no other
// error is yielded, since a manager that is away is waited for. All watchers of
// a Cluster share one look. An instance that exits and is removed between two
// looks, by another program, has the exit code -1, as one has whose node is
// lost.
func (c *Cluster) Watch(ctx context.Context) iter.Seq2[deployer.Event, error] {
	return func(yield func(deployer.Event, error) bool) {
		leave := c.hub.enter()
		defer leave()
		var seen *sighting
		for {
			now, err := c.hub.next(ctx, seen)
			if err != nil {
				yield(deployer.Event{}, err)
				return
			}
			for _, e := range changes(seen, now) {
				if !yield(e, nil) {
					return
				}
			}
			seen = now
		}
	}
}

// changes are the events between two sightings.
func changes(before, now *sighting) []deployer.Event {
	if before == nil || before.broken != now.broken {
		return []deployer.Event{{Type: deployer.EventResync, At: time.Now()}}
	}
	var list []deployer.Event
	was := make(map[string]*seat, len(before.seats))
	for _, s := range before.seats {
		was[s.id] = s
	}
	for _, s := range now.seats {
		if s.isInstance() {
			list = append(list, s.changes(was[s.id])...)
		}
		delete(was, s.id)
	}
	for _, s := range before.seats {
		if was[s.id] == nil || !s.isInstance() {
			continue
		}
		last := now.late[s.id]
		if last == nil {
			last = s
		}
		list = append(list, last.changes(s)...)
		list = append(list, last.gone()...)
	}
	return list
}

// changes are what happened to an instance since it was seen, nil for never.
func (s *seat) changes(before *seat) []deployer.Event {
	var list []deployer.Event
	for i := range s.tasks {
		t := s.tasks[i]
		var old *swarm.Task
		if before != nil {
			old = before.task(t.ID)
		}
		started, did := ran(t), old != nil && ran(*old)
		if started && !did {
			list = append(list, s.event(deployer.EventStarted, t))
		}
		over, was := s.over(t), old != nil && before.over(*old)
		switch {
		case started && over && !(did && was):
			list = append(list, s.event(deployer.EventDied, t))
		case started && did && was && s.runs(t): // its node was taken for lost, and is back
			list = append(list, s.event(deployer.EventStarted, t))
		case started && did && !over && leaving(t) && !leaving(*old) && s.phase() != phaseLeaving: // its node is drained
			list = append(list, s.event(deployer.EventChanged, t))
		}
	}
	if before != nil && len(list) == 0 && s.phase() != phaseLeaving && s.condition() != before.condition() {
		in := s.instance()
		list = append(list, deployer.Event{Type: deployer.EventChanged, Instance: in, At: s.view.at})
	}
	return list
}

func (s *seat) isInstance() bool { return s.labels[docker.LabelKind] == kindInstance }

func (s *seat) task(id string) *swarm.Task {
	for i := range s.tasks {
		if s.tasks[i].ID == id {
			return &s.tasks[i]
		}
	}
	return nil
}

// event tells what happened to the container of one task.
func (s *seat) event(kind deployer.EventType, t swarm.Task) deployer.Event {
	e := deployer.Event{Type: kind, Instance: s.instance(), At: t.Status.Timestamp}
	in := &e.Instance
	in.Node = s.view.nodes[t.NodeID].Description.Hostname
	in.State, in.Address, in.ExitCode = deployer.StateStarting, "", 0
	switch {
	case kind == deployer.EventDied:
		in.State, in.ExitCode = deployer.StateExited, exitCode(t)
		if !ended(t) {
			e.At = s.view.at // that its node was found lost
		}
	case kind == deployer.EventStarted && s.runs(t) || s.serves(t):
		in.Address = s.addressOf(t)
	}
	return e
}

// gone are the last events of an instance that is not there any more.
func (s *seat) gone() []deployer.Event {
	var list []deployer.Event
	for _, t := range s.tasks {
		if ran(t) && !s.over(t) {
			e := s.event(deployer.EventDied, t)
			e.At = time.Now()
			list = append(list, e)
		}
	}
	in := s.instance()
	in.State, in.Address = deployer.StateExited, ""
	return append(list, deployer.Event{Type: deployer.EventRemoved, Instance: in, At: time.Now()})
}
