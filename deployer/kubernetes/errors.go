package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/slipway-paas/slipway/deployer"
)

var errSlow = errors.New("the API server did not answer in time")

// fail says what was attempted, gives ctx's error when ctx is over, and marks
// the errors of a cluster that is away, refuses us or is full.
func fail(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, deployer.ErrUnavailable) || errors.Is(err, deployer.ErrCredentials) || errors.Is(err, deployer.ErrNoRoom):
		return err
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%s: %w: renew the kubeconfig or the service account's token", what, deployer.ErrCredentials)
	case apierrors.IsForbidden(err) && overQuota(err.Error()):
		return fmt.Errorf("%s: %w: %s", what, deployer.ErrNoRoom, quote(err.Error()))
	case unreachable(err):
		return fmt.Errorf("%s: %w: %w", what, deployer.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func overQuota(message string) bool { return strings.Contains(message, "exceeded quota") }

// unreachable tells an API server that did not answer, or could not, from one
// that answered no.
func unreachable(err error) bool {
	var dns *net.OpError
	var failed *url.Error
	return errors.Is(err, errSlow) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.As(err, &dns) || errors.As(err, &failed) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsTooManyRequests(err)
}

// namespaceEnding tells a namespace that is being removed: nothing can be made in it.
func namespaceEnding(err error) bool {
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

func notFound(err error) bool { return apierrors.IsNotFound(err) }

func unlessNotFound(err error) error {
	if notFound(err) {
		return nil
	}
	return err
}

// quote makes a message of the engine's fit for a sentence: one line of
// moderate length.
func quote(message string) string {
	message = strings.Join(strings.FieldsFunc(message, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	const most = 400
	if runes := []rune(message); len(runes) > most {
		message = string(runes[:most]) + "…"
	}
	return strings.TrimSuffix(message, ".")
}
