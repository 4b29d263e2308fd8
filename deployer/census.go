package deployer

import (
	"context"
	"strings"
)

// Condition is what is wrong with an instance, in words that complete
// "2 of 3 instances …", or nothing.
type Condition string

// The conditions that one listing shows.
const (
	ConditionFine    Condition = "" // runs, or the engine is about to start it again
	ConditionStopped Condition = "stopped"
	ConditionPaused  Condition = "paused"
	ConditionCutOff  Condition = "cut off from the network"
)

// Seen is what one listing tells of an instance.
type Seen struct {
	ID        string // the engine's
	Workload  WorkloadID
	AppName   string
	Index     int
	Condition Condition
	Spec      string // what it was made from, see Census.Spec
}

// MadeFrom says whether the instance was made from a workload with that spec.
// One whose driver told nothing of its variables is taken to have the right ones.
func (s Seen) MadeFrom(spec string) bool {
	return s.Spec == spec || strings.HasPrefix(spec, s.Spec+"/") && s.Spec != ""
}

// Census is a Cluster that can tell by one listing which instances are as they
// should be, without a look at each. Its methods are safe for concurrent use.
type Census interface {
	// Census lists the instances of an app, of all apps when app is "", by one
	// call to the engine, in no particular order. It does not probe them: Ensure
	// has nothing to do for a workload whose instances are all there, fine and
	// made from it.
	Census(ctx context.Context, app string) ([]Seen, error)

	// Spec gives what Seen.Spec is for an instance that is made from a workload.
	// It depends on neither the workload's ID nor its number of instances, and
	// tells nobody the values of variables.
	Spec(w Workload) string
}
