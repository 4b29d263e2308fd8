package clusters

import (
	"context"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// sight is what a cluster answered at one moment. It is never written to.
type sight struct {
	at        time.Time
	instances []deployer.Instance
	nodes     []deployer.Node
}

// looker asks one cluster for everybody. It has one question under way at a
// time, and whoever asked before that was put gets its answer, so many who look
// cost the cluster no more than one who looks again and again.
type looker struct {
	turn chan struct{} // holds a token while somebody asks

	began time.Time // of the newest question
	last  *sight    // the newest answer that was none of an error
	err   error     // of the newest question
}

// look gives what the cluster has. With an error it gives what it had when it
// last answered, nil for never.
func (l *looker) look(ctx context.Context, ask func(context.Context) (*sight, error)) (*sight, error) {
	wanted := time.Now()
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l.began.After(wanted) {
		return l.last, l.err
	}
	l.began = time.Now()
	// Others wait for the answer: who asked may go.
	asking, stop := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer stop()
	found, err := ask(asking)
	if l.err = err; err == nil {
		l.last = found
	}
	return l.last, err
}

// askCluster asks a cluster for all that is to be seen of it.
func askCluster(ctx context.Context, name string, cluster deployer.Cluster) (*sight, error) {
	found := &sight{at: time.Now().UTC()}
	var err error
	if found.instances, err = cluster.Instances(ctx, ""); err != nil {
		return nil, err
	}
	if able, ok := cluster.(deployer.Machines); ok {
		found.nodes, err = able.Nodes(ctx)
		return found, err
	}
	found.nodes = []deployer.Node{{ID: name, Name: name, Manager: true, State: deployer.NodeReady}}
	return found, nil
}

// lookers are those of all clusters, by their IDs.
type lookers struct {
	mu sync.Mutex
	by map[string]*looker
}

func (l *lookers) of(id string) *looker {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[string]*looker{}
	}
	if l.by[id] == nil {
		l.by[id] = &looker{turn: make(chan struct{}, 1)}
	}
	return l.by[id]
}

// forget lets go of a cluster that is no longer there, or is reached otherwise.
func (l *lookers) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.by, id)
}
