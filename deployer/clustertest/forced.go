package clustertest

import "time"

// Forced are the differences that an engine forces on its driver, each told in
// the driver's doc comment. Where one is named, the suite holds the driver to
// the promise beside it instead; nothing is left out.
type Forced struct {
	OtherPorts bool          // Instance.Address has a port of the engine's choice, not Workload.Port
	FixedGrace time.Duration // what Remove gives instances, whatever its argument says; 0 for what it says
	NoOOM      bool          // want of memory is not told from another SIGKILL: OOMKilled stays unset, the reason says that it is likely
	NoInput    bool          // Run neither reads Stdin nor gives a terminal: a task sees the end of its input at once, and its two streams come in no order
	NoMeter    bool          // nothing is measured: the driver is no deployer.Meter
	// StartsUnproven: the engine also starts an instance again that exited
	// before it was found healthy. Ensure may put another in its place.
	StartsUnproven bool
	// LateImages: whether there is an image turns out when a node fetches it.
	// WaitHealthy says so, not Ensure.
	LateImages bool
	// OneStream: standard error is told as standard output.
	OneStream bool
	// TellsEnding: an EventChanged comes when an instance is told to end.
	TellsEnding bool
}
