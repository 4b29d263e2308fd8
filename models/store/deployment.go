package store

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/slipway-paas/slipway/models"
)

var (
	activeStates = []models.DeploymentState{models.DeploymentBuilding, models.DeploymentReleasing, models.DeploymentDeploying}
	openStates   = append([]models.DeploymentState{models.DeploymentQueued}, activeStates...)
)

// ErrLeaseLost is given to a worker that no longer holds the deployment it
// works on: it must stop and change nothing more.
var ErrLeaseLost = errors.New("another worker has taken the deployment over")

// AddDeployment gives the deployment the app's next number and writes it as
// queued. Call it in a transaction.
func (s *Store) AddDeployment(ctx context.Context, actor models.Actor, d *models.Deployment) error {
	app, err := s.LockApp(ctx, actor, d.AppID)
	if err != nil {
		return err
	}
	d.ID, d.CreatedAt, d.Number = models.NewID(), time.Now().UTC(), app.DeploymentSeq+1
	d.State = models.DeploymentQueued
	if err := s.with(ctx).Model(app).Update("deployment_seq", d.Number).Error; err != nil {
		return translate(err)
	}
	return translate(s.with(ctx).Create(d).Error)
}

// Deployment gives one deployment of an app by its number.
func (s *Store) Deployment(ctx context.Context, app *models.App, number int) (*models.Deployment, error) {
	return s.deployment(s.with(ctx), app, number)
}

func (s *Store) deployment(query *gorm.DB, app *models.App, number int) (*models.Deployment, error) {
	if number < 1 || number > math.MaxInt32 {
		return nil, models.NotFound("deployment", "#"+strconv.Itoa(number)) // not one that the column holds
	}
	var d models.Deployment
	if err := query.Where("app_id = ? AND number = ?", app.ID, number).Take(&d).Error; err != nil {
		return nil, found(err, "deployment", "#"+strconv.Itoa(number))
	}
	return &d, nil
}

// DeploymentByID gives one deployment of an app that the actor may see.
func (s *Store) DeploymentByID(ctx context.Context, actor models.Actor, id string) (*models.Deployment, error) {
	query := s.with(ctx).Where("deployments.id = ?", id)
	if !actor.SeesAll() {
		query = query.Where("app_id IN (SELECT id FROM apps WHERE owner_id = ?)", actor.UserID)
	}
	var d models.Deployment
	if err := query.Take(&d).Error; err != nil {
		return nil, found(err, "deployment", id)
	}
	return &d, nil
}

// PushOf gives the newest deployment of a push of a commit to a branch of an app,
// nil when there is none.
func (s *Store) PushOf(ctx context.Context, appID, branch, commit string) (*models.Deployment, error) {
	var found []models.Deployment
	err := s.with(ctx).Where(`app_id = ? AND trigger = ? AND source_ref = ? AND "commit" = ?`, appID, models.TriggerPush, branch, commit).
		Order("number DESC").Limit(1).Find(&found).Error
	if err != nil || len(found) == 0 {
		return nil, translate(err)
	}
	return &found[0], nil
}

// DeploymentFilter narrows a list of deployments; what is empty narrows nothing.
type DeploymentFilter struct {
	States  []models.DeploymentState // any of these
	Trigger models.Trigger
	By      string    // e-mail of who asked for it
	Before  time.Time // asked for before
}

func (f DeploymentFilter) narrow(query *gorm.DB) *gorm.DB {
	if len(f.States) > 0 {
		query = query.Where("state IN ?", f.States)
	}
	if f.Trigger != "" {
		query = query.Where("trigger = ?", f.Trigger)
	}
	if f.By != "" {
		query = query.Where("created_by = ?", f.By)
	}
	if !f.Before.IsZero() {
		query = query.Where("created_at < ?", f.Before)
	}
	return query
}

