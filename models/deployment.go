package models

import "time"

// DeploymentState is where a deployment stands. The terminal ones never change.
type DeploymentState string

// The states of a deployment, in the order they are gone through.
const (
	DeploymentQueued     DeploymentState = "queued"     // waits for the app's earlier one, or for a worker
	DeploymentBuilding   DeploymentState = "building"   // the source becomes an image
	DeploymentReleasing  DeploymentState = "releasing"  // image and config become a release
	DeploymentDeploying  DeploymentState = "deploying"  // instances start, become healthy, get the traffic
	DeploymentSucceeded  DeploymentState = "succeeded"  // terminal: its release went live
	DeploymentFailed     DeploymentState = "failed"     // terminal: Reason says why; the old release kept serving
	DeploymentCancelled  DeploymentState = "cancelled"  // terminal: somebody stopped it, and the work has stopped
	DeploymentSuperseded DeploymentState = "superseded" // terminal: a newer one made it needless; its release never goes live
)

// ReleaseTimeout bounds how long a deployment may be releasing.
const ReleaseTimeout = time.Minute

// Terminal says whether the state is final.
func (s DeploymentState) Terminal() bool {
	switch s {
	case DeploymentSucceeded, DeploymentFailed, DeploymentCancelled, DeploymentSuperseded:
		return true
	}
	return false
}

// Active says whether a worker is, or should be, at it.
func (s DeploymentState) Active() bool { return s != DeploymentQueued && !s.Terminal() }

// Trigger is what started a deployment.
type Trigger string

// The triggers.
const (
	TriggerPush     Trigger = "push"     // git push
	TriggerUpload   Trigger = "upload"   // slipway deploy, or a tar over the API
	TriggerGit      Trigger = "git"      // the app's git URL, asked for by a person
	TriggerWebhook  Trigger = "webhook"  // the app's git URL, asked for by its forge
	TriggerImage    Trigger = "image"    // a prebuilt image
	TriggerConfig   Trigger = "config"   // config vars changed
	TriggerRollback Trigger = "rollback" // an earlier release
	TriggerSettings Trigger = "settings" // health path, port, limits changed
	TriggerRestart  Trigger = "restart"  // the live release anew
	TriggerReturn   Trigger = "return"   // Slipway goes back to the release before, see WatchVerdict
	TriggerMove     Trigger = "move"     // the live release on another cluster
)

// Deployment is one attempt to make a release the live one.
type Deployment struct {
	ID      string `gorm:"primaryKey"`
	AppID   string
	Number  int // 1, 2, … per app; shown as #1
	Trigger Trigger
	State   DeploymentState
	Reason  string // why it failed, in words for people; while it is open, what it waits for

	// What to deploy: a stored source snapshot, an image reference, or an
	// existing release.
	SourceID      string
	SourceRef     string // branch or tag it came from
	Commit        string
	CommitMessage string
	ImageRef      string
	ClusterID     string // where it moves the app to, "" for nowhere
	FromRelease   int    // the release whose image is used again, 0 if none

	Release     int // the release it made or names, 0 until then
	CreatedBy   string
	CancelledBy string // who asked for the cancel, "" if nobody

	Cause        string // why Slipway made it by itself, in words; "" when somebody asked for it
	SupersededBy int    // the number of the deployment that made it needless, 0 for none

	// Held by one worker at a time. Every change of state names the fence it
	// was claimed with, so a worker that lost its lease changes nothing.
	Fence      int64
	LeaseUntil *time.Time
	Holder     string // who claimed it last, "" if nobody did

	CreatedAt   time.Time
	StartedAt   *time.Time // left the queue
	BuiltAt     *time.Time // the image was ready
	ReleasedAt  *time.Time // the release was written
	FinishedAt  *time.Time
	CancelledAt *time.Time // the cancel was asked for

	// When the time-out of the phase it is in strikes; nil where none runs.
	PhaseDeadline *time.Time

	// Once it is live, what the routers see is compared with the release before.
	WatchUntil   *time.Time // nil when it is not watched
	WatchVerdict WatchVerdict
	WatchNote    string // what the verdict rests on, in words
}

// WatchVerdict is what came of watching a deployment after it went live.
type WatchVerdict string

// The verdicts.
const (
	WatchOpen     WatchVerdict = ""         // is still watched, or never was
	WatchKept     WatchVerdict = "kept"     // it did as well as the release before
	WatchReturned WatchVerdict = "returned" // it did worse, and Slipway went back
	WatchUnknown  WatchVerdict = "unknown"  // nothing to compare: too few requests, or something newer came
)

// NeedsBuild says whether the deployment starts from a source or an image
// rather than from a release.
func (d *Deployment) NeedsBuild() bool {
	switch d.Trigger {
	case TriggerPush, TriggerUpload, TriggerGit, TriggerWebhook, TriggerImage:
		return true
	}
	return false
}
