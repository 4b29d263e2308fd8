package git

import (
	"context"
	"iter"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/pipeline"
)

// Authenticator finds who a token belongs to. A wrong one is a
// KindUnauthenticated error, too many wrong ones a KindRateLimited one.
type Authenticator interface {
	Authenticate(ctx context.Context, token, remoteIP string) (models.Actor, error)
}

// Apps is what the git door wants of the apps.
type Apps interface {
	// Find gives an app that the actor sees, or a KindNotFound error.
	Find(ctx context.Context, actor models.Actor, name string) (*models.App, error)
	// ForPush gives the app for a push, and makes it when there is none of the
	// name and the actor may. It is asked only once there is something to
	// deploy.
	ForPush(ctx context.Context, actor models.Actor, name string) (app *models.App, created bool, err error)
	// Track makes branch the tracked one of an app that has none yet, and gives
	// the branch that is tracked then.
	Track(ctx context.Context, actor models.Actor, appID, branch string) (tracked string, err error)
}

// Sources keeps source snapshots.
type Sources interface {
	// SaveGit keeps the tree of a commit. The environment may point git at
	// objects that are still in quarantine.
	SaveGit(ctx context.Context, repository, commit string, env []string) (id string, size int64, err error)
}

// Deployments is the pipeline, as a push needs it.
type Deployments interface {
	// Submit writes a deployment down; from then on it will reach an end. It
	// gives pipeline.ErrKeepsPlace when it was to supersede one that goes on.
	Submit(ctx context.Context, actor models.Actor, app *models.App, s pipeline.Submission) (*models.Deployment, error)
	// MaySupersede says whether a push would supersede a deployment, as things
	// are now.
	MaySupersede(ctx context.Context, deploymentID string) (bool, error)
	// Done waits until a deployment has ended and gives it as it ended.
	Done(ctx context.Context, actor models.Actor, deploymentID string) (*models.Deployment, error)
	// PushOf gives the newest deployment of a push of a commit to a branch of an
	// app, nil when there is none.
	PushOf(ctx context.Context, appID, branch, commit string) (*models.Deployment, error)
	// Knows says whether there is, or was, a deployment.
	Knows(ctx context.Context, deploymentID string) (bool, error)
	// TellPush writes into an app's activity what became of a push that nobody
	// could be told of.
	TellPush(ctx context.Context, appID, branch, words string) error
	// DropSources forgets snapshots that no deployment was made of.
	DropSources(ids []string)
}

// Logs reads streams: what there is, then what is added, until ctx ends.
type Logs interface {
	Follow(ctx context.Context, stream string, opts logs.FollowOptions) iter.Seq2[logs.Batch, error]
}
