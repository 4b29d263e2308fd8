package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/logs"
)

// keptSources is how many of an app's newest deployments can be retried.
const keptSources = 5

// collect drops source snapshots that nothing can ask for any more.
func (p *Pipeline) collect(ctx context.Context, app *models.App) {
	ids, err := p.Store.SourcesToDrop(ctx, app.ID, keptSources)
	if err != nil {
		p.Logger.Warn("old sources are left", "app", app.ID, "error", err)
	}
	p.DropSources(ids)
}

// DropSources forgets source snapshots.
func (p *Pipeline) DropSources(ids []string) {
	for _, id := range ids {
		p.sources.drop(id)
	}
}

// Uploads that no deployment was made of are kept for so long.
const keptUpload = 24 * time.Hour

// Sweep removes what was uploaded and never deployed, and what a server that
// died left half stored.
func (p *Pipeline) Sweep(ctx context.Context) error {
	p.sources.sweep(time.Hour)
	old := p.sources.olderThan(keptUpload)
	if len(old) == 0 {
		return nil
	}
	used, err := p.Store.UsedSources(ctx, old)
	if err != nil {
		return err
	}
	p.DropSources(slices.DeleteFunc(old, func(id string) bool { return slices.Contains(used, id) }))
	return nil
}

// olderThan lists the snapshots that were stored so long ago.
func (s *Sources) olderThan(age time.Duration) []string {
	var ids []string
	found, _ := filepath.Glob(filepath.Join(s.dir, "*.tar")) // fails only on a malformed pattern
	for _, path := range found {
		id := strings.TrimSuffix(filepath.Base(path), ".tar")
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > age && sourceID.MatchString(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// DropLogs forgets what the deployments of an app that is gone wrote.
func (p *Pipeline) DropLogs(deploymentIDs []string) {
	for _, id := range deploymentIDs {
		if err := p.Logs.Remove(logs.DeploymentStream(id)); err != nil && models.KindOf(err) != models.KindNotFound {
			p.Logger.Warn("the log of a deployment is left", "deployment", id, "error", err)
		}
	}
}
