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

func TestEverythingIsKnownUntilSomethingIsTold(t *testing.T) {
	var k knownInstances
	of := func(id string) *details {
		return &details{running: true, proven: true, instance: deployer.Instance{ID: id, StartedAt: time.Now()}}
	}
	if k.everything() != nil {
		t.Error("it knows what it was never told")
	}
	a := of("a")
	fill := func(while func()) {
		all := k.begin()
		while()
		all.instances = append(all.instances, a)
		k.keep(all)
	}
	k.put(a)
	fill(func() {})
	if got := k.everything(); len(got) != 1 || got[0] != a {
		t.Errorf("it knows %v", got)
	}
	k.put(a) // no news
	if k.everything() == nil {
		t.Error("it has forgotten everything without any news")
	}
	for what, tell := range map[string]func(){
		"another one": func() { k.put(of("b")) },
		"its end":     func() { k.forget("a") },
	} {
		fill(func() {})
		tell()
		if k.everything() != nil {
			t.Errorf("%s was told, and it still knows everything", what)
		}
		fill(func() { k.forget("c") })
		if k.everything() != nil {
			t.Errorf("%s was told, then another thing while all were listed, and it knows everything", what)
		}
	}
	old := k.begin()
	old.at, old.instances = old.at.Add(-wholeFor-time.Second), append(old.instances, a)
	k.keep(old)
	if k.everything() != nil {
		t.Error("it believes for ever in what it was told once")
	}
}
