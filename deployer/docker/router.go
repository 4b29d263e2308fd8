package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
)

// RouterSpec describes the router's container: one static program, in an image
// of its own that is made here, on the host's network, kept alive by the
// engine.
type RouterSpec struct {
	Binary string            // path of the program, which must be static
	Args   []string          // its arguments
	Env    map[string]string // may hold secrets
	Binds  []string          // /folder/on/host:/folder/inside[:ro]
	Folder string            // tells folders apart that had the same path one after the other

	// Listening is part of what the program logs once it takes requests. With
	// it a router is replaced by one that runs already; without, one after
	// the other.
	Listening string
	Grace     time.Duration // how long one that is stopped may take to end its requests; 0 for 15 s
}

const (
	routerProgram   = "slipway"
	routerStopGrace = 15 * time.Second // the router ends its requests first
)

// RouterName is the name of the router's container.
func (e *Engine) RouterName() string { return e.installation + "-router" }

// EnsureRouter makes the router run as described. One that was made from the
// same program, arguments, environment and folders is left alone; another is
// replaced. It may be called by several servers at once.
func (e *Engine) EnsureRouter(ctx context.Context, spec RouterSpec) error {
	program, err := hashFile(spec.Binary)
	if err != nil {
		return fmt.Errorf("read the router's program: %w", err)
	}
	tag := e.RouterName() + ":" + program[:12]
	if err := e.routerImage(ctx, tag, spec.Binary); err != nil {
		return err
	}
	for range 3 {
		again, err := e.ensureRouterOnce(ctx, tag, routerHash(spec, program), spec)
		if err != nil {
			return err
		}
		if !again {
			return e.dropRouterImages(ctx, tag)
		}
	}
	return fmt.Errorf("make %s: its name is taken", e.RouterName())
}

// ensureRouterOnce says again when another server made one in between.
func (e *Engine) ensureRouterOnce(ctx context.Context, tag, hash string, spec RouterSpec) (again bool, err error) {
	found, err := e.API.ContainerInspect(ctx, e.RouterName())
	if err != nil && !cerrdefs.IsNotFound(err) {
		return false, fail(ctx, "look for the router", err)
	}
	if err != nil {
		if adopted, again, err := e.adoptRouter(ctx, hash, spec); adopted || again || err != nil {
			return again, err
		}
	} else {
		if !e.isRouter(found.Config) {
			return false, fmt.Errorf("a container named %s exists and is not this installation's", e.RouterName())
		}
		if sameRouter(found.Config, hash, spec) && !found.State.Dead {
			err := fail(ctx, "start the router", e.API.ContainerStart(ctx, found.ID, container.StartOptions{}))
			return false, errors.Join(err, e.dropNextRouter(ctx))
		}
		if spec.Listening != "" && found.State.Running {
			return e.replaceRouter(ctx, found.ID, tag, hash, spec)
		}
		if err := e.stopRouter(ctx, found.ID, spec.Grace); err != nil {
			return false, err
		}
	}
	_, err = e.createRouter(ctx, e.RouterName(), tag, hash, spec)
	if cerrdefs.IsConflict(err) {
		return true, nil
	}
	return false, err
}

func (e *Engine) isRouter(config *container.Config) bool {
	return config.Labels[LabelInstallation] == e.installation && config.Labels[LabelKind] == kindRouter
}

// sameRouter says whether a container was made from a specification.
func sameRouter(config *container.Config, hash string, spec RouterSpec) bool {
	return config.Labels[labelSpec] == hash && sameEnv(config.Env, envList(spec.Env))
}

// createRouter makes and starts a router under a name.
func (e *Engine) createRouter(ctx context.Context, name, tag, hash string, spec RouterSpec) (id string, err error) {
	made, err := e.API.ContainerCreate(ctx, &container.Config{
		Image:      tag,
		Entrypoint: append([]string{"/" + routerProgram}, spec.Args...),
		Env:        envList(spec.Env),
		Labels:     map[string]string{LabelInstallation: e.installation, LabelKind: kindRouter, labelSpec: hash},
	}, routerHost(spec), nil, nil, name)
	if cerrdefs.IsConflict(err) {
		return "", err
	}
	if err != nil {
		return "", fail(ctx, "make the router", err)
	}
	return made.ID, fail(ctx, "start the router", e.API.ContainerStart(ctx, made.ID, container.StartOptions{}))
}

