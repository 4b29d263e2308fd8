package pipeline

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
)

// explain says in words for people why a deployment failed. What it cannot say
// safely is in the server's log, where it is written once, here.
func (p *Pipeline) explain(d *models.Deployment, err error) string {
	reason := p.reason(d, err)
	var there *deployer.ClusterError
	if errors.As(err, &there) {
		reason = "on the cluster " + there.Cluster + ": " + reason
	}
	return reason
}

func (p *Pipeline) reason(d *models.Deployment, err error) string {
	var failure *builder.Failure
	var unhealthy *deployer.Unhealthy
	var known *models.Error
	var there *deployer.ClusterError
	switch {
	case errors.As(err, &unhealthy):
		return unhealthy.Error()
	case errors.As(err, &failure):
		return failure.Message
	case errors.As(err, &known) && known.Kind != models.KindInternal:
		return known.Message
	case errors.Is(err, deployer.ErrCredentials):
		return "the credentials are refused: they may have expired. Give new ones: slipway clusters renew"
	case errors.Is(err, deployer.ErrDiskFull), errors.Is(err, builder.ErrDiskFull):
		return "the container engine's disk is full; make room on it and deploy again"
	case errors.Is(err, deployer.ErrUnavailable), errors.Is(err, builder.ErrUnavailable):
		return "the container engine is not answering"
	case errors.As(err, &there) && (errors.Is(err, deployer.ErrNoImage) || errors.Is(err, deployer.ErrNoRoom)):
		return there.Err.Error() // in the words of the node, the scheduler or the quota, which drivers make fit to be shown
	case errors.Is(err, deployer.ErrNoImage):
		return "the release's image is no longer on the engine; deploy its source again"
	case errors.Is(err, deployer.ErrNoRoom):
		return "the machine has not the memory left to start an instance; scale something down, or give the app a lower limit"
	case errors.Is(err, deployer.ErrNoCommand):
		return "the image names no command to run; give its Dockerfile a CMD or an ENTRYPOINT"
	case errors.Is(err, syscall.ENOSPC):
		return "the server's disk is full"
	case errors.Is(err, context.DeadlineExceeded):
		return "it did not end in time"
	}
	p.logger(d).Error("deployment failed inside Slipway", "error", err)
	return models.SafeMessage(err)
}

// maxReason bounds what is kept of why something failed, in bytes.
const maxReason = 8 << 10

// storable makes text fit for a column: without NUL bytes, which Postgres has
// no room for, in UTF-8, and of at most so many bytes.
func storable(text string, most int) string {
	text = strings.ReplaceAll(text, "\x00", "\uFFFD")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// sourceError gives what is wrong with a source the kind of the sender's fault.
func sourceError(err error) error {
	var failure *builder.Failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failure):
		return &models.Error{Kind: models.KindInvalid, Message: failure.Message, Err: err}
	}
	return diskOr(err, models.KindInternal, "the source cannot be read")
}

// diskOr names a full disk as what it is, and otherwise wraps err.
func diskOr(err error, kind models.Kind, message string) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &models.Error{Kind: models.KindUnavailable, Message: "the server's disk is full", Err: err}
	}
	return models.Wrap(err, kind, "%s", message)
}
