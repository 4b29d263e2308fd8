package clusters

import (
	"context"
	"errors"
	"strings"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// Wanted says what a new cluster should be.
type Wanted struct {
	Name        string
	Kind        models.ClusterKind
	Endpoint    string
	Credentials models.ClusterCredentials
	Options     models.ClusterOptions
}

// Add makes a cluster one that apps can run on. It must answer: what cannot be
// reached is refused, and nothing is left behind.
func (s *Service) Add(ctx context.Context, actor models.Actor, wanted Wanted) (*View, error) {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return nil, err
	}
	row := &models.Cluster{ID: models.NewID(), Name: wanted.Name, Kind: wanted.Kind, Endpoint: strings.TrimSpace(wanted.Endpoint), Options: wanted.Options}
	if err := models.CheckCluster(row, wanted.Credentials); err != nil {
		return nil, err
	}
	if err := models.CheckClusterOptions(row.Kind, row.Options); err != nil {
		return nil, err
	}
	if err := s.try(ctx, row, wanted.Credentials); err != nil {
		return nil, err
	}
	s.seal(row, wanted.Credentials)
	err := s.Store.Transact(ctx, func(tx *store.Store) error {
		if err := tx.AddCluster(ctx, row); err != nil {
			return err
		}
		event := store.EventFor(actor, nil, "cluster.add", row.Name)
		event.Detail = map[string]string{"kind": string(row.Kind)}
		return tx.AddEvent(ctx, event)
	})
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, actor, row.Name, live.ActionCreated)
}

// Renew gives a cluster another endpoint or other credentials, which must work.
func (s *Service) Renew(ctx context.Context, actor models.Actor, name, endpoint string, with models.ClusterCredentials) (*View, error) {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return nil, err
	}
	row, err := s.Store.ClusterByName(ctx, name)
	if err != nil {
		return nil, err
	}
	if row.Local() {
		return nil, models.Errorf(models.KindConflict, "the server's own engine is set by its configuration")
	}
	row.Endpoint = strings.TrimSpace(endpoint)
	if err := models.CheckCluster(row, with); err != nil {
		return nil, err
	}
	if err := s.try(ctx, row, with); err != nil {
		return nil, err
	}
	s.seal(row, with)
	err = s.Store.Transact(ctx, func(tx *store.Store) error {
		if err := tx.SaveCluster(ctx, row); err != nil {
			return err
		}
		return tx.AddEvent(ctx, store.EventFor(actor, nil, "cluster.renew", row.Name))
	})
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, actor, row.Name, live.ActionChanged)
}

// Remove takes a cluster away that no app needs any more.
func (s *Service) Remove(ctx context.Context, actor models.Actor, name string) error {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return err
	}
	row, err := s.Store.ClusterByName(ctx, name)
	if err != nil {
		return err
	}
	if row.Local() {
		return models.Errorf(models.KindConflict, "the server's own engine builds all images and cannot be removed")
	}
	err = s.Store.Transact(ctx, func(tx *store.Store) error {
		used, err := tx.ClusterUse(ctx, row.ID)
		if err != nil {
			return err
		}
		if len(used) > 0 {
			return models.Errorf(models.KindConflict, "%s still needs the cluster %s; move what runs there first: slipway move %s --to CLUSTER", few(used), name, used[0])
		}
		if err := tx.RemoveCluster(ctx, row.ID); err != nil {
			return err
		}
		return tx.AddEvent(ctx, store.EventFor(actor, nil, "cluster.remove", name))
	})
	if err != nil {
		return err
	}
	if err := s.Reload(ctx); err != nil {
		return err
	}
	s.Hub.Publish(live.Event{Topic: live.TopicCluster, ID: name, Action: live.ActionRemoved})
	return nil
}

