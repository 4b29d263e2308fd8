package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/builder/buildkit"
)

// floor is what a deployment costs at least on this machine: a push to a bare
// repository over HTTP, the same BuildKit build, a container that is made,
// started and asked until it answers. Nobody signs in, nothing is kept, routed,
// watched or undone.
type floor struct {
	engine *engine
	solver *buildkit.Solver
	dir    string
	url    string // of the repositories
}

const floorNetwork = "slipway-bench-floor"

func (b *bench) floor(ctx context.Context) (*floor, error) {
	e, err := b.engine()
	if err != nil {
		return nil, err
	}
	f := &floor{engine: e, solver: buildkit.New(e, slog.New(slog.DiscardHandler)), dir: filepath.Join(b.dir, "floor")}
	if err := e.network(ctx, floorNetwork, "10.218.255.0/24"); err != nil {
		return nil, err
	}
	exec, err := exec.CommandContext(ctx, "git", "--exec-path").Output()
	if err != nil {
		return nil, err
	}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(exec)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + f.dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: backend, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	b.cleanup(server.Close)
	f.url = "http://" + listener.Addr().String()
	return f, nil
}

// app is one app on the floor.
type floorApp struct {
	*floor
	site
	name, repository, image string

	built, published time.Time // the last deployment's
}

// site is where an app of the floor runs. clear is no part of what is measured.
type site interface {
	publish(ctx context.Context, image string) (ref string, err error) // makes it one that the site can take
	start(ctx context.Context, ref string) (address string, err error) // of what will answer
	clear(ctx context.Context) error                                   // removes all that was started
}

// app makes a bare repository and pushes to it for the first time.
func (f *floor) app(ctx context.Context, b *bench, name string, s *source) (*floorApp, error) {
	return f.appOn(ctx, b, name, fmt.Sprintf("slipway-bench-%d/%s", os.Getpid(), name), s, &ownEngine{engine: f.engine})
}

// appOn is app, on a site and with a name for its images.
func (f *floor) appOn(ctx context.Context, b *bench, name, image string, s *source, on site) (*floorApp, error) {
	a := &floorApp{floor: f, site: on, name: name, repository: filepath.Join(f.dir, name+".git"), image: image}
	for _, args := range [][]string{
		{"init", "-q", "--bare", "-b", "main", a.repository},
		{"-C", a.repository, "config", "http.receivepack", "true"},
	} {
		if out, err := exec.CommandContext(ctx, "git", args...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("git %v: %w\n%s", args, err, out)
		}
	}
	b.cleanup(func() error {
		return f.engine.removeImage(a.image)
	})
	if _, err := a.deploy(ctx, s); err != nil {
		return nil, err
	}
	return a, a.clear(ctx)
}

// deploy pushes a source and gives how long it takes to the first answer.
func (a *floorApp) deploy(ctx context.Context, s *source) (time.Duration, error) {
	began := time.Now()
	if err := s.push(ctx, a.url+"/"+a.name+".git", ""); err != nil {
		return 0, err
	}
	if err := a.build(ctx); err != nil {
		return 0, err
	}
	a.built = time.Now()
	if err := a.run(ctx); err != nil {
		return 0, err
	}
	return time.Since(began), nil
}

// run starts what was built last and waits for its first answer.
func (a *floorApp) run(ctx context.Context) error {
	ref, err := a.publish(ctx, a.image)
	if err != nil {
		return err
	}
	a.published = time.Now()
	address, err := a.start(ctx, ref)
	if err != nil {
		return err
	}
	return until(ctx, time.Minute, "the instance answers", func() error { return answers(ctx, "http://"+address+"/version", "") })
}

// build makes an image of what was pushed.
func (a *floorApp) build(ctx context.Context) error {
	dir, err := os.MkdirTemp(a.dir, "build-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := a.checkOut(ctx, dir); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	if err != nil {
		return err
	}
	_, err = a.solver.Build(ctx, buildkit.Job{ContextDir: dir, Dockerfile: text, Tag: a.image, Labels: a.engine.labels()}, silent{})
	return err
}

// checkOut unpacks what git archives: files of one folder.
func (a *floorApp) checkOut(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, "git", "-C", a.repository, "archive", "main")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	files := tar.NewReader(out)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(err, cmd.Wait())
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		file, err := os.OpenFile(filepath.Join(dir, filepath.Base(header.Name)), os.O_CREATE|os.O_WRONLY, header.FileInfo().Mode())
		if err == nil {
			_, err = io.Copy(file, files)
			err = errors.Join(err, file.Close())
		}
		if err != nil {
			return errors.Join(err, cmd.Wait())
		}
	}
	return cmd.Wait()
}

// ownEngine runs an app as a container of the engine that built it.
type ownEngine struct {
	engine     *engine
	containers []string
}

func (o *ownEngine) publish(_ context.Context, image string) (string, error) { return image, nil }

// start makes and starts a container of the image, with the settings that
// Slipway gives one.
func (o *ownEngine) start(ctx context.Context, image string) (string, error) {
	yes := true
	id, address, err := o.engine.run(ctx, &container.Config{Image: image}, &container.HostConfig{
		SecurityOpt: []string{"no-new-privileges:true"}, Init: &yes,
		LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "16m", "max-file": "5"}},
		Resources: container.Resources{Memory: 512 << 20, MemorySwap: 512 << 20, NanoCPUs: 1_000_000_000},
	}, floorNetwork)
	if err != nil {
		return "", err
	}
	o.containers = append(o.containers, id)
	return address, nil
}

func (o *ownEngine) clear(ctx context.Context) error {
	var err error
	for _, id := range o.containers {
		err = errors.Join(err, o.engine.ContainerRemove(ctx, id, container.RemoveOptions{Force: true}))
	}
	o.containers = nil
	return err
}

// silent is told how a build gets on.
type silent struct{}

func (silent) Say(string, ...any)          {}
func (silent) Step(builder.Step)           {}
func (silent) Output(string, string, bool) {}
