package memory_test

import (
	"context"
	"testing"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/clustertest"
	"github.com/slipway-paas/slipway/deployer/clustertest/testapp"
	"github.com/slipway-paas/slipway/deployer/memory"
)

func runTestApp(ctx context.Context, p *memory.Process) int {
	return testapp.Run(ctx, testapp.World{
		Getenv: p.Getenv, Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr,
		Listen: p.Listen, Allocate: p.Allocate, Killed: p.Killed,
	})
}

func TestConformance(t *testing.T) {
	clustertest.Run(t, func(*testing.T) clustertest.Harness {
		engine := memory.NewEngine()
		engine.AddImage("testapp", runTestApp)
		return clustertest.Harness{
			Image: "testapp",
			New:   func(*testing.T) deployer.Cluster { return memory.New(engine, "test") },
		}
	})
}
