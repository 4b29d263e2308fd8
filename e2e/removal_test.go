package e2e

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
)

// A destroyed app leaves nothing: no container, network or image, no file, no
// row that can be read; and its name is free.
func TestDestroy(t *testing.T) {
	in := installed(t)
	api := in.api(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=1"))
	repo.deploy(in, "doomed")
	repo.commit("Second", files{"Dockerfile": dockerfile("ENV VERSION=2")})
	repo.deploy(in, "doomed")
	api.patch("/api/v1/apps/doomed/scale", map[string]int{"web": 2}).want(200, 202)
	in.settles(t, "doomed", "web v2", "web v2")
	id := api.app("doomed").ID

	api.delete("/api/v1/apps/doomed").refused(422)
	api.delete("/api/v1/apps/doomed?confirm=domed").refused(422)
	in.shows(t, "doomed", "/", "version 2")
	api.delete("/api/v1/apps/doomed?confirm=doomed").want(202, 204)

	if h, err := in.holds(id); err != nil || !h.empty() {
		t.Errorf("on the engine: %v, %v", h, err)
	}
	for _, path := range []string{"", "/deployments", "/deployments/1", "/releases", "/config", "/logs", "/instances"} {
		api.get("/api/v1/apps/doomed" + path).refused(404)
	}
	err := filepath.WalkDir(in.data, func(path string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && entry.Name() == "postgres" {
			return fs.SkipDir
		}
		if strings.Contains(filepath.Base(path), id) {
			t.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if status, _, err := in.visit("doomed", "/"); err != nil || status != 404 {
		t.Errorf("the router answers %d, %v", status, err)
	}
	repo.deploy(in, "doomed")
	in.shows(t, "doomed", "/", "version 2 release v1")
}

// Images of releases that nobody will go back to are collected, and no others.
func TestOldImagesAreCollected(t *testing.T) {
	in := install(t, "SLIPWAY_KEEP_RELEASES=2")
	api := in.api(t)
	repo := newRepository(t, files{"index.html": "page 1"})
	repo.deploy(in, "piling")
	for i := 2; i <= 4; i++ {
		repo.commit("Next", files{"index.html": fmt.Sprint("page ", i)})
		repo.deploy(in, "piling")
	}
	images := func(n int) {
		t.Helper()
		eventually(t, 60*time.Second, fmt.Sprint(n, " images"), func() error {
			if h := in.appHolds(t, "piling"); len(h.images) != n {
				return fmt.Errorf("it has %v", h.images)
			}
			return nil
		})
	}
	in.settles(t, "piling", "web v4")
	images(2)
	api.deployed(api.post("/api/v1/apps/piling/rollback", map[string]any{}).want(202))
	in.shows(t, "piling", "/", "page 3")
	var d deployment
	api.post("/api/v1/apps/piling/rollback", map[string]any{"version": 1}).want(202).into(&d)
	if d = api.ended("piling", d.Number); d.State != "failed" || !strings.Contains(d.Reason, "no longer on the engine") {
		t.Errorf("a rollback to what is gone: %+v", d)
	}
	in.shows(t, "piling", "/", "page 3")
	images(2)
}

// Two installations on one engine know nothing of each other, and neither
// touches what is somebody else's.
func TestNeighbours(t *testing.T) {
	in, other := installed(t), install(t)
	foreign := foreigners(t, in, other)
	for _, home := range []*installation{in, other} {
		newRepository(t, testApp(t, "ENV VERSION="+home.name)).deploy(home, "twin")
	}
	in.shows(t, "twin", "/", "version "+in.name)
	other.shows(t, "twin", "/", "version "+other.name)
	before := in.appHolds(t, "twin")

	other.api(t).delete("/api/v1/apps/twin?confirm=twin").want(202, 204)
	in.shows(t, "twin", "/", "version "+in.name)
	newRepository(t, testApp(t, "ENV VERSION=again")).deploy(other, "twin")
	if err := other.remove(); err != nil {
		t.Fatal(err)
	}
	if h, err := other.holds(""); err != nil || !h.empty() {
		t.Errorf("a removed installation leaves %v, %v", h, err)
	}
	if after := in.appHolds(t, "twin"); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the neighbour has %v, had %v", after, before)
	}
	in.shows(t, "twin", "/", "version "+in.name)
	foreign()
}

// foreigners puts containers, a network and an image on the engine that are not
// Slipway's, though some look like it. The function that it gives looks whether
// they are still there.
func foreigners(t *testing.T, in, other *installation) (unharmed func()) {
	t.Helper()
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	tag := "foreign-" + other.name + ":1"
	packed := archive(t)
	loaded, err := e.ImageImport(ctx, image.ImportSource{Source: strings.NewReader(string(packed)), SourceName: "-"}, tag, image.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_ = loaded.Close()
	t.Cleanup(func() { _, _ = e.ImageRemove(ctx, tag, image.RemoveOptions{Force: true}) })
	var made []string
	for name, labels := range map[string]map[string]string{
		"plain":    nil,
		"unkind":   {"slipway.installation": other.name}, // as a container that somebody starts from an app's image
		"likeness": {"slipway.installation": other.name + "-2", "slipway.kind": "instance", "slipway.app": "x"},
	} {
		c, err := e.ContainerCreate(ctx, &container.Config{Image: tag, Cmd: []string{"/none"}, Labels: labels}, nil, nil, nil, "foreign-"+name+"-"+other.name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true}) })
		made = append(made, c.ID)
	}
	n, err := e.NetworkCreate(ctx, "foreign-"+other.name, network.CreateOptions{Labels: map[string]string{"slipway.installation": other.name + "-2", "slipway.kind": "network"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.NetworkRemove(ctx, n.ID) })
	return func() {
		t.Helper()
		for _, id := range made {
			if c, err := e.ContainerInspect(ctx, id); err != nil {
				t.Errorf("a foreign container: %+v, %v", c, err)
			}
		}
		if _, err := e.NetworkInspect(ctx, n.ID, network.InspectOptions{}); err != nil {
			t.Error(err)
		}
		if _, err := e.ImageInspect(ctx, tag); err != nil {
			t.Error(err)
		}
	}
}
