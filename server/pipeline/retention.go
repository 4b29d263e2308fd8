package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/logs"
)

// keptSources is how many of an app's newest deployments can be retried.
const keptSources = 5

// collect drops source snapshots and images that nothing can ask for any more.
func (p *Pipeline) collect(ctx context.Context, app *models.App) {
	ids, err := p.Store.SourcesToDrop(ctx, app.ID, keptSources)
	if err != nil {
		p.Logger.Warn("old sources are left", "app", app.ID, "error", err)
	}
	if wanted, err := p.Store.KeptSources(ctx, app.ID, p.Keeping()); err == nil {
		p.DropSources(slices.DeleteFunc(ids, func(id string) bool { _, kept := wanted[id]; return kept }))
	}
	kept, err := p.Store.KeptImages(ctx, app.ID, p.Keeping())
	if err == nil {
		err = p.removeImages(ctx, app, kept)
	}
	if err != nil && ctx.Err() == nil {
		p.Logger.Warn("old images are left", "app", app.ID, "error", err)
	}
}

// Keeping says what is kept of what can be done without, as of now.
func (p *Pipeline) Keeping() store.Keeping {
	keep := store.Keeping{Releases: p.Settings.KeepReleases, Sources: keptSources}
	if days := p.Settings.KeepDays; days > 0 {
		keep.Since = time.Now().UTC().AddDate(0, 0, -days)
	}
	return keep
}

// removeImages removes the images that were built for an app, but for those to
// be kept. Images of an earlier app of the same name are not touched.
func (p *Pipeline) removeImages(ctx context.Context, app *models.App, kept []string) error {
	engine, ok := p.Cluster.(deployer.Images)
	if !ok {
		return nil
	}
	if err := engine.RemoveUnnamedOf(ctx, app.ID); err != nil {
		return err
	}
	found, err := engine.ImageReferences(ctx, p.repository(app))
	if err != nil || len(found) == 0 {
		return err
	}
	deployments, err := p.Store.DeploymentIDs(ctx, app.ID)
	if err != nil {
		return err
	}
	var unwanted []string
	for _, id := range deployments {
		ref := p.imageTag(app, id)
		if slices.Contains(found, ref) && !slices.Contains(kept, ref) {
			unwanted = append(unwanted, ref)
		}
	}
	return engine.RemoveImages(ctx, unwanted)
}

// repository names an app's images, and imageTag the one of a deployment.
func (p *Pipeline) repository(app *models.App) string {
	return p.Settings.Installation + "/" + app.Name
}

func (p *Pipeline) imageTag(app *models.App, deploymentID string) string {
	return p.repository(app) + ":" + deploymentID
}

// DropSources forgets source snapshots.
func (p *Pipeline) DropSources(ids []string) {
	ctx, stop := lastly(context.Background())
	defer stop()
	if err := p.sources.drop(ctx, ids); err != nil {
		p.Logger.Warn("old sources are left on the database", "error", err)
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
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > age && models.IsID(id) {
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
