package docker

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/slipway-paas/slipway/deployer"
)

// Watch implements deployer.Cluster. It ends by yielding ctx's error; no other
// error is yielded, since an engine that is away is waited for.
func (c *Cluster) Watch(ctx context.Context) iter.Seq2[deployer.Event, error] {
	return func(yield func(deployer.Event, error) bool) {
		away := false
		var backoff deployer.Backoff
		for ctx.Err() == nil {
			connected, err := c.watchOnce(ctx, func(e deployer.Event) bool { return yield(e, nil) })
			if err == nil {
				return // the reader wants no more
			}
			if ctx.Err() != nil {
				break
			}
			if connected {
				away, backoff = false, deployer.Backoff{}
			}
			if !away {
				c.log.Warn("the engine's events broke off; connecting again", "error", err)
				away = true
			}
			pause := time.NewTimer(10 * backoff.Next()) // up to a second: an engine takes that long to start
			select {
			case <-pause.C:
			case <-ctx.Done():
			}
			pause.Stop()
		}
		yield(deployer.Event{}, ctx.Err())
	}
}

// watchOnce yields the events of one connection. It returns nil when the
// reader wants no more.
func (c *Cluster) watchOnce(ctx context.Context, yield func(deployer.Event) bool) (connected bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Without our label: a network's events carry none. event leaves out what is
	// not ours.
	filter := filters.NewArgs(
		filters.Arg("type", string(events.ContainerEventType)), filters.Arg("type", string(events.NetworkEventType)))
	for _, action := range []events.Action{
		events.ActionStart, events.ActionDie, events.ActionDestroy, events.ActionPause, events.ActionUnPause, events.ActionDisconnect,
	} {
		filter.Add("event", string(action))
	}
	// Since: the engine answers a little before it has subscribed us; what
	// happened in between is replayed.
	began := time.Now()
	messages, failed := c.API.Events(ctx, events.ListOptions{Since: engineTime(began), Filters: filter})
	select {
	case err := <-failed:
		return false, fail(ctx, "watch the engine", err)
	default:
	}
	if !yield(deployer.Event{Type: deployer.EventResync, At: began}) {
		return true, nil
	}
	for {
		select {
		case message := <-messages:
			event, ok := c.event(ctx, message)
			if ok && !yield(event) {
				return true, nil
			}
		case err := <-failed:
			return true, fail(ctx, "watch the engine", err)
		}
	}
}

// event translates a message of the engine. It carries the container's labels;
// the address and whether memory ran out are asked for.
func (c *Cluster) event(ctx context.Context, m events.Message) (deployer.Event, bool) {
	if m.Type == events.NetworkEventType {
		return c.networkEvent(ctx, m)
	}
	if m.Actor.Attributes[LabelInstallation] != c.installation || m.Actor.Attributes[LabelKind] != kindInstance {
		return deployer.Event{}, false
	}
	e := deployer.Event{Instance: identity(m.Actor.ID, m.Actor.Attributes), At: time.Unix(0, m.TimeNano)}
	c.known.forget(m.Actor.ID)
	e.Instance.State = deployer.StateExited
	e.Instance.Node, _ = c.nodeName(ctx) // "" only if the engine went away before it ever answered
	switch m.Action {
	case events.ActionStart:
		e.Type = deployer.EventStarted
	case events.ActionDie:
		e.Type = deployer.EventDied
	case events.ActionPause, events.ActionUnPause:
		e.Type = deployer.EventChanged
	case events.ActionDestroy:
		e.Type = deployer.EventRemoved
		c.forget(m.Actor.ID) // another server may have removed it
		return e, true
	default:
		return e, false
	}
	if d, err := c.inspect(ctx, m.Actor.ID); err == nil && d != nil {
		e.Instance = d.instance
	}
	if e.Type == deployer.EventDied {
		e.Instance.State, e.Instance.Address = deployer.StateExited, ""
		e.Instance.ExitCode, _ = strconv.Atoi(m.Actor.Attributes["exitCode"]) // the engine always gives it
	} else {
		e.Instance.State = deployer.StateStarting
	}
	return e, true
}

// networkEvent gives the instance that lost its network. One that exits leaves
// its network too, which is no news.
func (c *Cluster) networkEvent(ctx context.Context, m events.Message) (deployer.Event, bool) {
	if m.Action != events.ActionDisconnect || !strings.HasPrefix(m.Actor.Attributes["name"], c.networks.name("")) {
		return deployer.Event{}, false
	}
	d, err := c.inspect(ctx, m.Actor.Attributes["container"])
	if err != nil || d == nil || !d.running {
		return deployer.Event{}, false
	}
	c.known.forget(d.instance.ID)
	return deployer.Event{Type: deployer.EventChanged, Instance: d.instance, At: time.Unix(0, m.TimeNano)}, true
}