// Deployments lists deployments, newest first: of one app, or of all that the
// actor may see when app is nil. The cursor is a deployment's ID.
func (s *Store) Deployments(ctx context.Context, actor models.Actor, app *models.App, page Page, only ...DeploymentFilter) ([]models.Deployment, string, error) {
	query := s.with(ctx).Order("id DESC").Limit(page.limit() + 1)
	for _, filter := range only {
		query = filter.narrow(query)
	}
	switch {
	case app != nil:
		query = query.Where("app_id = ?", app.ID)
	case !actor.SeesAll():
		query = query.Where("app_id IN (SELECT id FROM apps WHERE owner_id = ?)", actor.UserID)
	}
	if page.Cursor != "" {
		query = query.Where("id < ?", page.Cursor)
	}
	rows := []models.Deployment{}
	if err := query.Find(&rows).Error; err != nil {
		return nil, "", translate(err)
	}
	rows, next := cut(rows, page, func(d models.Deployment) string { return d.ID })
	return rows, next, nil
}

// LastDeployments gives the newest deployment of each of the apps that has one,
// by app ID.
func (s *Store) LastDeployments(ctx context.Context, apps []models.App) (map[string]models.Deployment, error) {
	rows, err := selects[models.Deployment](ctx, s, deploymentColumns, lastDeployments, appIDs(apps))
	return deploymentsByApp(rows), err
}

const lastDeployments = "JOIN apps ON apps.id = deployments.app_id AND apps.deployment_seq = deployments.number WHERE apps.id = ANY($1)"

func deploymentsByApp(rows []models.Deployment) map[string]models.Deployment {
	last := make(map[string]models.Deployment, len(rows))
	for _, row := range rows {
		last[row.AppID] = row
	}
	return last
}

// QueuePosition says how many deployments of the app come before this one, 0
// when it is not waiting.
func (s *Store) QueuePosition(ctx context.Context, d *models.Deployment) (int, error) {
	if d.State != models.DeploymentQueued {
		return 0, nil
	}
	var before int64
	err := s.with(ctx).Model(&models.Deployment{}).
		Where("app_id = ? AND number < ? AND state IN ?", d.AppID, d.Number, openStates).Count(&before).Error
	return int(before), translate(err)
}