// few names the first of some apps.
func few(names []string) string {
	if len(names) > 3 {
		return strings.Join(names[:3], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

// DrainNode moves a node's instances elsewhere and gives it no more; with
// drained false it takes instances again.
func (s *Service) DrainNode(ctx context.Context, actor models.Actor, name, node string, drained bool) (*View, error) {
	cluster, err := s.nodesOf(ctx, actor, name)
	if err != nil {
		return nil, err
	}
	doing, stop := context.WithTimeout(ctx, lookTimeout)
	defer stop()
	if err := cluster.Drain(doing, node, drained); err != nil {
		if errors.Is(err, deployer.ErrNoNode) {
			return nil, models.NotFound("node", node)
		}
		return nil, s.away(doing, err)
	}
	action := "node.drain"
	if !drained {
		action = "node.resume"
	}
	event := store.EventFor(actor, nil, action, node)
	event.Detail = map[string]string{"cluster": name}
	if err := s.Store.Transact(ctx, func(tx *store.Store) error { return tx.AddEvent(ctx, event) }); err != nil {
		return nil, err
	}
	return s.changed(ctx, actor, name, live.ActionChanged)
}

// Join gives the command to run on a machine that is to become a node, and what
// else is to be known. It holds a secret.
func (s *Service) Join(ctx context.Context, actor models.Actor, name string) (command []string, hint string, err error) {
	cluster, err := s.nodesOf(ctx, actor, name)
	if err != nil {
		return nil, "", err
	}
	asking, stop := context.WithTimeout(ctx, lookTimeout)
	defer stop()
	if command, hint, err = cluster.JoinCommand(asking); err != nil {
		return nil, "", s.away(asking, err)
	}
	event := store.EventFor(actor, nil, "cluster.join_command", name)
	return command, hint, s.Store.Transact(ctx, func(tx *store.Store) error { return tx.AddEvent(ctx, event) })
}

func (s *Service) nodesOf(ctx context.Context, actor models.Actor, name string) (deployer.Nodes, error) {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return nil, err
	}
	row, err := s.Store.ClusterByName(ctx, name)
	if err != nil {
		return nil, err
	}
	cluster, err := s.driver(row.ID)
	if err != nil {
		return nil, err
	}
	able, ok := cluster.(deployer.Nodes)
	if !ok {
		return nil, models.Errorf(models.KindConflict, "the cluster %s is one machine: it has no nodes to add or drain", name)
	}
	return able, nil
}

// try opens a cluster's driver and asks it something.
func (s *Service) try(ctx context.Context, row *models.Cluster, with models.ClusterCredentials) error {
	cluster, err := s.openDriver(row, with)
	if err != nil {
		var told *models.Error
		if errors.As(err, &told) {
			return err
		}
		return models.Invalid("credentials", "the cluster cannot be used: %s", oneLine(err.Error()))
	}
	if closer, ok := cluster.(interface{ Close() error }); ok {
		defer func() { _ = closer.Close() }() // it was opened to see that it can be
	}
	asking, stop := context.WithTimeout(ctx, 2*lookTimeout)
	defer stop()
	_, err = cluster.Instances(asking, "")
	if able, ok := cluster.(deployer.Nodes); ok && err == nil {
		_, err = able.Nodes(asking)
	}
	if err != nil {
		return s.away(asking, err)
	}
	return nil
}

func (s *Service) changed(ctx context.Context, actor models.Actor, name string, action string) (*View, error) {
	if err := s.Reload(ctx); err != nil {
		return nil, err
	}
	s.Hub.Publish(live.Event{Topic: live.TopicCluster, ID: name, Action: action})
	return s.Get(ctx, actor, name)
}

// SetOptions says what apps get on a cluster from now on: what is there already
// stays as it is until something of its app is started next.
func (s *Service) SetOptions(ctx context.Context, actor models.Actor, name string, options models.ClusterOptions) (*View, error) {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return nil, err
	}
	row, err := s.Store.ClusterByName(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := models.CheckClusterOptions(row.Kind, options); err != nil {
		return nil, err
	}
	row.Options = options
	err = s.Store.Transact(ctx, func(tx *store.Store) error {
		if err := tx.SaveCluster(ctx, row); err != nil {
			return err
		}
		return tx.AddEvent(ctx, store.EventFor(actor, nil, "cluster.options", row.Name))
	})
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, actor, row.Name, live.ActionChanged)
}
