package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/docker/docker/api/types/image"
)

// cluster is one that apps are pushed to beside the server's own engine, seen
// directly and not through Slipway.
type cluster struct {
	host    string                                                // this machine as its nodes reach it
	added   map[string]any                                        // how it is added to Slipway
	trust   func(registry string) error                           // lets its nodes pull from there without TLS
	count   func(ctx context.Context) (int, error)                // of instances that are not the floor's, and of what is ending
	start   func(ctx context.Context, ref string) (string, error) // as site has it
	clear   func(ctx context.Context) error
	against string
}

// far is what Slipway knows the cluster by.
const far = "far"

// measurePushTo takes the time from git push to the first answer of what was
// pushed to a cluster: through Slipway and its router, and on the floor.
func (b *bench) measurePushTo(ctx context.Context, figure string, c *cluster) error {
	s, err := b.newSource(ctx, "push", "")
	if err != nil {
		return err
	}
	in, err := b.installBeside(ctx, c)
	if err != nil {
		return err
	}
	ours, err := in.deploys(ctx, "pushed", s, map[string]any{"warm_minutes": 0}, far, c.count)
	if err != nil {
		return err
	}
	f, err := b.floor(ctx)
	if err != nil {
		return err
	}
	port, err := b.registry()
	if err != nil {
		return err
	}
	if err := c.trust(net.JoinHostPort(c.host, port)); err != nil {
		return err
	}
	bare, err := f.appOn(ctx, b, "pushed", "127.0.0.1:"+port+"/pushed", s, &farSite{cluster: c, engine: f.engine, registry: net.JoinHostPort(c.host, port)})
	if err != nil {
		return err
	}
	var mine, theirs stages
	figures, err := b.interleave(ctx, "s", side{"ours", func(ctx context.Context) (float64, error) {
		if _, err := s.commit(ctx, true); err != nil {
			return 0, err
		}
		began := time.Now()
		took, err := ours.changes(ctx, func(ctx context.Context) error { return in.pushApp(ctx, s, "pushed") })
		if err != nil {
			return 0, err
		}
		if err := ours.settles(ctx, 1); err != nil {
			return 0, err
		}
		built, released, err := in.stagesOf(ctx, "pushed")
		mine.add(began, built, released, began.Add(took))
		return took.Seconds(), err
	}}, side{"floor", func(ctx context.Context) (float64, error) {
		if _, err := s.commit(ctx, true); err != nil {
			return 0, err
		}
		began := time.Now()
		took, err := bare.deploy(ctx, s)
		if err != nil {
			return 0, err
		}
		theirs.add(began, bare.built, bare.published, began.Add(took))
		return took.Seconds(), bare.clear(ctx)
	}})
	if err != nil {
		return err
	}
	r := compared("s", figures["ours"], figures["floor"], c.against).atMost(ofRatio, 1.25).
		other("difference ms", 1000*(median(figures["ours"])-median(figures["floor"])))
	mine.note(r, "ours")
	theirs.note(r, "the floor")
	b.record(figure, r)
	return nil
}

// stages are the milliseconds that the parts of each deployment took.
type stages struct{ build, publish, start []float64 }

func (s *stages) add(began, built, published, answered time.Time) {
	for list, took := range map[*[]float64]time.Duration{&s.build: built.Sub(began), &s.publish: published.Sub(built), &s.start: answered.Sub(published)} {
		*list = append(*list, 1000*took.Seconds())
	}
}

// note tells of all but the first, which warmed up.
func (s *stages) note(r *result, whose string) {
	r.other("pushed and built ms, "+whose, median(s.build[1:])).other("in the registry ms, "+whose, median(s.publish[1:])).
		other("started and answering ms, "+whose, median(s.start[1:]))
}

// stagesOf gives when the app's last deployment had its image, and when its
// release was written, which comes right after the image is in the registry.
func (in *installation) stagesOf(ctx context.Context, app string) (built, released time.Time, err error) {
	var page struct {
		Items []struct {
			Built    time.Time `json:"built_at"`
			Released time.Time `json:"released_at"`
		}
	}
	if err := in.call(ctx, http.MethodGet, "/api/v1/apps/"+app+"/deployments?limit=1", nil, &page); err != nil {
		return built, released, err
	}
	if len(page.Items) == 0 || page.Items[0].Released.IsZero() {
		return built, released, errors.New("the deployment does not say when it was released")
	}
	return page.Items[0].Built, page.Items[0].Released, nil
}

// installBeside makes a Slipway whose registry the cluster's nodes reach, and
// adds the cluster to it.
func (b *bench) installBeside(ctx context.Context, c *cluster) (*installation, error) {
	in, err := b.prepare()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(in.listen)
	if err != nil {
		return nil, err
	}
	registry := net.JoinHostPort(c.host, port)
	in.env = append(in.env, "SLIPWAY_LISTEN=0.0.0.0:"+port, "SLIPWAY_URL="+in.url, "SLIPWAY_REGISTRY_ADDRESS="+registry)
	if err := c.trust(registry); err != nil {
		return nil, err
	}
	if err := in.open(ctx); err != nil {
		return nil, err
	}
	// Without an owner it listens on the loopback interface only.
	err = until(ctx, 10*time.Second, "the server listens to the network", func() error {
		conn, err := net.Dial("tcp", registry)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		return nil, err
	}
	c.added["name"] = far
	return in, in.call(ctx, http.MethodPost, "/api/v1/clusters", c.added, nil)
}

// farSite is a cluster as a site of the floor.
type farSite struct {
	*cluster
	engine   *engine
	registry string // as nodes reach it
}

func (f *farSite) start(ctx context.Context, ref string) (string, error) {
	return f.cluster.start(ctx, ref)
}
func (f *farSite) clear(ctx context.Context) error { return f.cluster.clear(ctx) }

// publish pushes an image and gives the reference that nodes pull it by.
func (f *farSite) publish(ctx context.Context, name string) (string, error) {
	body, err := f.engine.ImagePush(ctx, name, image.PushOptions{RegistryAuth: "e30="}) // {}
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }()
	digest := ""
	for messages := json.NewDecoder(body); ; {
		var said struct {
			Error string
			Aux   struct{ Digest string }
		}
		switch err := messages.Decode(&said); {
		case errors.Is(err, io.EOF) && digest == "":
			return "", fmt.Errorf("the push of %s gave no digest", name)
		case errors.Is(err, io.EOF):
			return f.registry + "/pushed@" + digest, nil
		case err != nil:
			return "", err
		case said.Error != "":
			return "", fmt.Errorf("push %s: %s", name, said.Error)
		case said.Aux.Digest != "":
			digest = said.Aux.Digest
		}
	}
}
