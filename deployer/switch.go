package deployer

import (
	"context"
	"fmt"
	"time"
)

// switchOver sends the traffic to the new release.
func (r *rollingOut) switchOver(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switching, end := context.WithTimeout(context.WithoutCancel(ctx), switchTimeout)
	defer end()
	defer context.AfterFunc(ctx, func() {
		late := time.NewTimer(switchLate)
		defer late.Stop()
		select {
		case <-late.C:
			end()
		case <-switching.Done():
		}
	})()
	if err := r.Router.Switch(switching, r.App, Targets{Release: r.Release, Process: webProcess}); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("switch the traffic: %w", err)
	}
	return nil
}

// warm says whether all the instances that the web process should have are
// healthy already.
func (r *rollingOut) warm() bool {
	if !r.Warm || r.holds() {
		return false
	}
	for _, w := range r.Workloads {
		if w.ID.Process != webProcess {
			continue
		}
		healthy := 0
		for _, in := range r.instances {
			if in.Workload == w.ID && in.Index <= w.Instances && in.State == StateHealthy {
				healthy++
			}
		}
		return w.Instances > 0 && healthy == w.Instances
	}
	return false
}
