package pipeline

import (
	"time"

	"github.com/slipway-paas/slipway/models"
)

// watchUntil says until when a deployment that goes live is watched, nil for
// not at all. The app is as it is locked.
func (p *Pipeline) watchUntil(app *models.App, d *models.Deployment, now time.Time) *time.Time {
	if app.WatchMinutes <= 0 || app.LiveRelease == 0 || app.LiveRelease == d.Release {
		return nil
	}
	switch d.Trigger {
	case models.TriggerRollback, models.TriggerReturn, models.TriggerRestart:
		return nil // to go back from these would lead to what somebody left
	}
	until := now.Add(time.Duration(app.WatchMinutes) * time.Minute)
	return &until
}
