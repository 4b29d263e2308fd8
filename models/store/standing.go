package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/slipway-paas/slipway/models"
)

// Standing is what one app should have on the cluster, as far as its row says.
type Standing struct {
	models.App // with ID, Name, Scale, LiveRelease and WarmRelease; the rest is empty

	// Busy says that somebody is at the app, or about to be: a deployment is
	// open, or its instances are being put right.
	Busy bool
}

// Standings gives how apps stand: all of them, or the one with that ID; none
// when it is not there. It takes one query.
func (s *Store) Standings(ctx context.Context, appID string) ([]Standing, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT a.id, a.name, a.scale, a.live_release, a.warm_release,
			EXISTS (SELECT 1 FROM deployments d WHERE d.app_id = a.id AND d.state = ANY($2)) OR
			EXISTS (SELECT 1 FROM app_leases l WHERE l.app_id = a.id AND l.until > clock_timestamp())
		FROM apps a WHERE $1 = '' OR a.id = $1`, appID, openStates)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	all := []Standing{}
	for rows.Next() {
		var one Standing
		var scale []byte
		if err := rows.Scan(&one.ID, &one.Name, &scale, &one.LiveRelease, &one.WarmRelease, &one.Busy); err != nil {
			return nil, translate(err)
		}
		if len(scale) > 2 { // more than {}
			if err := json.Unmarshal(scale, &one.Scale); err != nil {
				return nil, fmt.Errorf("scale of %s: %w", one.ID, err)
			}
		}
		all = append(all, one)
	}
	return all, translate(rows.Err())
}

// LiveReleasesOf gives the live releases of apps, by app ID, with what instances
// are made from: image, config, processes and limits. It takes one query for any
// number of apps.
func (s *Store) LiveReleasesOf(ctx context.Context, appIDs []string) (map[string]models.Release, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT r.app_id, r.version, r.image, r.config, r.processes, r.memory_mb, r.cpu_milli, r.placement, r.reserve_memory_mb, r.reserve_cpu_milli, r.commit, r.cluster_id
		FROM apps a JOIN releases r ON r.app_id = a.id AND r.version = a.live_release WHERE a.id = ANY($1)`, appIDs)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	live := make(map[string]models.Release, len(appIDs))
	for rows.Next() {
		var r models.Release
		var processes []byte
		if err := rows.Scan(&r.AppID, &r.Version, &r.Image, &r.Config, &processes, &r.MemoryMB, &r.CPUMilli, &r.Placement, &r.ReserveMemoryMB, &r.ReserveCPUMilli, &r.Commit, &r.ClusterID); err != nil {
			return nil, translate(err)
		}
		if err := json.Unmarshal(processes, &r.Processes); err != nil {
			return nil, fmt.Errorf("processes of v%d of %s: %w", r.Version, r.AppID, err)
		}
		live[r.AppID] = r
	}
	return live, translate(rows.Err())
}

// VolumesOf gives the volumes of apps, by app ID, without those that were given
// up: of all apps, or of the one with that ID.
func (s *Store) VolumesOf(ctx context.Context, appID string) (map[string][]models.Volume, error) {
	var all []models.Volume
	err := s.with(ctx).Where("removed_at IS NULL AND (? = '' OR app_id = ?)", appID, appID).Order("app_id, name").Find(&all).Error
	volumes := map[string][]models.Volume{}
	for _, v := range all {
		volumes[v.AppID] = append(volumes[v.AppID], v)
	}
	return volumes, translate(err)
}

// AppsInterrupted lists the IDs of the apps whose instances somebody was putting
// right whose name begins with the prefix.
func (s *Store) AppsInterrupted(ctx context.Context, prefix string) ([]string, error) {
	ids := []string{}
	err := s.with(ctx).Raw(`SELECT app_id FROM app_leases WHERE starts_with(holder, ?)`, prefix).Scan(&ids).Error
	return ids, translate(err)
}
