package kubernetes

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-paas/slipway/deployer"
)

var someTime = metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))

// aPod is one whose container is in a state.
func aPod(name string, status corev1.ContainerStatus) *corev1.Pod {
	status.Name = containerName
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "slipway-prod-01app", UID: types.UID(name), CreationTimestamp: someTime,
			Labels:      map[string]string{LabelApp: "01app", LabelProcess: "web", LabelRelease: "3", LabelIndex: "1"},
			Annotations: map[string]string{noteAppName: "hello", notePort: "8080"},
		},
		Spec:   corev1.PodSpec{NodeName: "node1", Containers: []corev1.Container{{Name: containerName, Image: "app:v1"}}},
		Status: corev1.PodStatus{PodIP: "10.0.0.7", ContainerStatuses: []corev1.ContainerStatus{status}},
	}
}

func runs(restarts int32) corev1.ContainerStatus {
	status := corev1.ContainerStatus{RestartCount: restarts, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: someTime}}}
	if restarts > 0 {
		status.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 7, StartedAt: someTime}
	}
	return status
}

func exited(restarts, code int32, reason string) corev1.ContainerStatus {
	return corev1.ContainerStatus{RestartCount: restarts, State: corev1.ContainerState{
		Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, StartedAt: someTime},
	}}
}

// backsOff is what a container is in between an exit and the next start.
func backsOff(restarts, code int32) corev1.ContainerStatus {
	return corev1.ContainerStatus{
		RestartCount: restarts, State: waits("CrashLoopBackOff", "back-off 10s").State,
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, StartedAt: someTime}},
	}
}

func waits(reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}
}