// ClaimDeployment gives the worker the app's next piece of work, held until the
// lease runs out: the active deployment if whoever had it let it go, else the
// oldest queued one. It gives nil when there is nothing to do or somebody else
// is at it, or at the app as a whole (see HoldApp). Each claim takes the fence
// one up.
func (s *Store) ClaimDeployment(ctx context.Context, appID, holder string, lease time.Duration) (*models.Deployment, error) {
	var claimed *models.Deployment
	err := s.Transact(ctx, func(tx *Store) error {
		if _, err := tx.LockApp(ctx, models.SystemActor(), appID); err != nil {
			return err
		}
		if busy, err := tx.heldByAnother(ctx, appID, holder); err != nil || busy {
			return err
		}
		// The row's lock too: who had it may be writing its end at this
		// moment, without the app's lock.
		var open []models.Deployment
		err := tx.with(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("app_id = ? AND state IN ?", appID, openStates).
			Order("state = 'queued', number").Limit(1).Find(&open).Error
		if err != nil || len(open) == 0 {
			return translate(err)
		}
		d, now := &open[0], time.Now().UTC()
		leases, err := tx.now(ctx)
		if err != nil {
			return err
		}
		if d.State.Active() && d.LeaseUntil != nil && d.LeaseUntil.After(leases) {
			return nil
		}
		if d.State == models.DeploymentQueued {
			d.StartedAt, d.State = &now, models.DeploymentReleasing
			if d.NeedsBuild() {
				d.State = models.DeploymentBuilding
			}
		}
		if d.State == models.DeploymentReleasing {
			ends := now.Add(models.ReleaseTimeout)
			d.PhaseDeadline = &ends
		}
		until := leases.Add(lease)
		d.LeaseUntil, d.Holder = &until, holder
		d.Fence++
		claimed = d
		return translate(tx.with(ctx).Model(d).Select("state", "started_at", "lease_until", "holder", "fence", "phase_deadline").Updates(d).Error)
	})
	if models.KindOf(err) == models.KindNotFound {
		return nil, nil // the app is gone, and its work with it
	}
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// Asked is what somebody wants of the worker of a deployment.
type Asked struct {
	Cancel    bool // somebody asked to cancel it
	Supersede bool // a newer one has made it needless
}

// RenewLease holds a deployment for longer, and says what is asked of its
// worker. It gives ErrLeaseLost when it is held by another by now.
func (s *Store) RenewLease(ctx context.Context, d *models.Deployment, lease time.Duration) (Asked, error) {
	var rows []models.Deployment
	err := s.with(ctx).Raw(`UPDATE deployments SET lease_until = clock_timestamp() + make_interval(secs => ?) WHERE id = ? AND fence = ? AND state IN ? RETURNING cancelled_at, superseded_by`,
		lease.Seconds(), d.ID, d.Fence, activeStates).Scan(&rows).Error
	if err != nil {
		return Asked{}, translate(err)
	}
	if len(rows) == 0 {
		return Asked{}, ErrLeaseLost
	}
	return Asked{Cancel: rows[0].CancelledAt != nil, Supersede: rows[0].SupersededBy != 0}, nil
}

// DropLease lets a deployment go, so that another worker may take it at once.
func (s *Store) DropLease(ctx context.Context, d *models.Deployment) error {
	return translate(s.with(ctx).Model(&models.Deployment{}).
		Where("id = ? AND fence = ?", d.ID, d.Fence).Update("lease_until", nil).Error)
}

// UpdateDeployment writes the state and what is known of a deployment by its
// worker, if that still holds it: a compare-and-set on the fence that leaves
// terminal states alone. Otherwise it gives ErrLeaseLost. One that was
// superseded goes no further than its build: that gives ErrSuperseded.
func (s *Store) UpdateDeployment(ctx context.Context, d *models.Deployment) error {
	if d.State.Terminal() {
		d.LeaseUntil, d.PhaseDeadline = nil, nil
	}
	columns := []string{"state", "reason", "source_id", "commit", "commit_message", "release", "built_at", "released_at", "finished_at", "phase_deadline", "watch_until"}
	if d.State.Terminal() {
		columns = append(columns, "lease_until")
	}
	query := s.with(ctx).Model(&models.Deployment{}).Where("id = ? AND fence = ? AND state IN ?", d.ID, d.Fence, activeStates)
	onward := d.State == models.DeploymentReleasing || d.State == models.DeploymentDeploying || d.State == models.DeploymentSucceeded
	if onward {
		query = query.Where("superseded_by = 0")
	}
	result := query.Select(columns).Updates(d)
	if result.Error != nil {
		return translate(result.Error)
	}
	if result.RowsAffected > 0 {
		return nil
	}
	if onward {
		return s.whyNot(ctx, d)
	}
	return ErrLeaseLost
}

// whyNot says why a deployment could not go on: because it was superseded, or
// because somebody else has it.
func (s *Store) whyNot(ctx context.Context, d *models.Deployment) error {
	var superseded bool
	err := s.with(ctx).Raw(`SELECT EXISTS (SELECT 1 FROM deployments WHERE id = ? AND fence = ? AND state IN ? AND superseded_by > 0)`,
		d.ID, d.Fence, activeStates).Scan(&superseded).Error
	switch {
	case err != nil:
		return translate(err)
	case superseded:
		return ErrSuperseded
	}
	return ErrLeaseLost
}

// SetLive makes a release the app's live one, and keeps none warm. Call it in
// the transaction in which its deployment succeeds.
func (s *Store) SetLive(ctx context.Context, appID string, version int) error {
	return s.SetLiveAndWarm(ctx, appID, "", version, 0, nil)
}

// SetLiveAndWarm is SetLive that also says which release is kept running
// without traffic, and until when; 0 and nil for none. The app's next release is
// for the cluster that this one is on, unless that is "".
func (s *Store) SetLiveAndWarm(ctx context.Context, appID, clusterID string, version, warm int, until *time.Time) error {
	set := map[string]any{"live_release": version, "warm_release": warm, "warm_until": until}
	if clusterID != "" {
		set["cluster_id"] = clusterID
	}
	return translate(s.with(ctx).Model(&models.App{}).Where("id = ?", appID).Updates(set).Error)
}

// CancelDeployment asks for a deployment to stop. One that waits is cancelled
// there and then; one that is worked on is marked, and its worker ends it. A
// terminal one gives a KindConflict error. Call it in a transaction.
func (s *Store) CancelDeployment(ctx context.Context, app *models.App, number int, by string) (*models.Deployment, error) {
	if _, err := s.LockApp(ctx, models.SystemActor(), app.ID); err != nil {
		return nil, err
	}
	// Its worker writes without the app's lock; the row's keeps what it wrote.
	d, err := s.deployment(s.with(ctx).Clauses(clause.Locking{Strength: "UPDATE"}), app, number)
	if err != nil {
		return nil, err
	}
	if d.State.Terminal() {
		return nil, models.Errorf(models.KindConflict, "deployment #%d has ended already: %s", number, d.State)
	}
	now := time.Now().UTC()
	if d.CancelledAt == nil {
		d.CancelledAt, d.CancelledBy = &now, by
	}
	if d.State == models.DeploymentQueued {
		d.State, d.FinishedAt, d.Reason = models.DeploymentCancelled, &now, "cancelled by "+by
	}
	return d, translate(s.with(ctx).Model(d).Select("cancelled_at", "cancelled_by", "state", "finished_at", "reason").Updates(d).Error)
}

// AppsWithWork lists the IDs of apps that have a deployment which waits or whose
// worker has let it go, and none that is being worked on; and of those whose
// instances somebody was putting right who is no longer at it.
func (s *Store) AppsWithWork(ctx context.Context) ([]string, error) {
	ids := []string{}
	err := s.with(ctx).Raw(`
		SELECT DISTINCT app_id FROM deployments d
		WHERE state IN ? AND NOT EXISTS (
			SELECT 1 FROM deployments a WHERE a.app_id = d.app_id AND a.state IN ? AND a.lease_until > clock_timestamp())
		UNION SELECT app_id FROM app_leases WHERE until < clock_timestamp()`,
		openStates, activeStates).Scan(&ids).Error
	return ids, translate(err)
}

// OpenDeployments lists the app's deployments that have not ended, oldest first.
func (s *Store) OpenDeployments(ctx context.Context, appID string) ([]models.Deployment, error) {
	var rows []models.Deployment
	err := s.with(ctx).Where("app_id = ? AND state IN ?", appID, openStates).Order("number").Find(&rows).Error
	return rows, translate(err)
}

// SourcesToDrop lists the source snapshots of an app that no deployment among
// its newest keep ones uses and that no open one, of any app, waits for.
func (s *Store) SourcesToDrop(ctx context.Context, appID string, keep int) ([]string, error) {
	ids := []string{}
	err := s.with(ctx).Raw(`
		SELECT DISTINCT source_id FROM deployments WHERE app_id = ? AND source_id <> '' AND source_id NOT IN (
			SELECT source_id FROM (SELECT source_id, number, state FROM deployments WHERE app_id = ? ORDER BY number DESC LIMIT ?) newest
			UNION SELECT source_id FROM deployments WHERE state IN ?)`,
		appID, appID, keep, openStates).Scan(&ids).Error
	return ids, translate(err)
}

// DeploymentIDs lists the IDs of all of an app's deployments.
func (s *Store) DeploymentIDs(ctx context.Context, appID string) ([]string, error) {
	ids := []string{}
	err := s.with(ctx).Raw(`SELECT id FROM deployments WHERE app_id = ?`, appID).Scan(&ids).Error
	return ids, translate(err)
}

// UsedSources gives those of the source snapshots that some deployment names.
func (s *Store) UsedSources(ctx context.Context, ids []string) ([]string, error) {
	used := []string{}
	err := s.with(ctx).Raw(`SELECT DISTINCT source_id FROM deployments WHERE source_id IN ?`, ids).Scan(&used).Error
	return used, translate(err)
}

// held narrows a statement to the time in which a worker holds a deployment.
func held(query *gorm.DB, d *models.Deployment) *gorm.DB {
	return query.Where("EXISTS (SELECT 1 FROM deployments WHERE id = ? AND fence = ? AND state IN ?)", d.ID, d.Fence, activeStates)
}