func routerHost(spec RouterSpec) *container.HostConfig {
	return &container.HostConfig{
		// It must reach every app's network, and see who really connects.
		NetworkMode:    "host",
		Binds:          spec.Binds,
		RestartPolicy:  container.RestartPolicy{Name: container.RestartPolicyAlways},
		ReadonlyRootfs: true,
		SecurityOpt:    []string{"no-new-privileges:true"},
		CapDrop:        []string{"ALL"},
		// To listen on 80 and 443, and to keep its table in a folder that
		// may belong to another user.
		CapAdd: []string{"NET_BIND_SERVICE", "DAC_OVERRIDE"},
		LogConfig: container.LogConfig{
			Type:   "json-file",
			Config: map[string]string{"max-size": "10m", "max-file": "3"},
		},
	}
}

// routerImage makes the image if the engine does not have it.
func (e *Engine) routerImage(ctx context.Context, tag, binary string) error {
	present, err := e.ImagePresent(ctx, tag)
	if err != nil || present {
		return err
	}
	_, err = e.ImportBinary(ctx, Import{
		Tag:        tag,
		Entrypoint: []string{"/" + routerProgram},
		Labels:     map[string]string{LabelInstallation: e.installation, LabelKind: kindRouter},
	}, routerProgram, binary)
	return err
}

// dropRouterImages removes the images of earlier routers.
func (e *Engine) dropRouterImages(ctx context.Context, keep string) error {
	list, err := e.API.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", LabelInstallation+"="+e.installation), filters.Arg("label", LabelKind+"="+kindRouter))})
	if err != nil {
		return fail(ctx, "list images", err)
	}
	for _, i := range list {
		if slices.Contains(i.RepoTags, keep) {
			continue
		}
		if _, err := e.API.ImageRemove(ctx, i.ID, image.RemoveOptions{}); err != nil && !cerrdefs.IsNotFound(err) {
			e.log.Warn("an earlier router's image could not be removed", "image", i.ID, "error", err)
		}
	}
	return nil
}

// RemoveRouter stops and removes the router and its images. What is not there
// is removed already.
func (e *Engine) RemoveRouter(ctx context.Context) error {
	list, err := e.API.ContainerList(ctx, container.ListOptions{All: true, Filters: e.ours(kindRouter)})
	if err != nil {
		return fail(ctx, "list containers", err)
	}
	var failures []error
	for _, s := range list {
		failures = append(failures, e.stopRouter(ctx, s.ID, 0))
	}
	return errors.Join(append(failures, e.dropRouterImages(ctx, ""))...)
}

func (e *Engine) stopRouter(ctx context.Context, id string, grace time.Duration) error {
	if grace == 0 {
		grace = routerStopGrace
	}
	seconds := int(grace.Round(time.Second) / time.Second)
	err := e.API.ContainerStop(ctx, id, container.StopOptions{Timeout: &seconds})
	if err != nil && !cerrdefs.IsNotFound(err) {
		return fail(ctx, "stop the router", err)
	}
	return e.forceRemove(ctx, id, "remove the router")
}

// routerHash changes with everything the container is made from but for the
// values of its variables, which sameEnv compares.
func routerHash(spec RouterSpec, program string) string {
	text, err := json.Marshal(struct {
		Program, Folder    string
		Args, Names, Binds []string
	}{program, spec.Folder, spec.Args, slices.Sorted(maps.Keys(spec.Env)), spec.Binds})
	if err != nil {
		panic(err) // strings always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:12])
}

func envList(env map[string]string) []string {
	list := make([]string, 0, len(env))
	for _, key := range slices.Sorted(maps.Keys(env)) {
		list = append(list, key+"="+env[key])
	}
	return list
}

func hashFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // only read from
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
