// Package deployer runs workloads on a cluster and rolls releases out. It is a
// library: it knows nothing of the database or of users. Each subpackage is a
// driver for one engine; clustertest holds the promises they all keep.
package deployer

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// WorkloadID names the instances of one process of one release of one app. A
// release is its own set of containers, so two releases never share any.
type WorkloadID struct {
	App     string // the app's ID, which never changes
	Process string
	Release int
}

// Workload is what should run under a WorkloadID.
type Workload struct {
	ID        WorkloadID
	AppName   string            // for the names people see
	Image     string            // reference or ID that the engine has or can pull
	Command   []string          // argument vector; nil for the image's own
	Env       map[string]string // values are secret: never logged, never in a label
	Port      int               // tcp port it serves on; 0 when it takes no requests
	Instances int               // how many; 0 keeps none
	Health    Health
	Limits    Limits
	Volumes   []Volume          // a workload with any has at most one instance
	Placement map[string]string // labels that a node must have to run it; nil for any node
	Reserve   Reserve
}

// Reserve is what a node must have free for each instance. Zero values reserve
// nothing.
type Reserve struct {
	MemoryBytes int64
	CPUMilli    int64
}

// Volume is storage of an app that is mounted into an instance. It is made when
// the first workload asks for it, and outlives all of them.
type Volume struct {
	Name string // within the app
	Path string // absolute, in the instance
}

// Health says when an instance counts as healthy. With no port it is healthy
// when it has run for Settle without exiting.
type Health struct {
	Path    string        // HTTP path that must answer 2xx or 3xx; "" for a port that accepts
	Timeout time.Duration // how long a workload has to become healthy; 0 for 60 s
	Settle  time.Duration // 0 for 1 s
}

// Limits bound one instance. Zero values mean the driver's defaults.
type Limits struct {
	MemoryBytes int64
	CPUMilli    int64
	PIDs        int64
}

// State is what an instance is doing.
type State string

// The states of an instance.
const (
	StateStarting  State = "starting"  // created or running, not known to be healthy
	StateHealthy   State = "healthy"   // serving
	StateUnhealthy State = "unhealthy" // running, and its probe fails
	StateExited    State = "exited"    // not running; ExitCode says how it ended
)

// Instance is one container.
type Instance struct {
	ID        string // the engine's
	Name      string // for people: hello.web.v3.1
	Workload  WorkloadID
	AppName   string
	Index     int    // 1, 2, … within the workload
	Address   string // "ip:port" reachable from the router, "" when it takes no requests or is not running
	State     State
	ExitCode  int
	OOMKilled bool
	Restarts  int
	StartedAt time.Time
	Node      string // which machine it runs on, "" while it has none
	Limits    Limits // what it may use, as the engine holds it to; zero values for what is not limited
	Reserve   Reserve
	Cluster   string // the name of its cluster among several, "" where there is one
}

// EventType is what happened to an instance.
type EventType string

// The types of event.
const (
	EventStarted EventType = "started" // runs (again); its address may have changed
	EventDied    EventType = "died"    // exited; the engine may start it again
	EventRemoved EventType = "removed" // is gone
	EventChanged EventType = "changed" // runs on, and was paused or unpaused, or lost its network
	EventResync  EventType = "resync"  // events may have been missed: list again
)

// Event is one change. Instance is empty for EventResync.
type Event struct {
	Type     EventType
	Instance Instance
	At       time.Time
}

// LogQuery asks for the output of one instance.
type LogQuery struct {
	InstanceID string
	Since      time.Time // lines at or after it; zero for all the engine kept
	Follow     bool      // go on until the instance is removed or ctx ends
}

// LogLine is one line an instance wrote. Text has no newline; ANSI is kept. A
// line longer than 64 KiB arrives in pieces, all but the last with Partial.
type LogLine struct {
	Time    time.Time
	Stderr  bool
	Text    string
	Partial bool
}

// Task is a one-off run of a release's image.
type Task struct {
	Workload Workload // its Process is "run"; Instances is ignored
	TTY      bool
}

