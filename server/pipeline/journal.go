package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/logs"
)

// journal writes a deployment's log stream: the one that the pusher's terminal
// and the browser both follow. It implements builder.Progress. A line that
// cannot be written is lost to the stream and noted in the server's log; the
// deployment goes on.
type journal struct {
	store  *logs.Store
	stream string
	id     string // the deployment's
	peers  Peers
	logger *slog.Logger
	steps  atomic.Int64 // how often a build step was told of

	mu      sync.Mutex
	secrets []string
	mask    *logs.Mask // of the secrets
}

func (p *Pipeline) journal(d *models.Deployment) *journal {
	return &journal{store: p.Logs, stream: logs.DeploymentStream(d.ID), id: d.ID, peers: p.Peers, logger: p.logger(d)}
}

// hide keeps values out of everything written from now on, but for what Slipway
// sets itself: that is no secret, and hiding it would spoil the log.
func (j *journal) hide(values map[string]string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for key, value := range values {
		if !strings.HasPrefix(key, "SLIPWAY_") {
			j.secrets = append(j.secrets, value)
		}
	}
	j.mask = logs.NewMask(j.secrets...)
}

func (j *journal) clean(text string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.mask.Text(text)
}

func (j *journal) write(lines ...logs.Line) {
	j.mu.Lock()
	mask := j.mask
	j.mu.Unlock()
	for i := range lines {
		lines[i] = mask.Line(lines[i])
	}
	if _, err := j.store.Append(j.stream, lines...); err != nil {
		j.logger.Warn("a line of a deployment's log is lost", "error", err)
	}
	if j.peers != nil {
		j.peers.ShareLines(j.id, lines)
	}
}

// Say writes a sentence of Slipway's own.
func (j *journal) Say(format string, args ...any) {
	j.write(logs.Line{Source: logs.SourceSlipway, Text: fmt.Sprintf(format, args...)})
}

// Step writes that a build step began or ended.
func (j *journal) Step(step builder.Step) {
	j.steps.Add(1)
	line := logs.Line{Source: logs.SourceBuild, Text: step.Name, Step: &logs.Step{
		ID: step.ID, Name: step.Name, Status: "running", Error: step.Error, Internal: step.Internal,
	}}
	if !step.Ended.IsZero() {
		line.Step.DurationMS = float64(step.Ended.Sub(step.Started)) / float64(time.Millisecond)
		switch {
		case step.Error != "":
			line.Step.Status = "failed"
		case step.Cached:
			line.Step.Status = "cached"
		default:
			line.Step.Status = "done"
		}
	}
	j.write(line)
}

// Output writes a line of a build step's output.
func (j *journal) Output(stepID, text string, stderr bool) {
	stream := "stdout"
	if stderr {
		stream = "stderr"
	}
	j.write(logs.Line{Source: logs.SourceBuild, StepID: stepID, Stream: stream, Text: text})
}

// state writes that the deployment entered a state.
func (j *journal) state(state models.DeploymentState, reason string) {
	text := string(state)
	if reason != "" {
		text += ": " + reason
	}
	j.write(logs.Line{Source: logs.SourceSlipway, State: string(state), Text: text})
	if state.Terminal() && j.peers != nil {
		// Others too have all of the log before they see the end.
		ctx, stop := context.WithTimeout(context.Background(), flushTimeout)
		defer stop()
		if err := j.peers.FlushLines(ctx); err != nil {
			j.logger.Debug("other servers have the end of a deployment's log later", "error", err)
		}
	}
}

const flushTimeout = 2 * time.Second

// lastWords writes what an instance said before it failed.
func (j *journal) lastWords(unhealthy *deployer.Unhealthy) {
	lines := make([]logs.Line, 0, len(unhealthy.LastLogs))
	for _, said := range unhealthy.LastLogs {
		stream := "stdout"
		if said.Stderr {
			stream = "stderr"
		}
		lines = append(lines, logs.Line{
			Time: said.Time, Source: logs.SourceApp, Process: unhealthy.Instance.Workload.Process,
			Instance: unhealthy.Instance.Name, Stream: stream, Text: said.Text,
		})
	}
	if len(lines) > 0 {
		j.Say("The last lines of %s:", unhealthy.Instance.Name)
		j.write(lines...)
	}
}
