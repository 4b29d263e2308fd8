package deployer

// Action is what a Step does.
type Action string

// The actions.
const (
	ActionMakeNetwork   Action = "make_network"   // the app's first instances on a cluster come
	ActionMakeVolume    Action = "make_volume"    // a volume that is not there yet
	ActionHold          Action = "hold"           // requests wait in the routers until the next switch
	ActionRetire        Action = "retire"         // instances get no new requests
	ActionDrain         Action = "drain"          // their requests in flight are waited for
	ActionCreate        Action = "create"         // instances are made and started, and waited for until they are healthy
	ActionStart         Action = "start"          // instances that do not run as they should do so again
	ActionReplace       Action = "replace"        // instances are removed, and made anew from something else
	ActionRemove        Action = "remove"         // instances are stopped and removed
	ActionSwitch        Action = "switch"         // requests go to them
	ActionRemoveNetwork Action = "remove_network" // the app's last instances on a cluster have gone
	ActionKeep          Action = "keep"           // instances are not touched
)

// Cause is what a Step follows from.
type Cause string

// The causes that one look at a cluster tells. An instance that is started has
// its Condition for a cause.
const (
	CauseMissing Cause = "missing" // it should be there
	CauseAltered Cause = "altered" // it was made from something else
	CauseSurplus Cause = "surplus" // it is beyond the number wanted
	CauseOther   Cause = "other"   // its release gives way to another
)

// Step is one thing that is done, to some instances of one workload.
type Step struct {
	Action   Action
	Workload WorkloadID // whose instances; only App and Release for a network
	Indexes  []int      // of these instances, rising; nil for a network, a volume and a hold
	Cause    Cause      // "" where the action says it all
	Volume   string     // the name of one that is made

	Limits    Limits            // of each instance that is created or replaced
	Placement map[string]string // the same for the labels that its node must have
	Reserve   Reserve
}
