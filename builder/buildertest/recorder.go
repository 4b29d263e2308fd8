// Package buildertest has what the tests of builders share: a Progress that
// remembers, and a small program to build images around.
package buildertest

import (
	"fmt"
	"strings"
	"sync"

	"github.com/slipway-paas/slipway/builder"
)

// Recorder is a Progress that keeps everything it hears. It is safe for
// concurrent use.
type Recorder struct {
	mu      sync.Mutex
	said    []string
	steps   []builder.Step
	output  []Line
	onEvent func()
}

// Line is one line of a step's output.
type Line struct {
	StepID string
	Text   string
	Stderr bool
}

// NewRecorder makes a Recorder that calls onEvent, if it is not nil, after
// everything it hears.
func NewRecorder(onEvent func()) *Recorder { return &Recorder{onEvent: onEvent} }

// Say keeps a sentence.
func (r *Recorder) Say(format string, args ...any) {
	r.hear(func() { r.said = append(r.said, fmt.Sprintf(format, args...)) })
}

// Step keeps a report of a step.
func (r *Recorder) Step(step builder.Step) {
	r.hear(func() { r.steps = append(r.steps, step) })
}

// Output keeps a line.
func (r *Recorder) Output(stepID, text string, stderr bool) {
	r.hear(func() { r.output = append(r.output, Line{stepID, text, stderr}) })
}

func (r *Recorder) hear(keep func()) {
	r.mu.Lock()
	keep()
	r.mu.Unlock()
	if r.onEvent != nil {
		r.onEvent()
	}
}

// Said gives the sentences, one per line.
func (r *Recorder) Said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.said, "\n")
}

// Reports gives every report of a step, in order.
func (r *Recorder) Reports() []builder.Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]builder.Step(nil), r.steps...)
}

// Last gives the last report of the step whose name contains part.
func (r *Recorder) Last(part string) (builder.Step, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.steps) - 1; i >= 0; i-- {
		if strings.Contains(r.steps[i].Name, part) {
			return r.steps[i], true
		}
	}
	return builder.Step{}, false
}

// Lines gives every line of output, in order.
func (r *Recorder) Lines() []Line {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Line(nil), r.output...)
}

// HasLine says whether some line has exactly this text.
func (r *Recorder) HasLine(text string) bool {
	for _, line := range r.Lines() {
		if line.Text == text {
			return true
		}
	}
	return false
}
