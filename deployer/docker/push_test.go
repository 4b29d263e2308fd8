package docker_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// TestPushFails tells the ways apart in which there is no pushing. That there is
// otherwise is shown where there is a registry.
func TestPushFails(t *testing.T) {
	c := newCluster(t, options(installation()))
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v2/":
			w.WriteHeader(http.StatusOK)
		case strings.HasPrefix(r.URL.Path, "/v2/broken/"):
			http.Error(w, "no", http.StatusInternalServerError)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("WWW-Authenticate", `Basic realm="refusing"`)
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
		}
	}))
	defer refusing.Close()
	host := strings.TrimPrefix(refusing.URL, "http://")
	nowhere := "127.0.0.1:" + freePort(t)
	before, err := c.API.ImageInspect(t.Context(), testImage)
	ok(t, err)
	for _, p := range []struct {
		image, target string
		is            error
	}{
		{testImage, nowhere + "/app:one", deployer.ErrUnavailable},
		{"sha256:" + strings.Repeat("0", 64), host + "/app:one", deployer.ErrNoImage},
		{"no/such-image:here", host + "/app:one", deployer.ErrNoImage},
	} {
		digest, err := c.PushImage(t.Context(), docker.Push{Image: p.image, Target: p.target, Username: "ann", Password: "hunter2"})
		if digest != "" || !errors.Is(err, p.is) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s to %s gave %q, %v", p.image, p.target, digest, err)
		}
		if p.is == deployer.ErrNoImage {
			continue
		}
		if _, err := c.RemoteDigest(t.Context(), p.target, "ann", "hunter2"); !errors.Is(err, p.is) {
			t.Errorf("asking for %s gave %v", p.target, err)
		}
	}
	if _, err := c.RemoteDigest(t.Context(), host+"/app:one", "ann", "hunter2"); !errors.Is(err, deployer.ErrCredentials) {
		t.Errorf("a registry that refuses gave %v", err)
	}
	if _, err := c.RemoteDigest(t.Context(), host+"/broken/app:one", "", ""); !errors.Is(err, deployer.ErrUnavailable) {
		t.Errorf("a broken registry gave %v", err)
	}
	if _, err := c.PushImage(t.Context(), docker.Push{Image: testImage, Target: "No Name"}); err == nil {
		t.Error("pushed to a malformed name")
	}
	after, err := c.API.ImageInspect(t.Context(), testImage)
	ok(t, err)
	if !slices.Equal(before.RepoTags, after.RepoTags) {
		t.Errorf("the image was known as %v and is as %v", before.RepoTags, after.RepoTags)
	}
	if _, err := c.ImageID(t.Context(), "no/such-image:here"); !errors.Is(err, deployer.ErrNoImage) {
		t.Errorf("no such image: %v", err)
	}
}

// TestPushEngineAway: an engine that is away is not taken for a registry that
// refuses.
func TestPushEngineAway(t *testing.T) {
	o := options(installation())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	o.Host = "tcp://" + listener.Addr().String()
	ok(t, listener.Close())
	c, err := docker.New(o)
	ok(t, err)
	_, pushed := c.PushImage(t.Context(), docker.Push{Image: testImage, Target: "127.0.0.1:1/app:one"})
	_, asked := c.RemoteDigest(t.Context(), "127.0.0.1:1/app:one", "", "")
	_, looked := c.ImageID(t.Context(), testImage)
	for _, err := range []error{pushed, asked, looked} {
		if !errors.Is(err, deployer.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	}
}
