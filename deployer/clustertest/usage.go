package clustertest

import (
	"context"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// usage measures what runs, and only that.
func usage(t *testing.T, f *fixture) {
	meter, ok := f.cluster.(deployer.Meter)
	if f.Forced.NoMeter {
		if ok {
			t.Error("this driver measures, and says that it does not")
		}
		return
	}
	if !ok {
		t.Fatal("this driver measures nothing")
	}
	w := f.web(1, 2)
	w.Limits = deployer.Limits{MemoryBytes: 64 << 20, CPUMilli: 500}
	f.up(w)
	f.up(f.worker(2, 1))
	measure := func() map[deployer.WorkloadID][]deployer.Usage {
		measured, err := meter.Usage(f.ctx)
		f.ok(err)
		by := map[deployer.WorkloadID][]deployer.Usage{}
		for _, u := range measured {
			by[u.Workload] = append(by[u.Workload], u)
		}
		return by
	}
	var first map[deployer.WorkloadID][]deployer.Usage
	f.eventually("all instances are measured", func() bool {
		first = measure()
		return len(first) == 2 && len(first[w.ID]) == 2
	})
	for _, u := range first[w.ID] {
		if u.AppName != "hello" || u.Instance == "" || u.Index < 1 || u.Index > 2 || time.Since(u.At) > time.Minute {
			t.Errorf("measured %+v", u)
		}
		if u.MemoryBytes <= 0 || u.MemoryBytes > 64<<20 || u.MemoryLimit != 64<<20 || u.CPULimit != 500 || u.CPU < 0 {
			t.Errorf("measured %+v", u)
		}
	}
	f.eventually("processor time goes up", func() bool {
		in := f.instances(w.ID)[0]
		f.get(in, "/")
		for _, u := range measure()[w.ID] {
			for _, before := range first[w.ID] {
				if u.Instance == before.Instance && u.CPU > before.CPU && u.At.After(before.At) {
					return true
				}
			}
		}
		return false
	})
	f.ok(f.cluster.Remove(f.ctx, w.ID, time.Second))
	if left := measure(); len(left[w.ID]) != 0 {
		t.Errorf("of what was removed: %+v", left[w.ID])
	}
	over, cancel := context.WithCancel(f.ctx)
	cancel()
	if _, err := meter.Usage(over); err == nil {
		t.Error("a context that is over gives no error")
	}
}
