package git

import (
	"context"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/logs"
)

// Submission is what a push asks the pipeline for.
type Submission struct {
	Trigger       models.Trigger
	SourceID      string
	SourceRef     string
	Commit        string
	CommitMessage string
}

// Sources keeps source snapshots.
type Sources interface {
	// SaveGit keeps the tree of a commit. The environment may point git at
	// objects that are still in quarantine.
	SaveGit(ctx context.Context, repository, commit string, env []string) (id string, size int64, err error)
}

// Deployments is the pipeline, as a push needs it.
type Deployments interface {
	// Submit writes a deployment down; from then on it will reach an end.
	Submit(ctx context.Context, actor models.Actor, app *models.App, s Submission) (*models.Deployment, error)
	// Done waits until a deployment has ended and gives it as it ended.
	Done(ctx context.Context, actor models.Actor, deploymentID string) (*models.Deployment, error)
}

// Logs reads streams.
type Logs interface {
	// Follow hands over what a stream holds after a cursor and then what is
	// added, until ctx ends or each gives an error.
	Follow(ctx context.Context, stream string, after int64, each func(lines []logs.Line, gap *logs.Gap) error) error
}
