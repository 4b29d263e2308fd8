package docker

import (
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"github.com/slipway-paas/slipway/deployer"
)

func TestKnownInstances(t *testing.T) {
	var k knownInstances
	settled := &details{running: true, proven: true, instance: deployer.Instance{
		ID: "a", Address: "10.1.0.2:80", StartedAt: time.Now().Add(-90 * time.Second),
	}}
	listed := func(change func(*container.Summary)) container.Summary {
		s := container.Summary{ID: "a", State: container.StateRunning, Status: "Up About a minute"}
		s.NetworkSettings = &container.NetworkSettingsSummary{Networks: map[string]*network.EndpointSettings{"n": {IPAddress: "10.1.0.2"}}}
		change(&s)
		return s
	}
	same := func(*container.Summary) {}
	if k.get(listed(same)) != nil {
		t.Error("it knows what it was never told")
	}
	k.put(settled)
	if k.get(listed(same)) != settled {
		t.Error("it does not know what it was told")
	}
	for what, change := range map[string]func(*container.Summary){
		"restarted":   func(s *container.Summary) { s.Status = "Up 2 seconds" },
		"paused":      func(s *container.Summary) { s.Status = "Up About a minute (Paused)"; s.State = container.StatePaused },
		"exited":      func(s *container.Summary) { s.State = container.StateExited },
		"moved":       func(s *container.Summary) { s.NetworkSettings.Networks["n"].IPAddress = "10.1.0.3" },
		"off network": func(s *container.Summary) { s.NetworkSettings = nil },
	} {
		if k.get(listed(change)) != nil {
			t.Errorf("%s: it holds on to what it knew", what)
		}
	}
	k.forget("a")
	if k.get(listed(same)) != nil {
		t.Error("it does not forget")
	}
	k.put(&details{running: true, instance: settled.instance}) // not healthy yet: another server may find it so
	if k.get(listed(same)) != nil {
		t.Error("it remembers what is not settled")
	}
}
