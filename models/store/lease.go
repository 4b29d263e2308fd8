package store

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// HoldApp keeps deployments of an app from being claimed by anybody but the
// holder, until the lease runs out or is held again. It says false when somebody
// else holds the app, when a deployment of it is being worked on, or merely
// waits unless that is to be ignored, and when it is gone.
func (s *Store) HoldApp(ctx context.Context, appID, holder string, lease time.Duration, evenWithQueue bool) (bool, error) {
	states := openStates
	if evenWithQueue {
		states = activeStates
	}
	held := false
	err := s.Transact(ctx, func(tx *Store) error {
		if _, err := tx.LockApp(ctx, models.SystemActor(), appID); err != nil {
			return err
		}
		result := tx.with(ctx).Exec(`
			INSERT INTO app_leases (app_id, holder, until)
			SELECT ?, ?, clock_timestamp() + make_interval(secs => ?) WHERE NOT EXISTS (SELECT 1 FROM deployments WHERE app_id = ? AND state IN ?)
			ON CONFLICT (app_id) DO UPDATE SET holder = excluded.holder, until = excluded.until
			WHERE app_leases.holder = excluded.holder OR app_leases.until < clock_timestamp()`,
			appID, holder, lease.Seconds(), appID, states)
		held = result.RowsAffected > 0
		return translate(result.Error)
	})
	if models.KindOf(err) == models.KindNotFound && err != nil {
		return false, nil
	}
	return held, err
}

// LetAppGo ends what HoldApp began.
func (s *Store) LetAppGo(ctx context.Context, appID, holder string) error {
	return translate(s.with(ctx).Exec(`DELETE FROM app_leases WHERE app_id = ? AND holder = ?`, appID, holder).Error)
}

// DropLeases lets everything go that is held by somebody whose name begins with
// the prefix, deployments and apps, so that it may be taken up at once. It is
// for those who are sure that none of these is at work any more.
func (s *Store) DropLeases(ctx context.Context, prefix string) error {
	return s.Transact(ctx, func(tx *Store) error {
		err := tx.with(ctx).Exec(`UPDATE deployments SET lease_until = NULL WHERE state IN ? AND starts_with(holder, ?)`, activeStates, prefix).Error
		if err == nil {
			err = tx.with(ctx).Exec(`DELETE FROM app_leases WHERE starts_with(holder, ?)`, prefix).Error
		}
		return translate(err)
	})
}

// DropLeasesOfGone lets go, before its time, of what servers hold that are not
// there any more, deployments and apps; what is held by the given prefix stays.
// Holders' names begin with their server's ID and a slash, and each lease was
// taken or renewed for the given time.
//
// A server's lock may be gone for a moment although the server is not, as when
// Postgres was restarted. So what was renewed within the time that is silence
// stays too; and a holder that is there after all keeps what it renews, or learns
// by its fence that another has it. What is held for longer than any lease lasts
// was held before Postgres's clock was set back.
func (s *Store) DropLeasesOfGone(ctx context.Context, mine string, lease, silence time.Duration) error {
	gone := `holder LIKE '_%/%' AND NOT starts_with(holder, @mine) AND NOT ` + presence(`split_part(holder, '/', 1)`)
	return translate(s.with(ctx).Exec(`
		WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now),
		apps AS (UPDATE app_leases SET until = clock.now - interval '1 second' FROM clock WHERE `+silentFor("until")+` AND `+gone+`)
		UPDATE deployments SET lease_until = NULL FROM clock
		WHERE state IN @active AND `+silentFor("lease_until")+` AND `+gone,
		map[string]any{
			"mine": mine, "left": (lease - silence).Seconds(), "most": (lease + time.Second).Seconds(), "active": activeStates,
		}).Error)
}

func silentFor(until string) string {
	return until + ` > clock.now AND (` + until + ` < clock.now + make_interval(secs => @left) OR ` + until + ` > clock.now + make_interval(secs => @most))`
}

// now gives Postgres's time, which leases go by: those of the servers differ.
func (s *Store) now(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := s.with(ctx).Raw(`SELECT clock_timestamp()`).Scan(&now).Error
	return now.UTC(), translate(err)
}

// heldByAnother says whether somebody but the holder has the app.
func (s *Store) heldByAnother(ctx context.Context, appID, holder string) (bool, error) {
	var held bool
	err := s.with(ctx).Raw(`SELECT EXISTS (SELECT 1 FROM app_leases WHERE app_id = ? AND holder <> ? AND until > clock_timestamp())`,
		appID, holder).Scan(&held).Error
	return held, translate(err)
}
