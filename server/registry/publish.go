package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
	"github.com/slipway-paas/slipway/models"
)

// Publish makes an image that the engine has one that a cluster's nodes can
// pull, and gives the reference they pull it by, host/path@sha256:…. app is the
// app's ID, or its name, and always the same one; image what the engine knows
// the image by. progress hears what becomes of each layer; nil for nobody.
//
// It is idempotent: what the registry has is not pushed again. The reference
// stays good until Collect is called without it, at least for an hour. When ctx
// ends the push ends with it. Its errors have what deployer says of them in
// their chain: ErrNoImage, ErrCredentials, ErrUnavailable.
func (s *Service) Publish(ctx context.Context, app, image string, progress func(line string)) (ref string, err error) {
	repository, err := s.repository(app)
	if err != nil {
		return "", err
	}
	if s.o.External == nil && s.o.Address == "" {
		return "", models.Errorf(models.KindConflict,
			"the cluster's nodes need a registry to pull from: set SLIPWAY_REGISTRY_ADDRESS to the address under which they reach this server, or SLIPWAY_REGISTRY to a registry of your own")
	}
	free, err := s.turns.Acquire(ctx, repository)
	if err != nil {
		return "", err
	}
	defer free()
	id, err := s.o.Engine.ImageID(ctx, image)
	if err != nil {
		return "", publishFailed(ctx, err)
	}
	if s.o.External != nil {
		ref, err = s.publishOut(ctx, s.externalName(repository), id, progress)
	} else {
		ref, err = s.publishHere(ctx, repository, id, progress)
	}
	return ref, publishFailed(ctx, err)
}

// publishHere pushes into the embedded registry.
func (s *Service) publishHere(ctx context.Context, repository, id string, progress func(string)) (string, error) {
	e, err := s.embedded(true)
	if err != nil {
		return "", err
	}
	if err := s.pushes.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer s.pushes.Release(1)
	content, err := e.find(ctx, repository, tagOf(id))
	if err != nil {
		return "", fmt.Errorf("look for the image in the registry: %w", err)
	}
	if content == "" {
		session := s.sessions.begin(repository)
		pushed, err := s.o.Engine.PushImage(ctx, docker.Push{
			Image: id, Target: s.o.Local() + "/" + repository + ":" + tagOf(id),
			Username: session.user, Password: session.password, Progress: progress,
		})
		s.sessions.close(session)
		if err != nil {
			return "", err
		}
		content = digest.Digest(pushed)
	}
	s.mu.Lock()
	s.recent[repository+"@"+content.String()] = s.now()
	s.mu.Unlock()
	return s.o.Address + "/" + repository + "@" + content.String(), nil
}

// publishOut pushes to the registry that somebody else runs.
func (s *Service) publishOut(ctx context.Context, name, id string, progress func(string)) (string, error) {
	target := name + ":" + tagOf(id)
	content, err := s.o.Engine.RemoteDigest(ctx, target, s.o.External.Username, s.o.External.Password)
	// There are registries that refuse to say that they have not got something.
	if errors.Is(err, deployer.ErrNoImage) || errors.Is(err, deployer.ErrCredentials) {
		content, err = s.o.Engine.PushImage(ctx, docker.Push{
			Image: id, Target: target, Username: s.o.External.Username, Password: s.o.External.Password, Progress: progress,
		})
	}
	if err != nil {
		return "", err
	}
	return name + "@" + content, nil
}

// publishFailed says what became of a push in words for whoever deploys.
func publishFailed(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, deployer.ErrNoImage):
		return models.Wrap(err, models.KindFailed, "the engine does not have the image any more that was to be pushed to the registry")
	case errors.Is(err, deployer.ErrCredentials):
		return models.Wrap(err, models.KindFailed, "the registry refuses the credentials with which the image was to be pushed")
	case errors.Is(err, deployer.ErrUnavailable):
		return models.Wrap(err, models.KindUnavailable, "the image cannot be pushed: the registry or the engine is not answering")
	default:
		return models.Wrap(err, models.KindFailed, "the image could not be pushed to the registry")
	}
}

// PullAuth gives the credentials with which a cluster's nodes pull a reference:
// of the embedded registry those of the one app, of an external one its only
// ones. Both are empty for what is in neither.
func (s *Service) PullAuth(_ context.Context, ref string) (username, password string, err error) {
	host, path, _, ok := split(ref)
	if !ok {
		return "", "", nil
	}
	if x := s.o.External; x != nil {
		if strings.HasPrefix(host+"/"+path, s.externalName(s.o.Installation+"/")) {
			return x.Username, x.Password, nil
		}
		return "", "", nil
	}
	app, ours := strings.CutPrefix(path, s.o.Installation+"/")
	if s.o.Address == "" || host != s.o.Address || !ours || !appName.MatchString(app) {
		return "", "", nil
	}
	return path, s.keys.password(path), nil
}

// Forget removes an app's repository. Room is made by the next Collect. One
// that is not there is no error. An external registry keeps what it has.
func (s *Service) Forget(ctx context.Context, app string) error {
	repository, err := s.repository(app)
	if err != nil {
		return err
	}
	free, err := s.turns.Acquire(ctx, repository)
	if err != nil {
		return err
	}
	defer free()
	e, err := s.embedded(false)
	if err == nil && e != nil {
		err = e.forget(ctx, repository)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for ref := range s.recent {
		if strings.HasPrefix(ref, repository+"@") {
			delete(s.recent, ref)
		}
	}
	return models.Wrap(err, models.KindInternal, "the images of %s cannot be removed from the registry", app)
}

// Collect removes from the embedded registry what the references that are to be
// kept do not need, but for images that were published within the last hour. It
// waits for pushes that go on, and those that come wait for it; pulls go on. It
// may be broken off at any point, and goes on where it was the next time. An
// external registry keeps what it has. A server whose registry was never needed
// does nothing.
func (s *Service) Collect(ctx context.Context, keep []string) (Collected, error) {
	e, err := s.embedded(false)
	if err != nil || e == nil {
		return Collected{}, models.Wrap(err, models.KindInternal, "the registry cannot be opened")
	}
	if err := s.pushes.Acquire(ctx, allPushes); err != nil {
		return Collected{}, err
	}
	defer s.pushes.Release(allPushes)
	wanted := digests{}
	for _, ref := range keep {
		// By which address it was published does not matter: that may change.
		if _, path, content, ok := split(ref); ok {
			wanted.add(path, content)
		}
	}
	s.mu.Lock()
	for ref, at := range s.recent {
		repository, content, _ := strings.Cut(ref, "@")
		if s.now().Sub(at) > collectGrace {
			delete(s.recent, ref)
			continue
		}
		wanted.add(repository, digest.Digest(content))
	}
	s.mu.Unlock()
	done, err := e.collect(ctx, wanted)
	if err != nil && ctx.Err() != nil {
		return done, ctx.Err()
	}
	return done, models.Wrap(err, models.KindInternal, "the registry's images cannot be collected")
}
