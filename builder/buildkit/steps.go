package buildkit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	controlapi "github.com/moby/buildkit/api/services/control"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/slipway-paas/slipway/builder"
)

// settle is how long the end of a step is held back. BuildKit ends a step and
// starts it anew when it looked into its cache first and then had to work; a
// person should see one step. What begins meanwhile is held back too, or it
// would be told before the end of what it waited for.
const settle = 100 * time.Millisecond

// steps turns BuildKit's statuses into steps and lines of output.
type steps struct {
	progress builder.Progress
	known    map[string]*step
	order    []*step // as first seen
}

type step struct {
	told     builder.Step
	shown    bool      // its start was told, or is held back
	begins   bool      // its start is held back
	beginAt  time.Time // when its start may be told; zero while nobody has looked
	ended    bool      // its end was told
	heldTill time.Time // when its end may be told; zero when it has none to tell
	out, err lines
}

func newSteps(progress builder.Progress) *steps {
	return &steps{progress: progress, known: map[string]*step{}}
}

// follow reads the statuses of a build until the engine has let go of it. It
// is the only one to call progress meanwhile.
func (s *steps) follow(ctx context.Context, control controlapi.ControlClient, ref string) error {
	stream, err := control.Status(ctx, &controlapi.StatusRequest{Ref: ref})
	if err != nil {
		return fmt.Errorf("follow the build: %w", err)
	}
	received := make(chan *controlapi.StatusResponse)
	ended := make(chan error, 1)
	go func() {
		defer close(received)
		for {
			response, err := stream.Recv()
			if err != nil {
				ended <- err
				return
			}
			received <- response
		}
	}()
	ticker := time.NewTicker(settle)
	defer ticker.Stop()
	for open := true; open; {
		select {
		case response, ok := <-received:
			if open = ok; ok {
				s.take(response)
			}
		case now := <-ticker.C:
			s.tellEnds(now)
			s.tellStarts(now)
		}
	}
	s.finish()
	if err := <-ended; !errors.Is(err, io.EOF) && status.Code(err) != codes.Canceled {
		return fmt.Errorf("follow the build: %w", err)
	}
	return nil
}

func (s *steps) take(response *controlapi.StatusResponse) {
	for _, vertex := range response.GetVertexes() {
		s.vertex(vertex)
	}
	s.tellStarts(time.Now())
	for _, chunk := range response.GetLogs() {
		st := s.get(chunk.GetVertex())
		s.tellStart(st)
		stderr := chunk.GetStream() == 2
		buffer := &st.out
		if stderr {
			buffer = &st.err
		}
		for _, line := range buffer.add(chunk.GetMsg()) {
			s.progress.Output(st.told.ID, line, stderr)
		}
	}
	for _, warning := range response.GetWarnings() {
		s.progress.Say("warning: %s", clean(warning.GetShort()))
	}
}

func (s *steps) vertex(v *controlapi.Vertex) {
	if v.GetStarted() == nil {
		return
	}
	st := s.get(v.GetDigest())
	st.told.Name = stepName(v.GetName())
	st.told.Internal = strings.HasPrefix(v.GetName(), "[internal]")
	st.told.Started = v.GetStarted().AsTime()
	if v.GetCompleted() == nil {
		st.heldTill = time.Time{}
		if st.ended { // it turned out to have more to do
			st.ended, st.shown = false, false
			st.told.Ended = time.Time{}
		}
		st.begin()
		return
	}
	st.told.Ended = v.GetCompleted().AsTime()
	st.told.Cached = v.GetCached()
	st.told.Error = v.GetError()
	if st.ended {
		return
	}
	st.begin()
	st.heldTill = time.Now().Add(settle)
	if st.told.Cached || st.told.Error != "" {
		s.tellEnd(st)
	}
}

func (st *step) begin() {
	if !st.shown {
		st.shown, st.begins, st.beginAt = true, true, time.Time{}
	}
}

// tellStarts tells the starts that no end comes before. Call it when all that is
// known of ends has been taken.
func (s *steps) tellStarts(now time.Time) {
	for _, st := range s.order {
		if st.begins && st.beginAt.IsZero() {
			for _, other := range s.order {
				if other != st && other.heldTill.After(st.beginAt) {
					st.beginAt = other.heldTill
				}
			}
		}
		if !now.Before(st.beginAt) {
			s.tellStart(st)
		}
	}
}

func (s *steps) tellStart(st *step) {
	if !st.begins {
		return
	}
	st.begins = false
	start := st.told
	start.Ended, start.Error, start.Cached = time.Time{}, "", false
	s.progress.Step(start)
}

func (s *steps) tellEnds(now time.Time) {
	for _, st := range s.order {
		if !st.heldTill.IsZero() && !now.Before(st.heldTill) {
			s.tellEnd(st)
		}
	}
}

func (s *steps) tellEnd(st *step) {
	st.heldTill = time.Time{}
	st.ended = true
	s.tellStart(st)
	s.flush(st)
	s.progress.Step(st.told)
}

func (s *steps) flush(st *step) {
	for _, line := range st.out.end() {
		s.progress.Output(st.told.ID, line, false)
	}
	for _, line := range st.err.end() {
		s.progress.Output(st.told.ID, line, true)
	}
}

// finish tells the ends held back, and ends what the engine never ended: a
// step that was running when the build was stopped.
func (s *steps) finish() {
	for _, st := range s.order {
		s.flush(st)
		if !st.shown || st.ended {
			continue
		}
		if st.told.Ended.IsZero() {
			st.told.Ended = time.Now()
			st.told.Error = "stopped"
		}
		s.tellEnd(st)
	}
}

// failed gives the step that made the build fail, nil if none did. Others that
// were running side by side were only stopped because of it.
func (s *steps) failed() *builder.Step {
	for _, st := range s.order {
		if e := st.told.Error; e != "" && e != "stopped" && !strings.HasSuffix(e, context.Canceled.Error()) {
			return &st.told
		}
	}
	return nil
}

func (s *steps) get(digest string) *step {
	if st, ok := s.known[digest]; ok {
		return st
	}
	st := &step{}
	st.told.ID = shortID(digest)
	s.known[digest] = st
	s.order = append(s.order, st)
	return st
}

// shortID keeps enough of a digest to tell the steps of one build apart.
func shortID(digest string) string {
	digest = strings.TrimPrefix(digest, "sha256:")
	return digest[:min(len(digest), 16)]
}

var unnamedStage = regexp.MustCompile(`^\[stage-\d+ `)

// stepName brings a step's name onto one line of readable length, without the
// name that BuildKit makes up for a stage that has none.
func stepName(name string) string {
	const most = 200
	name = strings.Join(strings.Fields(strings.ToValidUTF8(name, "\uFFFD")), " ")
	name = unnamedStage.ReplaceAllString(name, "[")
	if utf8.RuneCountInString(name) <= most {
		return name
	}
	return string([]rune(name)[:most-1]) + "…"
}
