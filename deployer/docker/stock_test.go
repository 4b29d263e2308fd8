package docker_test

import (
	"context"
	"slices"
	"testing"

	"github.com/docker/docker/api/types/image"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// TestStock: an installation's images are told with their sizes, others' are
// not, and only what has no name is removed without one.
func TestStock(t *testing.T) {
	c := newCluster(t, options(installation()))
	tag := c.Installation() + "/hello:one"
	_, err := c.ImportBinary(t.Context(), docker.Import{
		Tag: tag, Entrypoint: []string{"/testapp"}, Labels: map[string]string{docker.LabelInstallation: c.Installation(), docker.LabelApp: app},
	}, "testapp", testProgram)
	ok(t, err)
	found := func() deployer.StoredImage {
		t.Helper()
		stock, err := c.Stock(t.Context())
		ok(t, err)
		if len(stock.Images) != 1 {
			t.Fatalf("it has %+v", stock.Images)
		}
		return stock.Images[0]
	}
	one := found()
	if !slices.Equal(one.References, []string{tag}) || one.App != app || one.Bytes+one.Shared < 1<<20 || one.InUse || one.CreatedAt.IsZero() && one.Bytes == 0 {
		t.Errorf("told as %+v", one)
	}
	ok(t, c.RemoveUnnamed(t.Context(), one.ID)) // it has a name
	found()
	ok(t, c.API.ImageTag(t.Context(), testImage, tag)) // takes the name over
	if left, err := c.API.ImageInspect(t.Context(), one.ID); err == nil {
		if len(left.RepoTags) > 0 {
			t.Fatalf("it is still called %v", left.RepoTags)
		}
		ok(t, c.RemoveUnnamed(t.Context(), one.ID))
	}
	if _, err := c.API.ImageInspect(t.Context(), one.ID); err == nil {
		t.Error("an image without a name is still there")
	}
	ok(t, c.RemoveUnnamed(t.Context(), one.ID)) // it is gone already
	_, err = c.API.ImageRemove(context.Background(), tag, image.RemoveOptions{})
	ok(t, err)
	root, err := c.Root(t.Context())
	if err != nil || root == "" {
		t.Errorf("its folder is %q, %v", root, err)
	}
}
