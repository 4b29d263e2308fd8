package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"

	"github.com/slipway-paas/slipway/deployer"
)

// Push says which image goes to which registry, and under what name.
type Push struct {
	Image    string            // as the engine knows it: a name or an ID
	Target   string            // host/path:tag, as the engine reaches the registry
	Username string            // "" with an empty Password for a registry that asks for none
	Password string            // never logged
	Progress func(line string) // hears what becomes of each layer, from one goroutine; nil for nobody
}

// PushImage pushes an image that the engine has and gives the digest, sha256:…,
// that the registry knows it by. The name it is pushed under is taken from the
// engine again, unless the image has no other: without a name it would be gone.
//
// The error has deployer.ErrNoImage in its chain when the engine does not have
// the image, deployer.ErrCredentials when the registry refuses the credentials
// or what they are used for, and deployer.ErrUnavailable when the engine or the
// registry cannot be reached. Pushes of different targets may run side by side.
func (e *Engine) PushImage(ctx context.Context, p Push) (digest string, err error) {
	auth, err := registryAuth(p.Username, p.Password)
	if err != nil {
		return "", err
	}
	if err := e.API.ImageTag(ctx, p.Image, p.Target); err != nil {
		if cerrdefs.IsNotFound(err) {
			return "", fmt.Errorf("%w: %s", deployer.ErrNoImage, p.Image)
		}
		return "", fail(ctx, "name the image "+p.Image, err)
	}
	defer func() { err = errors.Join(err, e.untag(ctx, p.Target)) }()
	body, err := e.API.ImagePush(ctx, p.Target, image.PushOptions{RegistryAuth: auth})
	if err != nil {
		return "", registryFailed(ctx, "push to "+p.Target, err)
	}
	defer func() { _ = body.Close() }() // only read from
	digest, err = newPushReport(p.Progress).read(body)
	return digest, registryFailed(ctx, "push to "+p.Target, err)
}

// ImageID gives the ID, sha256:…, of an image that the engine has. The error
// has deployer.ErrNoImage in its chain when it does not have it.
func (e *Engine) ImageID(ctx context.Context, ref string) (string, error) {
	found, err := e.API.ImageInspect(ctx, ref)
	if cerrdefs.IsNotFound(err) {
		return "", fmt.Errorf("%w: %s", deployer.ErrNoImage, ref)
	}
	return found.ID, fail(ctx, "look for the image "+ref, err)
}

// RemoteDigest asks a registry, through the engine, for the digest of what a
// reference names there. The error has deployer.ErrNoImage in its chain when it
// names nothing, and else those of PushImage.
func (e *Engine) RemoteDigest(ctx context.Context, ref, username, password string) (string, error) {
	auth, err := registryAuth(username, password)
	if err != nil {
		return "", err
	}
	found, err := e.API.DistributionInspect(ctx, ref, auth)
	switch text := failureText(err); {
	case err == nil:
		return found.Descriptor.Digest.String(), nil
	case cerrdefs.IsNotFound(err), strings.Contains(text, "manifest unknown"), strings.Contains(text, "name unknown"):
		return "", fmt.Errorf("%w: %s", deployer.ErrNoImage, ref)
	default:
		return "", registryFailed(ctx, "ask for "+ref, err)
	}
}

func registryAuth(username, password string) (string, error) {
	auth, err := registry.EncodeAuthConfig(registry.AuthConfig{Username: username, Password: password})
	if err != nil {
		return "", errors.New("the registry's credentials cannot be encoded") // the cause might show them
	}
	return auth, nil
}

// untagTimeout is what taking a name away may still need when the caller's time
// is over.
const untagTimeout = 30 * time.Second

func (e *Engine) untag(ctx context.Context, target string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), untagTimeout)
	defer cancel()
	found, err := e.API.ImageInspect(ctx, target)
	if err == nil && len(found.RepoTags) > 1 {
		_, err = e.API.ImageRemove(ctx, target, image.RemoveOptions{})
	}
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	return fail(ctx, "take the name "+target+" away", err)
}

// registryError tells of a registry in words of its own, where the kind of
// error has those for an engine.
type registryError struct {
	text  string
	kind  error
	cause error
}

func (e *registryError) Error() string   { return e.text + ": " + e.cause.Error() }
func (e *registryError) Unwrap() []error { return []error{e.kind, e.cause} }

// registryFailed tells apart what the engine says of a registry. It has words
// for it only: what came of a push arrives as a line of text.
func registryFailed(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil || unreachable(err) {
		return fail(ctx, what, err)
	}
	text := failureText(err)
	for _, sign := range []string{
		"connection refused", "connection reset", "no such host", "i/o timeout", "network is unreachable", "no route to host",
		"tls handshake timeout", "unexpected http status: 5", "service unavailable", "unexpected eof", "deadline exceeded", "toomanyrequests",
	} {
		if strings.Contains(text, sign) {
			return &registryError{what + ": the registry is not answering", deployer.ErrUnavailable, err}
		}
	}
	for _, sign := range []string{"unauthorized", "denied", "no basic auth credentials", "authentication required", "incorrect username or password", " 401", " 403"} {
		if strings.Contains(text, sign) {
			return &registryError{what + ": the registry refuses the credentials", deployer.ErrCredentials, err}
		}
	}
	return fail(ctx, what, err)
}

func failureText(err error) string {
	if err == nil {
		return ""
	}
	return strings.ToLower(err.Error())
}
