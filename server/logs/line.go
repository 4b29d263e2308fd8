// Package logs keeps log lines: an append-only store of bounded size on disk,
// one stream for an app's runtime and one for each deployment, and followers
// that read history, then live lines, then again from a cursor. A follower
// reads from disk at its own pace, so a slow one costs no memory; one that
// falls behind what is kept is told so by a gap.
package logs

import "time"

// Source is who wrote a line.
type Source string

// The sources.
const (
	SourceApp     Source = "app"     // an instance
	SourceBuild   Source = "build"   // a build step
	SourceRouter  Source = "router"  // the access log
	SourceSlipway Source = "slipway" // Slipway's own words on a deployment or an instance
)

// Line is one line of a stream. Seq is given by the store: 1, 2, … without
// holes within a stream, and it is the cursor to resume from.
type Line struct {
	Seq      int64     `json:"seq"`
	Time     time.Time `json:"time"`
	Source   Source    `json:"source"`
	Process  string    `json:"process,omitempty"`
	Instance string    `json:"instance,omitempty"` // hello.web.v3.1
	Stream   string    `json:"stream,omitempty"`   // "stdout" or "stderr"
	Text     string    `json:"text"`               // no newline, ANSI kept
	Step     *Step     `json:"step,omitempty"`     // a build step began or ended; Text is its name
	StepID   string    `json:"step_id,omitempty"`  // the step whose output this is
	State    string    `json:"state,omitempty"`    // the deployment entered this state
}

// Step is a build step in a deployment's stream.
type Step struct {
	ID         string  `json:"id"`
	Name       string  `json:"name"`
	Status     string  `json:"status"` // running, done, cached, failed
	DurationMS float64 `json:"duration_ms,omitempty"`
	Error      string  `json:"error,omitempty"`
	Internal   bool    `json:"internal,omitempty"`
}

// Gap stands where lines are missing: From to To were written and are no
// longer there, or were skipped because the reader was too slow.
type Gap struct {
	From   int64  `json:"from"`
	To     int64  `json:"to"`
	Reason string `json:"reason"` // "expired" or "slow"
}

// AppStream names the runtime stream of an app.
func AppStream(appID string) string { return "app-" + appID }

// DeploymentStream names the stream of a deployment.
func DeploymentStream(deploymentID string) string { return "deployment-" + deploymentID }
