package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	docker "github.com/docker/docker/client"
)

// engine is the container engine seen directly, not through Slipway.
var engine = sync.OnceValues(func() (*docker.Client, error) {
	return docker.NewClientWithOpts(docker.FromEnv, docker.WithAPIVersionNegotiation())
})

// holdings is what an installation, or one of its apps, has on the engine.
type holdings struct{ containers, networks, images []string }

func (h holdings) empty() bool { return len(h.containers)+len(h.networks)+len(h.images) == 0 }

// holds lists what the installation has on the engine: of one app by its ID, or
// all of it.
func (in *installation) holds(app string) (h holdings, err error) {
	e, err := engine()
	if err != nil {
		return h, err
	}
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	ours := filters.NewArgs(filters.Arg("label", "slipway.installation="+in.name))
	if app != "" {
		ours.Add("label", "slipway.app="+app)
	}
	// A container that somebody starts from an app's image inherits the image's
	// labels, but has no kind.
	made := ours.Clone()
	made.Add("label", "slipway.kind")
	containers, err := e.ContainerList(ctx, container.ListOptions{All: true, Filters: made})
	if err != nil {
		return h, err
	}
	for _, c := range containers {
		h.containers = append(h.containers, strings.TrimPrefix(c.Names[0], "/"))
	}
	networks, err := e.NetworkList(ctx, network.ListOptions{Filters: made})
	if err != nil {
		return h, err
	}
	for _, n := range networks {
		h.networks = append(h.networks, n.Name)
	}
	images, err := e.ImageList(ctx, image.ListOptions{Filters: ours})
	if err != nil {
		return h, err
	}
	for _, i := range images {
		h.images = append(h.images, strings.Join(i.RepoTags, " ")+" "+i.ID)
	}
	slices.Sort(h.containers)
	slices.Sort(h.networks)
	return h, nil
}

// appHolds lists what an app has on the engine now.
func (in *installation) appHolds(t *testing.T, name string) holdings {
	t.Helper()
	h, err := in.holds(in.api(t).app(name).ID)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// settles waits until an app's instances are these, by process and release as in
// "web v2", and nothing more is on the engine for it but what is kept warm.
func (in *installation) settles(t *testing.T, name string, instances ...string) {
	t.Helper()
	id := in.api(t).app(name).ID
	var want []string
	count := map[string]int{}
	for _, instance := range instances {
		count[instance]++
		process, release, _ := strings.Cut(instance, " ")
		want = append(want, fmt.Sprintf("%s-%s-%s-%s-%d", in.name, name, process, release, count[instance]))
	}
	slices.Sort(want)
	eventually(t, 90*time.Second, fmt.Sprintf("%s has %v on the engine", name, instances), func() error {
		warm := ""
		if kept := in.api(t).app(name).WarmRelease; kept != nil {
			warm = fmt.Sprintf("%s-%s-web-v%d-", in.name, name, kept.Version)
		}
		h, err := in.holds(id)
		if err != nil {
			return err
		}
		h.containers = slices.DeleteFunc(h.containers, func(c string) bool {
			return warm != "" && strings.HasPrefix(c, warm) && !slices.Contains(want, c)
		})
		if !slices.Equal(h.containers, want) || len(h.networks) != min(1, len(want)) {
			return fmt.Errorf("it has %v", h)
		}
		return nil
	})
}
