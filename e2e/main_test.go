// Package e2e tests Slipway from outside, as those who use it see it: the real
// program on the real engine and a real Postgres, with the real git. Each test
// is a story. SLIPWAY_BIN names a program to test instead of building one, and E2E_LOGS a
// folder to keep the servers' logs in.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// slipwayBin and appBin are the program under test and the app that is pushed.
// They are set once, before any test runs.
var slipwayBin, appBin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "slipway-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	removeAtSignal()
	defer common.end()
	return m.Run()
}

// build makes the programs, the dashboard included.
func build(dir string) error {
	slipwayBin, appBin = os.Getenv("SLIPWAY_BIN"), filepath.Join(dir, "app")
	steps := [][]string{{"go", "build", "-ldflags", "-s -w", "-o", appBin, "./e2e/testapp"}}
	if slipwayBin == "" {
		slipwayBin = filepath.Join(dir, "slipway")
		steps = append(steps,
			[]string{"make", "--no-print-directory", "ui", "payload"},
			[]string{"go", "build", "-ldflags", "-s -w", "-o", slipwayBin, "./cmd/slipway"})
	}
	for _, step := range steps {
		cmd := exec.Command(step[0], step[1:]...)
		cmd.Dir = ".."
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", step, err, out)
		}
	}
	return nil
}
