package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// deployed is an app of an installation that was pushed once.
type deployed struct {
	in    *installation
	name  string
	seen  string // what its page says
	look  time.Duration
	count func(ctx context.Context) (instances int, err error)
}

// looking is between two looks at an app's page: short beside a deployment, and
// a few hundredths of a core.
const looking = 5 * time.Millisecond

// deployed pushes a source to a new app with settings, as in "warm_minutes": 0.
func (b *bench) deployed(ctx context.Context, in *installation, name string, s *source, settings map[string]any) (*deployed, error) {
	e, err := b.engine()
	if err != nil {
		return nil, err
	}
	return in.deploys(ctx, name, s, settings, "", func(ctx context.Context) (int, error) {
		all, err := e.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(
			filters.Arg("label", "slipway.installation="+in.name), filters.Arg("label", "slipway.kind"), filters.Arg("name", "^/"+in.name+"-"+name+"-"))})
		return len(all), err
	})
}

// deploys pushes a source to a new app on a cluster, "" for the server's own
// engine. count gives how many instances the app has there.
func (in *installation) deploys(ctx context.Context, name string, s *source, settings map[string]any, cluster string, count func(context.Context) (int, error)) (*deployed, error) {
	a := &deployed{in: in, name: name, look: looking, count: count}
	if err := in.call(ctx, http.MethodPost, "/api/v1/apps", map[string]any{"name": name}, nil); err != nil {
		return nil, err
	}
	if err := in.call(ctx, http.MethodPatch, "/api/v1/apps/"+name, settings, nil); err != nil {
		return nil, err
	}
	if cluster != "" {
		if err := in.call(ctx, http.MethodPost, "/api/v1/apps/"+name+"/move", map[string]any{"to": cluster}, nil); err != nil {
			return nil, err
		}
	}
	if _, err := a.changes(ctx, func(ctx context.Context) error { return in.pushApp(ctx, s, name) }); err != nil {
		return nil, err
	}
	return a, a.settles(ctx, 1)
}

// changes does something that makes another release live and gives how long it
// takes to its first answer.
func (a *deployed) changes(ctx context.Context, do func(context.Context) error) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	began := time.Now()
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	var took time.Duration
	look := time.NewTicker(a.look)
	defer look.Stop()
	for took == 0 || done != nil {
		select {
		case err := <-done:
			if err != nil {
				return 0, err
			}
			done = nil
		case <-ctx.Done():
			return 0, fmt.Errorf("%s still shows %q: %w", a.name, a.seen, ctx.Err())
		case <-look.C:
		}
		if took > 0 {
			continue
		}
		status, text, err := a.in.visit(ctx, a.name, "/version")
		if err == nil && status == http.StatusOK && text != a.seen {
			took, a.seen = time.Since(began), text
		}
	}
	return took, nil
}

// settles waits until nothing is under way and so many instances run: the second
// is that of a release that is kept warm.
func (a *deployed) settles(ctx context.Context, instances int) error {
	return until(ctx, time.Minute, a.name+" settles", func() error {
		var app struct {
			Status string
			Warm   *struct{ Version int } `json:"warm_release"`
		}
		if err := a.in.call(ctx, http.MethodGet, "/api/v1/apps/"+a.name, nil, &app); err != nil {
			return err
		}
		if app.Status != "live" {
			return errors.New(app.Status)
		}
		if warm := app.Warm != nil; warm != (instances > 1) {
			return fmt.Errorf("that a release is warm is %v", warm)
		}
		there, err := a.count(ctx)
		if err == nil && there != instances {
			err = fmt.Errorf("it has %d instances", there)
		}
		return err
	})
}
