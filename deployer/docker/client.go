package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"github.com/slipway-paas/slipway/deployer"
)

// NewClient makes an API client that agrees with the engine on a version at
// its first call. With an empty host it follows DOCKER_HOST and its
// companions. With TLS its certificates are used and nothing of the environment.
// It does not talk to the engine yet.
func NewClient(host string, secured ...TLS) (*client.Client, error) {
	opts := []client.Opt{client.WithAPIVersionNegotiation()}
	if host == "" {
		opts = append(opts, client.FromEnv)
	} else {
		opts = append(opts, client.WithHost(host))
	}
	for _, one := range secured {
		config, err := one.config()
		if err != nil {
			return nil, err
		}
		if config != nil {
			transport := &http.Transport{TLSClientConfig: config, IdleConnTimeout: 30 * time.Second}
			opts = append([]client.Opt{client.WithHTTPClient(&http.Client{Transport: transport, CheckRedirect: client.CheckRedirect})}, opts...)
		}
	}
	api, err := client.NewClientWithOpts(opts...)
	if err != nil {
		return nil, fmt.Errorf("docker host %q: %w", host, err)
	}
	return api, nil
}

// fail says what was attempted, gives ctx's error when ctx is over, and marks
// the errors of an engine that is away.
func fail(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case unreachable(err):
		return fmt.Errorf("%s: %w: %w", what, deployer.ErrUnavailable, err)
	case strings.Contains(strings.ToLower(err.Error()), "no space left on device"): // it has no class of its own
		return fmt.Errorf("%s: %w: %w", what, deployer.ErrDiskFull, err)
	case noRoom(err):
		return fmt.Errorf("%s: %w: %w", what, deployer.ErrNoRoom, err)
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}

// noRoom tells an engine that has not the memory, or the addresses, left to do
// what it was asked. It has no class of its own.
func noRoom(err error) bool {
	text := strings.ToLower(err.Error())
	for _, sign := range []string{"cannot allocate memory", "resource temporarily unavailable", "no available ip", "could not find an available"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// unreachable tells an engine that did not answer, or went away in the middle
// of it, from one that answered no.
func unreachable(err error) bool {
	return client.IsErrConnectionFailed(err) || cerrdefs.IsUnavailable(err) ||
		errors.Is(err, deployer.ErrUnavailable) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNREFUSED)
}