func TestLook(t *testing.T) {
	type seen struct {
		State    deployer.State
		Address  string
		ExitCode int
		OOM      bool
		Exits    int
	}
	for what, c := range map[string]struct {
		status corev1.ContainerStatus
		want   seen
	}{
		"comes up":     {waits("ContainerCreating", ""), seen{State: deployer.StateStarting}},
		"runs":         {runs(0), seen{State: deployer.StateStarting, Address: "10.0.0.7:8080"}},
		"runs again":   {runs(2), seen{State: deployer.StateStarting, Address: "10.0.0.7:8080", Exits: 2}},
		"has exited":   {exited(0, 3, "Error"), seen{State: deployer.StateExited, ExitCode: 3, Exits: 1}},
		"was killed":   {exited(1, 137, "OOMKilled"), seen{State: deployer.StateExited, ExitCode: 137, OOM: true, Exits: 2}},
		"is to be run": {backsOff(1, 4), seen{State: deployer.StateExited, ExitCode: 4, Exits: 2}},
	} {
		v := look(aPod("a", c.status))
		got := seen{v.instance.State, v.instance.Address, v.instance.ExitCode, v.instance.OOMKilled, v.exits}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
}

func TestIndexes(t *testing.T) {
	make := func(marks ...string) (list []*pod) { // name, index and "-" for one that was told to end
		for i, mark := range marks {
			name, index, _ := strings.Cut(mark, ":")
			p := aPod(name, runs(0))
			p.CreationTimestamp = metav1.NewTime(someTime.Add(time.Duration(i) * time.Second))
			p.Labels[LabelIndex] = strings.TrimSuffix(index, "-")
			if strings.HasSuffix(index, "-") {
				p.DeletionTimestamp = &someTime
			}
			list = append(list, look(p))
		}
		return list
	}
	for _, c := range []struct{ given, want, written string }{
		{"a: b: c:", "a:1 b:2 c:3", "a b c"},
		{"a:1 b: c:3", "a:1 b:2 c:3", "b"},
		{"a:2 b: c:", "a:2 b:1 c:3", "b c"},
		{"a:1 b:1", "a:1 b:2", "b"},         // two servers at once: the older one keeps it
		{"a:1- b:2 c:", "a:1 b:2 c:1", "c"}, // takes the place of the one that goes
		{"a:- b:1", "a:2 b:1", ""},
		{"", "", ""},
	} {
		list := make(strings.Fields(c.given)...)
		var written, got []string
		for _, v := range numbered(list) {
			written = append(written, v.Name)
		}
		for _, v := range list {
			got = append(got, fmt.Sprintf("%s:%d", v.Name, v.instance.Index))
			if want := deployer.InstanceName("hello", v.instance.Workload, v.instance.Index); v.instance.Name != want {
				t.Errorf("it is called %s, want %s", v.instance.Name, want)
			}
		}
		if strings.Join(got, " ") != c.want || strings.Join(written, " ") != c.written {
			t.Errorf("%s becomes %v, and %v are written; want %s and %s", c.given, got, written, c.want, c.written)
		}
	}
}

func TestHappened(t *testing.T) {
	told := func(p *corev1.Pod) *corev1.Pod { p.DeletionTimestamp = &someTime; return p }
	for what, c := range map[string]struct {
		was, is *corev1.Pod
		removed bool
		want    string
	}{
		"made":                      {nil, aPod("a", waits("ContainerCreating", "")), false, ""},
		"started":                   {aPod("a", waits("ContainerCreating", "")), aPod("a", runs(0)), false, "started"},
		"nothing new":               {aPod("a", runs(0)), aPod("a", runs(0)), false, ""},
		"died":                      {aPod("a", runs(0)), aPod("a", exited(0, 3, "")), false, "died 3"},
		"waits after it died":       {aPod("a", exited(0, 3, "")), aPod("a", backsOff(0, 3)), false, ""},
		"started again":             {aPod("a", backsOff(0, 7)), aPod("a", runs(1)), false, "started"},
		"died and started between":  {aPod("a", runs(0)), aPod("a", runs(1)), false, "died 7, started"},
		"ran and ended between":     {aPod("a", waits("ContainerCreating", "")), aPod("a", exited(0, 3, "")), false, "started, died 3"},
		"told to end":               {aPod("a", runs(0)), told(aPod("a", runs(0))), false, "changed"},
		"was told to end":           {told(aPod("a", runs(0))), told(aPod("a", runs(0))), false, ""},
		"removed after it died":     {told(aPod("a", exited(0, 0, ""))), told(aPod("a", exited(0, 0, ""))), true, "removed"},
		"removed while it ran":      {told(aPod("a", runs(0))), told(aPod("a", runs(0))), true, "died 0, removed"},
		"removed before it started": {aPod("a", waits("", "")), told(aPod("a", waits("", ""))), true, "removed"},
	} {
		var was *pod
		if c.was != nil {
			was = look(c.was)
		}
		var got []string
		for _, e := range happened(was, look(c.is), c.removed, someTime.Time) {
			if e.Type == deployer.EventDied {
				got = append(got, fmt.Sprintf("died %d", e.Instance.ExitCode))
			} else {
				got = append(got, string(e.Type))
			}
			if started := e.Type == deployer.EventStarted; started && (e.Instance.State != deployer.StateStarting || c.is.Status.ContainerStatuses[0].State.Running != nil && e.Instance.Address == "") {
				t.Errorf("%s: %+v", what, e)
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %v, want %s", what, got, c.want)
		}
	}
}

func TestTrouble(t *testing.T) {
	c := &Cluster{options: Options{Placed: time.Minute}}
	unplaced := aPod("a", corev1.ContainerStatus{})
	unplaced.Status.Conditions = []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
		Message: "0/3 nodes are available: 3 Insufficient memory.",
	}}
	for what, p := range map[string]struct {
		pod  *corev1.Pod
		want error
		says string
	}{
		"no room":         {unplaced, deployer.ErrNoRoom, "3 Insufficient memory"},
		"refused":         {aPod("a", waits("ImagePullBackOff", `Back-off pulling image "app:v1": ErrImagePull: failed to pull and unpack image "app:v1": failed to resolve reference "app:v1": connection refused`)), deployer.ErrNoImage, "cannot fetch app:v1: connection refused"},
		"no image":        {aPod("a", waits("ImagePullBackOff", "Back-off pulling image")), deployer.ErrNoImage, "cannot fetch app:v1"},
		"not there":       {aPod("a", waits("ErrImagePull", "app:v1: not found")), deployer.ErrNoImage, "not found"},
		"not allowed":     {aPod("a", waits("ErrImagePull", "401 Unauthorized")), deployer.ErrNoImage, "does not let node node1 fetch"},
		"a slow registry": {aPod("a", waits("ErrImagePull", "i/o timeout")), nil, ""},
		"no reference":    {aPod("a", waits("InvalidImageName", "couldn't parse")), deployer.ErrNoImage, "couldn't parse"},
		"no command":      {aPod("a", waits("CreateContainerError", "failed to generate spec: no command specified")), deployer.ErrNoCommand, ""},
		"not told yet":    {aPod("a", waits("CreateContainerConfigError", "failed to sync secret cache: timed out")), nil, ""},
	} {
		err := c.trouble(look(p.pod), time.Now().Add(-time.Hour))
		if !errors.Is(err, p.want) || err != nil && !strings.Contains(err.Error(), p.says) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := c.trouble(look(unplaced), time.Now()); err != nil {
		t.Errorf("it is given no time to find a node: %v", err)
	}
	var unhealthy *deployer.Unhealthy
	if err := c.trouble(look(aPod("a", waits("RunContainerError", "exec: \"x\": not found"))), time.Now()); !errors.As(err, &unhealthy) || !unhealthy.Exited {
		t.Errorf("a command that is not there gives %v", err)
	}
}

func TestQuote(t *testing.T) {
	if got := quote("two\n lines\t\x00 and more.\n"); got != "two lines and more" {
		t.Errorf("it becomes %q", got)
	}
	if got := quote(strings.Repeat("ü", 1000)); len([]rune(got)) != 401 {
		t.Errorf("it becomes %d characters", len([]rune(got)))
	}
}
