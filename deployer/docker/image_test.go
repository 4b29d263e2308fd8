package docker_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/google/go-cmp/cmp"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

func TestImages(t *testing.T) {
	c := newCluster(t, options(installation()))
	var rootfs bytes.Buffer
	files := tar.NewWriter(&rootfs)
	ok(t, files.WriteHeader(&tar.Header{Name: "index.html", Mode: 0o644, Size: 5}))
	_, err := files.Write([]byte("hello"))
	ok(t, err)
	ok(t, files.Close())
	spec := docker.Import{
		Tag: c.Installation() + "/site:one", Entrypoint: []string{"/a \"b\""}, Command: []string{"$c"}, Env: []string{"A=$B \"c\""},
		Ports: []int{8443, 80}, WorkingDir: "/w", User: "7:7", Labels: map[string]string{docker.LabelInstallation: c.Installation(), "x": "y z"},
	}
	id, err := c.ImportImage(t.Context(), spec, bytes.NewReader(rootfs.Bytes()))
	ok(t, err)
	again, err := c.ImportImage(t.Context(), spec, bytes.NewReader(rootfs.Bytes()))
	ok(t, err)
	if id != again {
		t.Errorf("the same image is %s and %s", id, again)
	}

	got, err := c.ResolveImage(t.Context(), spec.Tag)
	ok(t, err)
	want := docker.Image{ID: id, Digest: id, Ports: []int{80, 8443}, SizeBytes: 5, Labels: spec.Labels}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	found, err := c.API.ImageInspect(t.Context(), id)
	ok(t, err)
	if diff := cmp.Diff([]string{"/a \"b\"", "$c", "A=$B \"c\"", "/w", "7:7"},
		[]string{found.Config.Entrypoint[0], found.Config.Cmd[0], found.Config.Env[0], found.Config.WorkingDir, found.Config.User}); diff != "" {
		t.Error(diff)
	}

	for _, ref := range []string{"sha256:" + strings.Repeat("0", 64), "no such/reference", "127.0.0.1:1/nothing:here"} {
		if _, err := c.ResolveImage(t.Context(), ref); !errors.Is(err, deployer.ErrNoImage) {
			t.Errorf("%s gave %v", ref, err)
		}
	}
	if present, err := c.ImagePresent(t.Context(), spec.Tag); err != nil || !present {
		t.Errorf("present: %v, %v", present, err)
	}
	// An image may lose its name, as to somebody who tidies up by hand.
	holder, err := c.API.ContainerCreate(t.Context(), &container.Config{Image: id, Cmd: []string{"/none"}}, nil, nil, nil, "")
	ok(t, err)
	_, err = c.API.ImageRemove(t.Context(), spec.Tag, image.RemoveOptions{Force: true})
	ok(t, err)
	ok(t, c.API.ContainerRemove(t.Context(), holder.ID, container.RemoveOptions{}))
	ok(t, c.RemoveInstallation(t.Context()))
	if present, err := c.ImagePresent(t.Context(), id); err != nil || present {
		t.Errorf("after removal present: %v, %v", present, err)
	}
	if _, err := c.ImportImage(t.Context(), docker.Import{Tag: "No Tag"}, bytes.NewReader(rootfs.Bytes())); err == nil {
		t.Error("a malformed tag was taken")
	}
}

// freePort gives a port of the host's loopback that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	ok(t, err)
	ok(t, listener.Close())
	return port
}

// answers waits until the router does.
func answers(t *testing.T, port string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var backoff deployer.Backoff
	for {
		if healthy, _ := deployer.Probe(ctx, "127.0.0.1:"+port, deployer.Health{Path: "/"}); healthy {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal("the router does not answer")
		case <-time.After(backoff.Next()):
		}
	}
}

func TestRouter(t *testing.T) {
	c := newCluster(t, options(installation()))
	port, folder := freePort(t), t.TempDir()
	spec := docker.RouterSpec{
		Binary: testProgram,
		Args:   []string{"router"},
		Env:    map[string]string{"PORT": port, "TOKEN": "hunter2"},
		Binds:  []string{folder + ":/data"},
	}
	ok(t, c.EnsureRouter(t.Context(), spec))
	answers(t, port)
	first := inspect(t, c, c.RouterName())
	host := first.HostConfig
	if !host.NetworkMode.IsHost() || !host.RestartPolicy.IsAlways() || !host.ReadonlyRootfs || host.Privileged || len(host.CapDrop) != 1 {
		t.Errorf("the router runs as %+v", host)
	}
	if strings.Contains(fmt.Sprint(first.Config.Labels, first.Path, first.Args), "hunter2") {
		t.Error("its secret shows in a label or argument")
	}

	// The same again, by many at once and after somebody stopped it.
	ok(t, c.API.ContainerStop(t.Context(), first.ID, stopOptions(5)))
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() { errs <- c.EnsureRouter(t.Context(), spec) }()
	}
	for range cap(errs) {
		ok(t, <-errs)
	}
	answers(t, port)
	if now := inspect(t, c, c.RouterName()); now.ID != first.ID {
		t.Error("it was made anew although nothing changed")
	}

	// Another environment, another program.
	spec.Env["TOKEN"] = "hunter3"
	ok(t, c.EnsureRouter(t.Context(), spec))
	answers(t, port)
	second := inspect(t, c, c.RouterName())
	if second.ID == first.ID {
		t.Error("it was left alone although its environment changed")
	}
	program, err := os.ReadFile(testProgram)
	ok(t, err)
	spec.Binary = filepath.Join(folder, "other")
	ok(t, os.WriteFile(spec.Binary, append(program, "\n"...), 0o755)) //nolint:gosec // it is a program
	ok(t, c.EnsureRouter(t.Context(), spec))
	answers(t, port)
	if third := inspect(t, c, c.RouterName()); third.ID == second.ID || third.Image == second.Image {
		t.Error("it was left alone although its program changed")
	}
	if present, err := c.ImagePresent(t.Context(), second.Image); err != nil || present {
		t.Errorf("the image of the earlier router is left: %v, %v", present, err)
	}

	// Routers are no instances, and removing is idempotent.
	if list, err := c.Instances(t.Context(), ""); err != nil || len(list) != 0 {
		t.Errorf("instances: %+v, %v", list, err)
	}
	ok(t, c.RemoveRouter(t.Context()))
	ok(t, c.RemoveRouter(t.Context()))
	list, err := c.API.ContainerList(t.Context(), container.ListOptions{All: true})
	ok(t, err)
	for _, s := range list {
		if s.Labels[docker.LabelInstallation] == c.Installation() {
			t.Errorf("left %v", s.Names)
		}
	}
}
