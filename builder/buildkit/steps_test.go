package buildkit

import (
	"fmt"
	"slices"
	"testing"
	"time"

	controlapi "github.com/moby/buildkit/api/services/control"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/slipway-paas/slipway/builder"
)

// told notes what a build tells.
type told []string

func (w *told) Say(format string, args ...any) { *w = append(*w, fmt.Sprintf(format, args...)) }

func (w *told) Step(step builder.Step) {
	what := "begins"
	if !step.Ended.IsZero() {
		what = "ends"
	}
	*w = append(*w, step.ID+" "+what)
}

func (w *told) Output(stepID, text string, _ bool) { *w = append(*w, stepID+": "+text) }

func vertex(id string, ended bool) *controlapi.Vertex {
	v := &controlapi.Vertex{Digest: id, Name: id, Started: timestamppb.Now()}
	if ended {
		v.Completed = timestamppb.Now()
	}
	return v
}

// A step that begins when another has ended is told after that: told before, it
// would be told of twice wherever steps are written below each other.
func TestStepsAreToldInOrder(t *testing.T) {
	copied, export := vertex("copy", true), vertex("export", false)
	spoken := &controlapi.VertexLog{Vertex: "export", Msg: []byte("layers\n")}
	for _, c := range []struct {
		name     string
		response *controlapi.StatusResponse
		at, then []string // told at once, and told when the end has settled
	}{
		{"in order", &controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{copied, export}}, nil, []string{"copy ends", "export begins"}},
		{"the other way round", &controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{export, copied}}, nil, []string{"copy ends", "export begins"}},
		{"a step that speaks", &controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{copied, export}, Logs: []*controlapi.VertexLog{spoken}}, []string{"export begins", "export: layers"}, []string{"copy ends"}},
		{"side by side", &controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{export}}, []string{"export begins"}, nil},
		{"begun anew", &controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{copied, vertex("copy", false)}}, nil, nil},
		{"over at once", &controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{vertex("export", true)}}, []string{"export begins"}, []string{"export ends"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got told
			s := newSteps(&got)
			s.take(&controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{vertex("copy", false)}})
			s.take(c.response)
			if want := append([]string{"copy begins"}, c.at...); !slices.Equal(got, want) {
				t.Errorf("at once %q instead of %q", got, want)
			}
			got = nil
			later := time.Now().Add(settle)
			s.tellEnds(later)
			s.tellStarts(later)
			if !slices.Equal(got, c.then) {
				t.Errorf("then %q instead of %q", got, c.then)
			}
			// Whatever it has come to, all that began ends when the build does.
			s.finish()
			for id := range s.known {
				if !s.known[id].ended || s.known[id].begins {
					t.Errorf("%s is left: %+v", id, s.known[id])
				}
			}
		})
	}
}
