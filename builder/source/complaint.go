package source

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/slipway-paas/slipway/builder"
)

// complaints maps what git and ssh say to what it means. The first that
// matches counts.
var complaints = []struct {
	parts []string
	err   error
}{
	{[]string{"host key verification failed", "remote host identification has changed"}, errHostKey},
	{[]string{
		"authentication failed", "could not read username", "could not read password", "permission denied", "terminal prompts disabled",
		"error: 401", "error: 403", "access denied", "invalid format", "error in libcrypto", "load key",
	}, ErrAuthentication},
	{[]string{
		"could not resolve host", "failed to connect", "couldn't connect", "connection refused", "connection timed out", "operation timed out",
		"no route to host", "network is unreachable", "could not resolve hostname", "operation too slow", "connection reset", "connection closed by",
		"ssl certificate problem", "empty reply from server",
	}, ErrUnreachable},
	{[]string{"couldn't find remote ref", "not our ref", "unadvertised object", "remote error: upload-pack: not our ref"}, ErrNoSuchRef},
	{[]string{"repository not found", "not found", "does not appear to be a git repository", "does not exist", "not valid: is this a git repository"}, ErrNoSuchRemote},
}

var errHostKey = errors.New("the host's key has changed")

// explainGit turns the error of a fetch into one with safe words.
func explainGit(ctx context.Context, err error, from remote, req FetchRequest) error {
	var failure *builder.Failure
	switch {
	case errors.As(err, &failure):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errTimeout):
		return &builder.Failure{Message: fmt.Sprintf("fetching from %s took over %s", from.shown(), req.Timeout), Err: ErrUnreachable}
	case errors.Is(err, errTooLarge):
		return refuse("the source at %s is over %d MB", from.shown(), req.MaxBytes>>20)
	}
	var failed *gitError
	if !errors.As(err, &failed) {
		return err
	}
	said := strings.ToLower(failed.complaint)
	for _, c := range complaints {
		for _, part := range c.parts {
			if strings.Contains(said, part) {
				return &builder.Failure{Message: advice(c.err, from, req), Err: fmt.Errorf("%w: %w", c.err, redacted(failed, req))}
			}
		}
	}
	return &builder.Failure{Message: "fetching from " + from.shown() + " failed: " + lastLine(redacted(failed, req).complaint), Err: redacted(failed, req)}
}

func advice(err error, from remote, req FetchRequest) string {
	switch {
	case errors.Is(err, ErrAuthentication) && from.scheme == "ssh":
		return fmt.Sprintf("authentication failed at %s: give the app a deploy key that the repository accepts", from.shown())
	case errors.Is(err, ErrAuthentication):
		return fmt.Sprintf("authentication failed at %s: give the app a token that may read the repository", from.shown())
	case errors.Is(err, ErrUnreachable):
		return fmt.Sprintf("host unreachable: %s did not answer as a git server would", from.shown())
	case errors.Is(err, ErrNoSuchRef):
		return fmt.Sprintf("no such ref: %s has no %q, or does not give it out", from.shown(), req.Ref)
	case errors.Is(err, ErrNoSuchRemote):
		return fmt.Sprintf("no such repository at %s, or it may only be read with a credential", from.shown())
	}
	return fmt.Sprintf("the ssh key of %s is not the one it had before; have the operator check it", from.shown())
}

// shown is what a message may say of a remote: a URL that passed the check has
// no password in it.
func (r remote) shown() string { return r.raw }

// redacted takes the credential out of what git said, should it ever be there.
func redacted(failed *gitError, req FetchRequest) *gitError {
	if token := req.Credential.Token; token != "" {
		failed.complaint = strings.ReplaceAll(failed.complaint, token, "…")
	}
	return failed
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimPrefix(cut(lines[len(lines)-1], 300), "fatal: ")
}
