// Package clusters keeps the rows of clusters and the fleet that is made of
// them: what an operator adds, looks at, drains and removes.
package clusters

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/fleet"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/secrets"
)

// Driver opens the driver of a kind of cluster. It does not wait for the
// cluster to answer. What it gives is closed when it is an io.Closer.
type Driver func(cluster *models.Cluster, with models.ClusterCredentials) (deployer.Cluster, error)

// Deps are what a Service works with.
type Deps struct {
	Store   *store.Store
	Home    deployer.Cluster // the server's own engine
	Drivers map[models.ClusterKind]Driver
	Gauge   Gauge // nil where nothing is measured
	Hub     *live.Hub
	Box     *secrets.Box
	Logger  *slog.Logger
}

// Service is safe for concurrent use. Run must be running for it to hear what
// other servers change.
type Service struct {
	Deps
	fleet *fleet.Fleet

	mu   sync.Mutex
	open map[string]opened // by cluster ID

	looking lookers
}

// opened is a cluster whose driver is open, as its row was then.
type opened struct {
	revision int64
	cluster  deployer.Cluster
}

// reloadEvery is how often the rows are read again: another server may have
// changed them.
const reloadEvery = 15 * time.Second

// New makes a Service whose fleet has nothing but the home until Reload.
func New(deps Deps) *Service {
	s := &Service{Deps: deps, open: map[string]opened{}}
	home := fleet.Member{ID: models.LocalCluster, Name: models.LocalCluster, Cluster: deps.Home}
	s.fleet = fleet.New(home, places{deps.Store}, deps.Logger)
	return s
}

// Fleet gives all clusters as one.
func (s *Service) Fleet() *fleet.Fleet { return s.fleet }

// places are the rows as the fleet asks for them.
type places struct{ *store.Store }

// Place implements fleet.Places.
func (p places) Place(ctx context.Context, app string, release int) (string, error) {
	return p.ReleaseCluster(ctx, app, release)
}

// Members implements fleet.Places.
func (p places) Members(ctx context.Context, app string) ([]string, error) {
	return p.AppClusters(ctx, app)
}

// Run reads the rows again now and then until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(reloadEvery)
	defer tick.Stop()
	for {
		if err := s.Reload(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Warn("the list of clusters cannot be read just now", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Reload makes the fleet what the rows say. A cluster whose driver cannot be
// opened is in it all the same, and away.
func (s *Service) Reload(ctx context.Context) error {
	rows, err := s.Store.Clusters(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	there := map[string]bool{}
	changed := false
	var members []fleet.Member
	for i := range rows {
		row := &rows[i]
		if row.Local() {
			continue
		}
		there[row.ID] = true
		if was, ok := s.open[row.ID]; !ok || was.revision != row.Revision {
			s.close(row.ID)
			s.open[row.ID] = opened{row.Revision, s.openRow(row)}
			changed = true
		}
		members = append(members, fleet.Member{ID: row.ID, Name: row.Name, Cluster: s.open[row.ID].cluster})
	}
	for id := range s.open {
		if !there[id] {
			s.close(id)
			changed = true
		}
	}
	if changed {
		s.fleet.Set(members)
	}
	return nil
}

// close lets a driver go. The lock is held.
func (s *Service) close(id string) {
	if closer, ok := s.open[id].cluster.(interface{ Close() error }); ok {
		if err := closer.Close(); err != nil {
			s.Logger.Debug("a cluster's driver did not close well", "cluster", id, "error", err)
		}
	}
	delete(s.open, id)
	s.looking.forget(id)
}

func (s *Service) openRow(row *models.Cluster) deployer.Cluster {
	with, err := s.credentials(row)
	var cluster deployer.Cluster
	if err == nil {
		cluster, err = s.openDriver(row, with)
	}
	if err != nil {
		s.Logger.Error("a cluster cannot be used", "cluster", row.Name, "error", err)
		return broken{err}
	}
	return cluster
}

func (s *Service) openDriver(row *models.Cluster, with models.ClusterCredentials) (deployer.Cluster, error) {
	driver := s.Drivers[row.Kind]
	if driver == nil {
		return nil, models.Invalid("kind", "this server cannot use clusters of the kind %q", row.Kind)
	}
	return driver(row, with)
}

// Name gives the name of a cluster, or its ID when this server does not know it
// yet.
func (s *Service) Name(id string) string {
	if member, err := s.fleet.Member(id); err == nil {
		return member.Name
	}
	return id
}

func sealedFor(id string) string { return "cluster " + id }

func (s *Service) credentials(row *models.Cluster) (with models.ClusterCredentials, err error) {
	if len(row.Credentials) == 0 {
		return with, nil
	}
	text, err := s.Box.Open(sealedFor(row.ID), row.Credentials)
	if err != nil {
		return with, err
	}
	return with, json.Unmarshal(text, &with)
}

func (s *Service) seal(row *models.Cluster, with models.ClusterCredentials) {
	row.Credentials = nil
	if with == (models.ClusterCredentials{}) {
		return
	}
	text, _ := json.Marshal(with) // strings
	row.Credentials = s.Box.Seal(sealedFor(row.ID), text)
}

// lookTimeout bounds how long somebody who looks at a cluster waits for it.
const lookTimeout = 5 * time.Second

// List shows the clusters, the server's own first. Those that do not answer
// within 5 s are shown as away.
func (s *Service) List(ctx context.Context, actor models.Actor) ([]View, error) {
	if err := actor.Require(models.ScopeRead); err != nil {
		return nil, err
	}
	rows, err := s.Store.Clusters(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := s.Store.ClusterApps(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]View, len(rows))
	var group sync.WaitGroup
	for i := range rows {
		views[i] = View{Cluster: rows[i], Apps: counts[rows[i].ID]}
		group.Go(func() { s.look(ctx, actor, &views[i]) })
	}
	group.Wait()
	return views, ctx.Err()
}

// Get shows one cluster.
func (s *Service) Get(ctx context.Context, actor models.Actor, name string) (*View, error) {
	if err := actor.Require(models.ScopeRead); err != nil {
		return nil, err
	}
	row, err := s.Store.ClusterByName(ctx, name)
	if err != nil {
		return nil, err
	}
	counts, err := s.Store.ClusterApps(ctx)
	if err != nil {
		return nil, err
	}
	view := View{Cluster: *row, Apps: counts[row.ID]}
	s.look(ctx, actor, &view)
	return &view, ctx.Err()
}

func (s *Service) driver(id string) (deployer.Cluster, error) {
	member, err := s.fleet.Member(id)
	if err != nil {
		return nil, models.Wrap(err, models.KindNotFound, "the cluster is not known to this server yet")
	}
	return member.Cluster, nil
}

// away says in words why a cluster could not be asked.
func (s *Service) away(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, deployer.ErrCredentials):
		return models.Wrap(err, models.KindUnavailable, "the cluster refuses the credentials: they may have expired. Give it new ones")
	case errors.Is(err, deployer.ErrUnavailable), ctx.Err() != nil:
		return models.Wrap(err, models.KindUnavailable, "the cluster is not answering")
	}
	var told *models.Error
	if errors.As(err, &told) {
		return err
	}
	return models.Wrap(err, models.KindUnavailable, "the cluster answered with an error: %s", oneLine(err.Error()))
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return strings.ToValidUTF8(s, "")
}