// TaskIO connects a Task. Nil members are closed or discarded.
type TaskIO struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Cluster runs workloads. Every method is idempotent and safe for concurrent
// use, keyed by WorkloadID; calls for different workloads do not wait for each
// other. Identity is kept in the cluster itself (labels), so a new Cluster
// over the same engine sees what an earlier one made, and touches nothing that
// does not carry its own installation's label.
//
// Every method returns when ctx ends, with ctx's error. An engine that cannot
// be reached gives an error for which errors.Is(err, ErrUnavailable) holds.
type Cluster interface {
	// Ensure makes the workload's instances be: it creates what is missing,
	// starts what has stopped, removes what is beyond Instances (highest index
	// first), replaces what was made from another workload under the same ID,
	// and leaves alone what is right. It does not wait for health. An instance
	// that exits before WaitHealthy has found it healthy stays exited.
	Ensure(ctx context.Context, w Workload) error

	// WaitHealthy returns when every instance is healthy. It returns an
	// *Unhealthy as soon as one exits for good, and when Health.Timeout runs
	// out. It needs Ensure to have been called, by any process, ever. From
	// then on the engine starts the instances again when they exit.
	WaitHealthy(ctx context.Context, id WorkloadID) error

	// Remove stops the workload's instances (SIGTERM, then SIGKILL after
	// grace) side by side and removes them. What is not there is removed
	// already. When the app's last workload goes, its network goes too.
	Remove(ctx context.Context, id WorkloadID, grace time.Duration) error

	// Instances lists the instances of an app in the order of process,
	// release and index; of all apps when app is "". It includes the exited.
	Instances(ctx context.Context, app string) ([]Instance, error)

	// Watch yields changes from now on until ctx ends. It reconnects by
	// itself and then yields an EventResync first, since some may be missed;
	// the first event is an EventResync too. It never polls per app.
	Watch(ctx context.Context) iter.Seq2[Event, error]

	// Logs yields the lines of one instance in the order they were written.
	// It ends without error when there are no more to come, and at once for an
	// instance that is not there. Ended streams of a followed instance that
	// runs again are followed on.
	Logs(ctx context.Context, q LogQuery) iter.Seq2[LogLine, error]

	// Run runs a one-off task to its end and gives its exit code. When ctx
	// ends the task is killed and removed before Run returns.
	Run(ctx context.Context, t Task, io TaskIO) (exitCode int, err error)
}

// Images is a Cluster whose engine keeps the images that were built for it.
type Images interface {
	// ImageReferences lists the references, name:tag, that the engine has
	// under a repository name.
	ImageReferences(ctx context.Context, repository string) ([]string, error)

	// RemoveImages takes references away, and with the last of its references
	// the image. One that is not there is no error; one that a container still
	// uses stays, which is none either.
	RemoveImages(ctx context.Context, references []string) error

	// RemoveUnnamedOf removes the images that were built for an app and have no
	// name: what a build left that broke off while it gave one. It must not be
	// called during a build of the app. One that is in use, or has a name by
	// now, stays, which is no error.
	RemoveUnnamedOf(ctx context.Context, app string) error
}

// Volumes is a Cluster that keeps volumes.
type Volumes interface {
	// Volumes lists the names of an app's volumes that are there.
	Volumes(ctx context.Context, app string) ([]string, error)

	// RemoveVolume deletes a volume and what is in it. One that is not there
	// is no error; one that an instance still uses is one.
	RemoveVolume(ctx context.Context, app, name string) error
}

// ErrUnavailable is in the chain of an error from an engine that cannot be
// reached. Trying again later is the right answer.
var ErrUnavailable = errors.New("the container engine is not answering")

// ErrDiskFull is in the chain of an error from an engine whose disk has no room
// left.
var ErrDiskFull = errors.New("the container engine's disk is full")

// ErrNoImage is in the chain of an error about an image that the engine
// neither has nor can get.
var ErrNoImage = errors.New("no such image")

// ErrNoCommand is in the chain of an error about a workload that has no command
// and whose image has none either.
var ErrNoCommand = errors.New("neither the workload nor its image has a command")

// ErrNoRoom is in the chain of an error from an engine that has not the memory,
// or the addresses, left to start an instance.
var ErrNoRoom = errors.New("the container engine has no room left")

// ErrCredentials is in the chain of an error from a cluster that does not accept
// the credentials it was given: they have expired, or were taken back.
var ErrCredentials = errors.New("the cluster refuses the credentials")

// ErrNoNode is in the chain of an error about a node that is not there.
var ErrNoNode = errors.New("no such node")

// ClusterError is an error of one cluster among several.
type ClusterError struct {
	Cluster string // its name
	Err     error
}

// Error gives the error with the cluster's name.
func (e *ClusterError) Error() string { return "cluster " + e.Cluster + ": " + e.Err.Error() }

// Unwrap gives the error without.
func (e *ClusterError) Unwrap() error { return e.Err }

// Unhealthy says why a workload did not become healthy. Its message is safe to
// show to those who may see the app.
type Unhealthy struct {
	Instance Instance
	Reason   string // "exited with code 1", "nothing accepted connections on port 8080 within 60 s"
	Exited   bool
	LastLogs []LogLine // the last lines it wrote, at most 50
}

// Error gives the reason with the instance's name.
func (u *Unhealthy) Error() string { return u.Instance.Name + ": " + u.Reason }

// Targets is where the requests for an app should go.
type Targets struct {
	Release int    // the release whose web instances get the requests, 0 for none
	Process string // "web"
	Hold    bool   // requests wait in the routers until the next Switch; Release and Process say what for
	Upto    int    // highest index of the instances that get requests, 0 for all: those above are about to be removed
}

// Router is all routers as one, wanted by Rollout and given by the server.
type Router interface {
	// Switch sends the app's new requests to another release's instances. It
	// returns when every connected router has acknowledged the change, or an
	// error that names those that have not. With no router connected it
	// succeeds: there is nobody to send requests to the old one.
	Switch(ctx context.Context, app string, to Targets) error

	// Drained returns when no request is in flight on the workload in any
	// connected router, or when ctx ends.
	Drained(ctx context.Context, id WorkloadID) error
}
