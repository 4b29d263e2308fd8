package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-paas/slipway/deployer"
)

// Watch implements deployer.Cluster. It is one list and one watch over the pods
// of the installation, whatever their number. It ends by yielding ctx's error;
// no other error is yielded, since a cluster that is away is waited for.
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
				c.log.Warn("the cluster's events broke off; connecting again", "error", err)
				away = true
			}
			pause(ctx, 10*backoff.Next()) // up to a second: a server takes that long to start
		}
		yield(deployer.Event{}, ctx.Err())
	}
}

// watchOnce lists, and yields what changes from there on until the connection
// breaks. It returns nil when the reader wants no more.
func (c *Cluster) watchOnce(ctx context.Context, yield func(deployer.Event) bool) (connected bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	selected := c.ours(kindInstance, "")
	began := time.Now()
	var found corev1.PodList
	if err := c.api.list(ctx, pods.in(""), selected, &found); err != nil {
		return false, fail(ctx, "list pods", err)
	}
	s := &sight{Cluster: c, pods: map[deployer.WorkloadID]map[types.UID]*corev1.Pod{}}
	for i := range found.Items {
		s.keep(&found.Items[i])
	}
	found.Items = nil // many, and kept as far as they are needed
	stream, err := c.api.watch(ctx, pods.in(""), selected, found.ResourceVersion)
	if err != nil {
		return false, fail(ctx, "watch pods", err)
	}
	defer func() { stream.close() }()
	if !yield(deployer.Event{Type: deployer.EventResync, At: began}) {
		return true, nil
	}
	version := found.ResourceVersion
	for opened := time.Now(); ; {
		seen, err := stream.next()
		if errors.Is(err, io.EOF) && time.Since(opened) >= watchFor/2 {
			// The server ends every watch after a while; the next one goes on from
			// the same version, so that nothing is missed.
			stream.close()
			if stream, err = c.api.watch(ctx, pods.in(""), selected, version); err != nil {
				stream = &watching{body: io.NopCloser(nil)}
				return true, fail(ctx, "watch pods", err)
			}
			opened = time.Now()
			continue
		}
		if err != nil {
			return true, fail(ctx, "watch pods", err)
		}
		events, next, err := s.take(ctx, seen)
		if err != nil {
			return true, fail(ctx, "watch pods", err)
		}
		version = next
		for _, e := range events {
			if !yield(e) {
				return true, nil
			}
		}
	}
}

// sight is what a watch has seen: the pods as they are.
type sight struct {
	*Cluster
	pods map[deployer.WorkloadID]map[types.UID]*corev1.Pod
}

// keep remembers a pod, as little of it as look needs: there may be very many.
// It gives what it was before, nil for nothing.
func (s *sight) keep(p *corev1.Pod) (before *corev1.Pod) {
	p.ManagedFields, p.OwnerReferences = nil, nil
	spec := corev1.PodSpec{NodeName: p.Spec.NodeName}
	for _, one := range p.Spec.Containers {
		spec.Containers = append(spec.Containers, corev1.Container{Name: one.Name, Image: one.Image, Resources: one.Resources})
	}
	p.Spec = spec
	id := identity(p).Workload
	if s.pods[id] == nil {
		s.pods[id] = map[types.UID]*corev1.Pod{}
	}
	before, s.pods[id][p.UID] = s.pods[id][p.UID], p
	return before
}

func (s *sight) forget(p *corev1.Pod) {
	id := identity(p).Workload
	delete(s.pods[id], p.UID)
	if len(s.pods[id]) == 0 {
		delete(s.pods, id)
	}
}

// take reads one notice and gives the events that it stands for.
func (s *sight) take(ctx context.Context, seen change) ([]deployer.Event, string, error) {
	if seen.Type == watchFailed {
		var status metav1.Status
		if err := json.Unmarshal(seen.Object, &status); err != nil {
			return nil, "", fmt.Errorf("a notice of the API server: %w", err)
		}
		return nil, "", apierrors.FromObject(&status)
	}
	var now corev1.Pod
	if err := json.Unmarshal(seen.Object, &now); err != nil {
		return nil, "", fmt.Errorf("a notice of the API server: %w", err)
	}
	if seen.Type == watchBookmark {
		return nil, now.ResourceVersion, nil
	}
	before := s.keep(&now)
	index := s.index(ctx, &now)
	if seen.Type == "DELETED" {
		s.forget(&now)
	}
	var was *pod
	if before != nil {
		was = look(before)
	}
	is := look(&now)
	is.instance.Index = index
	is.instance.Name = deployer.InstanceName(is.instance.AppName, is.instance.Workload, index)
	return happened(was, is, seen.Type == "DELETED", time.Now()), now.ResourceVersion, nil
}

// index gives a pod's index among its workload's, and writes it on the pod if it
// is not there yet.
func (s *sight) index(ctx context.Context, p *corev1.Pod) int {
	var siblings []*pod
	for _, one := range s.pods[identity(p).Workload] {
		if v := look(one); !v.over || one.UID == p.UID {
			siblings = append(siblings, v)
		}
	}
	without := numbered(siblings)
	for _, v := range without {
		if v.UID == p.UID {
			s.writeIndex(ctx, v)
		}
	}
	for _, v := range siblings {
		if v.UID == p.UID {
			return v.instance.Index
		}
	}
	return 0 // it is among them
}

// happened gives the events between two looks at a pod, of which the first may
// be nil. What lies between two that the engine told of is made up for: who was
// started again has died before.
func happened(was, is *pod, removed bool, at time.Time) []deployer.Event {
	var events []deployer.Event
	tell := func(t deployer.EventType, change func(*deployer.Instance)) {
		in := is.instance
		change(&in)
		events = append(events, deployer.Event{Type: t, Instance: in, At: at})
	}
	started := func(in *deployer.Instance) { in.State = deployer.StateStarting }
	died := func(in *deployer.Instance) {
		in.State, in.Address = deployer.StateExited, ""
		if ended := is.lastEnd(); ended != nil {
			in.ExitCode, in.OOMKilled = int(ended.ExitCode), outOfMemory(ended)
		}
	}
	ran := was != nil && was.serves()
	runs := is.serves() && !removed
	again := ran && runs && was.instance.Restarts != is.instance.Restarts
	switch {
	case ran && !runs, again:
		tell(deployer.EventDied, died)
	case was == nil && !is.running && is.exits > 0, was != nil && !ran && !runs && is.exits > was.exits:
		// It ran and ended between two looks.
		tell(deployer.EventStarted, started)
		tell(deployer.EventDied, died)
	}
	switch {
	case runs && (!ran || again):
		tell(deployer.EventStarted, started)
	case runs && is.terminating && !was.terminating:
		tell(deployer.EventChanged, func(in *deployer.Instance) { in.State = deployer.StateUnhealthy })
	}
	if removed {
		tell(deployer.EventRemoved, func(in *deployer.Instance) { in.State, in.Address = deployer.StateExited, "" })
	}
	return events
}

// serves says whether a pod's container runs and has its address.
func (v *pod) serves() bool { return v.running && (v.port == 0 || v.instance.Address != "") }
