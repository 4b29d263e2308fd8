package kubernetes

import (
	"net"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-paas/slipway/deployer"
)

// pod is what one listing tells of an instance.
type pod struct {
	*corev1.Pod
	instance    deployer.Instance // State is StateStarting, StateExited or StateHealthy; Index is set by number
	port        int
	health      deployer.Health
	running     bool // its container runs
	ready       bool // and its node finds that it serves
	terminating bool // it was told to end
	over        bool // it ended for good: the engine has made another, or will
	proven      bool // was healthy once
	exits       int  // how often its container has ended
	forgiven    int  // how many of them do not count
	waiting     corev1.ContainerStateWaiting
	memory      int64 // limit in bytes
	cpuMilli    int64 // limit in thousandths of a core
}

// look reads a pod. Its index is that of its label, 0 for none.
func look(p *corev1.Pod) *pod {
	v := &pod{Pod: p, instance: identity(p)}
	v.port, v.health = serving(p)
	v.terminating = p.DeletionTimestamp != nil
	v.over = p.Status.Phase == corev1.PodFailed || p.Status.Phase == corev1.PodSucceeded
	v.proven = p.Annotations[noteProven] != ""
	v.forgiven, _ = strconv.Atoi(p.Annotations[noteForgiven])
	if len(p.Spec.Containers) > 0 {
		limits, requests := p.Spec.Containers[0].Resources.Limits, p.Spec.Containers[0].Resources.Requests
		v.memory, v.cpuMilli = limits.Memory().Value(), limits.Cpu().MilliValue()
		v.instance.Limits = deployer.Limits{MemoryBytes: v.memory, CPUMilli: v.cpuMilli}
		v.instance.Reserve = deployer.Reserve{MemoryBytes: requests.Memory().Value(), CPUMilli: requests.Cpu().MilliValue()}
	}
	for _, condition := range p.Status.Conditions {
		if condition.Type == corev1.PodReady {
			v.ready = condition.Status == corev1.ConditionTrue
		}
	}
	v.instance.Node = p.Spec.NodeName
	v.instance.State = deployer.StateStarting
	for i := range p.Status.ContainerStatuses {
		if p.Status.ContainerStatuses[i].Name == containerName {
			v.readContainer(&p.Status.ContainerStatuses[i])
		}
	}
	return v
}

func (v *pod) readContainer(status *corev1.ContainerStatus) {
	in := &v.instance
	in.Restarts = int(status.RestartCount)
	v.exits = in.Restarts
	if status.State.Waiting != nil {
		v.waiting = *status.State.Waiting
	}
	if running := status.State.Running; running != nil {
		v.running = true
		in.StartedAt = running.StartedAt.Time
		if v.port > 0 && v.Status.PodIP != "" {
			in.Address = net.JoinHostPort(v.Status.PodIP, strconv.Itoa(v.port))
		}
		return
	}
	if ended := lastEnd(status); ended != nil {
		v.exits++
		in.State, in.ExitCode, in.StartedAt = deployer.StateExited, int(ended.ExitCode), ended.StartedAt.Time
		in.OOMKilled = outOfMemory(ended)
	}
}

// lastEnd is how the container that does not run any more ended.
func lastEnd(status *corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	if status.State.Terminated != nil {
		return status.State.Terminated
	}
	return status.LastTerminationState.Terminated
}

func outOfMemory(ended *corev1.ContainerStateTerminated) bool { return ended.Reason == "OOMKilled" }

// lastEnd is how the pod's container ended last, nil for not yet.
func (v *pod) lastEnd() *corev1.ContainerStateTerminated {
	for i := range v.Status.ContainerStatuses {
		if v.Status.ContainerStatuses[i].Name == containerName {
			return lastEnd(&v.Status.ContainerStatuses[i])
		}
	}
	return nil
}

// key tells one run of a container from the next.
func (v *pod) key() string { return string(v.UID) + "/" + strconv.Itoa(v.instance.Restarts) }

// settled says whether what serves nothing has run for long enough. The engine
// tells the second that it was started in, and no more.
func (v *pod) settled() bool {
	return v.running && time.Since(v.instance.StartedAt) >= v.health.Settle+time.Second
}

// number sets the indexes of all instances of one workload, and gives those to
// whom one must be written. An instance that was told to end keeps its own,
// which the one that takes its place may have too.
func number(list []*pod) (without []*pod) {
	taken := map[int]bool{}
	for _, v := range list {
		index := v.instance.Index
		if v.terminating || v.over {
			continue
		}
		if index < 1 || taken[index] {
			v.instance.Index = 0
			without = append(without, v)
			continue
		}
		taken[index] = true
	}
	next := 1
	for _, v := range without {
		for taken[next] {
			next++
		}
		taken[next] = true
		v.instance.Index = next
	}
	for _, v := range list {
		if v.instance.Index < 1 { // it was told to end before anybody saw it
			for taken[next] {
				next++
			}
			taken[next] = true
			v.instance.Index = next
		}
	}
	return without
}
