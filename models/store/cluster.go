package store

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// Clusters lists the clusters by name, the server's own engine first.
func (s *Store) Clusters(ctx context.Context) ([]models.Cluster, error) {
	clusters := []models.Cluster{}
	err := s.with(ctx).Order("id <> '" + models.LocalCluster + "', name").Find(&clusters).Error
	return clusters, translate(err)
}

// ClusterByName gives one cluster.
func (s *Store) ClusterByName(ctx context.Context, name string) (*models.Cluster, error) {
	var cluster models.Cluster
	if err := s.with(ctx).Where("name = ?", name).Take(&cluster).Error; err != nil {
		return nil, found(err, "cluster", name)
	}
	return &cluster, nil
}

// ClusterByID gives one cluster.
func (s *Store) ClusterByID(ctx context.Context, id string) (*models.Cluster, error) {
	var cluster models.Cluster
	if err := s.with(ctx).Where("id = ?", id).Take(&cluster).Error; err != nil {
		return nil, found(err, "cluster", id)
	}
	return &cluster, nil
}

// AddCluster writes a new cluster under the ID that it has. A name that is taken
// gives a KindConflict error.
func (s *Store) AddCluster(ctx context.Context, cluster *models.Cluster) error {
	now := time.Now().UTC()
	cluster.Revision, cluster.CreatedAt, cluster.UpdatedAt = 1, now, now
	err := translate(s.with(ctx).Create(cluster).Error)
	if models.KindOf(err) == models.KindConflict {
		return &models.Error{Kind: models.KindConflict, Field: "name", Message: "there is a cluster " + cluster.Name + " already", Err: err}
	}
	return err
}

// SaveCluster writes a cluster's endpoint and credentials anew.
func (s *Store) SaveCluster(ctx context.Context, cluster *models.Cluster) error {
	cluster.Revision++
	cluster.UpdatedAt = time.Now().UTC()
	return translate(s.with(ctx).Save(cluster).Error)
}

// RemoveCluster deletes a cluster that no app needs. Call it in a transaction
// that looked at ClusterUse.
func (s *Store) RemoveCluster(ctx context.Context, id string) error {
	result := s.with(ctx).Where("id = ?", id).Delete(&models.Cluster{})
	if result.Error != nil {
		return translate(result.Error)
	}
	if result.RowsAffected == 0 {
		return models.NotFound("cluster", id)
	}
	return nil
}

// ClusterUse lists the names of the apps that need a cluster at present: those
// whose next release, live release or warm release is for it, and those that
// are on their way there.
func (s *Store) ClusterUse(ctx context.Context, id string) ([]string, error) {
	names := []string{}
	err := s.with(ctx).Raw(`
		SELECT a.name FROM apps a WHERE a.cluster_id = @id
			OR EXISTS (SELECT 1 FROM releases r WHERE r.app_id = a.id AND r.cluster_id = @id AND r.version IN (a.live_release, a.warm_release))
			OR EXISTS (SELECT 1 FROM deployments d WHERE d.app_id = a.id AND d.cluster_id = @id AND d.state IN @open)
		ORDER BY a.name`, map[string]any{"id": id, "open": openStates}).Scan(&names).Error
	return names, translate(err)
}

// ClusterApps counts the apps whose next release is for a cluster, by its ID.
func (s *Store) ClusterApps(ctx context.Context) (map[string]int, error) {
	var rows []struct {
		ClusterID string
		Apps      int
	}
	err := s.with(ctx).Raw(`SELECT cluster_id, count(*) AS apps FROM apps GROUP BY cluster_id`).Scan(&rows).Error
	counts := make(map[string]int, len(rows))
	for _, row := range rows {
		counts[row.ClusterID] = row.Apps
	}
	return counts, translate(err)
}

// ReleaseCluster gives the ID of the cluster that a release is for.
func (s *Store) ReleaseCluster(ctx context.Context, appID string, version int) (string, error) {
	release, err := s.Release(ctx, appID, version)
	if err != nil {
		return "", err
	}
	return release.ClusterID, nil
}

// AppClusters gives the IDs of the clusters that an app needs at present, see
// ClusterUse; none when there is no such app.
func (s *Store) AppClusters(ctx context.Context, appID string) ([]string, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT cluster_id FROM apps WHERE id = $1
		UNION SELECT r.cluster_id FROM apps a JOIN releases r ON r.app_id = a.id AND r.version IN (a.live_release, a.warm_release) WHERE a.id = $1
		UNION SELECT d.cluster_id FROM deployments d WHERE d.app_id = $1 AND d.cluster_id <> '' AND d.state = ANY($2)
		UNION SELECT r.cluster_id FROM deployments d JOIN releases r ON r.app_id = d.app_id AND r.version = d.release WHERE d.app_id = $1 AND d.state = ANY($2)`,
		appID, openStates)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	ids := []string{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, translate(err)
		}
		ids = append(ids, id)
	}
	return ids, translate(rows.Err())
}
