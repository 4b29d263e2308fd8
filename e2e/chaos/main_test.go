// Package chaos breaks Slipway on purpose and looks from outside whether what
// docs/architecture.md promises still holds: the real program, built with its
// failpoints, on a real engine, Postgres, git and router.
//
// Without flags it runs a short draw of faults. -rounds=N runs every scenario N
// times, and -seed=S draws the same again; -only=REGEXP picks scenarios.
// CHAOS_LOGS names a folder to keep the servers' logs in.
package chaos

import (
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// suite is what all of a run shares. It is filled once, before any test runs.
var suite struct {
	slipway, app string // programs
	rounds       int    // 0 for the short run
	seed         uint64
	only         string
}

func TestMain(m *testing.M) {
	flag.IntVar(&suite.rounds, "rounds", 0, "how often to run every scenario; 0 for one short draw")
	flag.Uint64Var(&suite.seed, "seed", 1, "repeats the choices of an earlier run")
	flag.StringVar(&suite.only, "only", "", "a regular expression for the names of scenarios")
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "slipway-chaos-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build makes the programs. CHAOS_BIN names a slipway with failpoints to use
// instead of building one.
func build(dir string) error {
	suite.slipway, suite.app = os.Getenv("CHAOS_BIN"), filepath.Join(dir, "app")
	steps := [][]string{{"go", "build", "-ldflags", "-s -w", "-o", suite.app, "./e2e/chaos/app"}}
	if suite.slipway == "" {
		suite.slipway = filepath.Join(dir, "slipway")
		steps = append(steps,
			[]string{"make", "--no-print-directory", "payload"},
			[]string{"go", "build", "-tags", "failpoint", "-ldflags", "-s -w", "-o", suite.slipway, "./cmd/slipway"})
	}
	for _, step := range steps {
		cmd := exec.Command(step[0], step[1:]...)
		cmd.Dir = "../.."
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", step, err, out)
		}
	}
	return nil
}

// scenario is one kind of fault. Its dice are its own, so that it is the same
// with the same seed whatever else runs.
type scenario struct {
	name  string
	short bool // part of the short run
	run   func(t *testing.T, dice *rand.Rand)
}

func scenarios() []scenario {
	return []scenario{
		{"kill-points", true, killPoints},
		{"random-kills", true, randomKills},
		{"postgres", true, postgresFaults},
		{"cancels", true, cancels},
		{"by-hand", true, byHand},
		{"router-process", false, routerProcess},
		{"clock", false, clockSteps},
		{"volumes", false, volumes},
		{"return", false, returns},
		{"one-dies-again", false, oneDiesAgain},
		{"queue", false, crowdedQueue},
		{"webhooks", false, webhookStorm},
		{"two-servers", false, twoServers},
		{"engine", false, engineFaults},
		{"full-data-disk", false, fullData},
		{"full-engine-disk", false, fullEngine},
	}
}

// TestChaos runs the scenarios one after the other: each has the machine for
// itself.
func TestChaos(t *testing.T) {
	only := regexp.MustCompile(suite.only)
	for round := range max(1, suite.rounds) {
		for _, s := range scenarios() {
			if !only.MatchString(s.name) || suite.rounds == 0 && !s.short {
				continue
			}
			t.Run(fmt.Sprintf("round-%d/%s", round+1, s.name), func(t *testing.T) {
				began := time.Now()
				named := fnv.New64a()
				_, _ = fmt.Fprint(named, s.name, round)
				s.run(t, rand.New(rand.NewPCG(suite.seed, named.Sum64())))
				t.Logf("%s took %s with seed %d", s.name, time.Since(began).Round(time.Second), suite.seed)
			})
		}
	}
}

// brief says whether this is the short run.
func brief() bool { return suite.rounds == 0 }

// eventually waits until a condition holds.
func eventually(t *testing.T, within time.Duration, what string, holds func() error) {
	t.Helper()
	if err := until(within, holds); err != nil {
		t.Fatalf("not within %s: %s: %v", within, what, err)
	}
}

// until waits until a condition holds, and gives what was wrong last if it does
// not in time.
func until(within time.Duration, holds func() error) error {
	deadline := time.Now().Add(within)
	for {
		err := holds()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(25 * time.Millisecond) // between two looks at what other processes do
	}
}
