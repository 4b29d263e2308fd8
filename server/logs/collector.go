package logs

import (
	"context"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// Cluster is what a Collector needs of a deployer.Cluster.
type Cluster interface {
	Instances(ctx context.Context, app string) ([]deployer.Instance, error)
	Watch(ctx context.Context) iter.Seq2[deployer.Event, error]
	Logs(ctx context.Context, q deployer.LogQuery) iter.Seq2[deployer.LogLine, error]
}

const (
	// saveEvery bounds how much of a stream is read again after a crash, to
	// find where collecting stopped.
	saveEvery = 2 * time.Second

	// listEvery is for news that was lost without anybody noticing.
	listEvery = time.Minute
)

// Collector writes what instances say, and what becomes of them, to the
// streams of their apps. It follows each instance from its start, or from
// where an earlier Collector over the same store was stopped or killed, to its
// removal: no line is lost or written twice as long as the engine keeps it.
type Collector struct {
	store   *Store
	cluster Cluster
	logger  *slog.Logger
	tailing sync.WaitGroup

	mu      sync.Mutex
	apps    map[string]*appCursors
	caught  map[string]bool // apps whose cursors are up to date with their streams
	gone    map[string]bool // apps forgotten; their IDs never come back
	unsaved bool            // an app was forgotten
	tailers map[string]*activeTailer
}

// activeTailer is a tailer at work.
type activeTailer struct {
	*tailer
	stop context.CancelFunc
	done chan struct{}
}

// NewCollector makes a Collector. One store has one at a time.
func NewCollector(store *Store, cluster Cluster, logger *slog.Logger) *Collector {
	return &Collector{store: store, cluster: cluster, logger: logger, caught: map[string]bool{}, gone: map[string]bool{}, tailers: map[string]*activeTailer{}}
}

// Run collects until ctx ends. It returns when nothing is written any more, so
// that the store can be closed. Call it once.
func (c *Collector) Run(ctx context.Context) {
	apps, err := loadCursors(c.store)
	if err != nil {
		c.logger.Warn("how far logs were collected cannot be read, looking into the logs themselves", "error", err)
	}
	c.mu.Lock()
	c.apps = apps
	c.mu.Unlock()

	list := make(chan struct{}, 1)
	var helpers sync.WaitGroup
	helpers.Go(func() { c.listing(ctx, list) })
	helpers.Go(func() { c.saving(ctx) })
	c.watch(ctx, list)
	helpers.Wait()
	c.tailing.Wait()
	c.save()
}

// watch hands news to the tailers until ctx ends.
func (c *Collector) watch(ctx context.Context, list chan<- struct{}) {
	var again deployer.Backoff
	for ctx.Err() == nil {
		for event, err := range c.cluster.Watch(ctx) {
			if err != nil {
				break
			}
			again = deployer.Backoff{}
			if event.Type == deployer.EventResync || event.Type == deployer.EventRemoved && c.missed(event.Instance) {
				select {
				case list <- struct{}{}:
				default: // it is going to list anyway
				}
				continue
			}
			c.handle(ctx, event)
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * again.Next()):
		}
	}
}

func (c *Collector) handle(ctx context.Context, event deployer.Event) {
	if event.Type == deployer.EventRemoved && !c.tailed(event.Instance) {
		return // all is said
	}
	if err := c.tell(ctx, event); err != nil && ctx.Err() == nil {
		c.logger.Error("an instance's log cannot be collected", "app", event.Instance.Workload.App, "instance", event.Instance.Name, "error", err)
	}
}

// listing looks at all instances whenever it is asked to, and now and then.
func (c *Collector) listing(ctx context.Context, asked <-chan struct{}) {
	tick := time.NewTicker(listEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-asked:
		case <-tick.C:
			if c.misses(ctx) == 0 {
				continue
			}
		}
		var again deployer.Backoff
		for ctx.Err() == nil {
			instances, err := c.cluster.Instances(ctx, "")
			if err == nil {
				c.see(ctx, instances)
				break
			}
			c.logger.Debug("instances cannot be listed", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(10 * again.Next()):
			}
		}
	}
}

// misses gives about how many instances there is news of that did not come, by a
// listing that probes none; -1 when it cannot be told.
func (c *Collector) misses(ctx context.Context) int {
	counted, ok := c.cluster.(deployer.Census)
	if !ok {
		return -1
	}
	list, err := counted.Census(ctx, "")
	if err != nil {
		return -1
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	missed := max(0, len(c.tailers)-len(list))
	for _, in := range list {
		if c.tailers[in.ID] == nil || in.Condition == deployer.ConditionStopped {
			missed++
		}
	}
	return missed
}

// see treats a list as the news it holds: what started, what ended, and what
// is no longer there.
func (c *Collector) see(ctx context.Context, instances []deployer.Instance) {
	for _, in := range instances {
		if in.StartedAt.Year() > 1 {
			c.handle(ctx, deployer.Event{Type: deployer.EventStarted, Instance: in, At: in.StartedAt})
		}
		if in.State == deployer.StateExited {
			c.handle(ctx, deployer.Event{Type: deployer.EventDied, Instance: in, At: time.Now().UTC()})
		}
	}
	c.close(ctx, instances)
}

// missed says whether an instance that was removed has lines, and no tailer to
// say that it is gone.
func (c *Collector) missed(in deployer.Instance) bool {
	c.mu.Lock()
	a := c.apps[in.Workload.App]
	c.mu.Unlock()
	return a != nil && !c.tailed(in) && slices.Contains(a.names(), in.Name)
}

func (c *Collector) tailed(in deployer.Instance) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tailers[in.ID] != nil
}

// close says of instances that have lines, and went while nobody looked, that
// they are gone.
func (c *Collector) close(ctx context.Context, instances []deployer.Instance) {
	type key struct{ app, instance string }
	known := map[key]*appCursors{}
	c.mu.Lock()
	apps := slices.Collect(maps.Keys(c.apps))
	c.mu.Unlock()
	for _, app := range apps {
		a, err := c.cursors(ctx, app)
		if err != nil && ctx.Err() == nil {
			c.logger.Error("an app's log cannot be read", "app", app, "error", err)
		}
		if a == nil {
			continue
		}
		for _, name := range a.names() {
			known[key{app, name}] = a
		}
	}
	for _, in := range instances {
		delete(known, key{in.Workload.App, in.Name})
	}
	c.mu.Lock() // only now: one that began since the list was made has a tailer
	for _, t := range c.tailers {
		delete(known, key{t.instance.Workload.App, t.instance.Name})
	}
	c.mu.Unlock()
	for k, a := range known {
		if !slices.Contains(a.names(), k.instance) {
			continue // its tailer has said so meanwhile
		}
		_, short, _ := strings.Cut(k.instance, ".") // without the app's name
		note := Line{Time: time.Now().UTC(), Source: SourceSlipway, Instance: k.instance, Text: short + textRemoved}
		gone := deployer.Instance{Name: k.instance, Workload: deployer.WorkloadID{App: k.app}}
		if err := a.append(c.store, gone, []Line{note}, deployer.LogPlace{}); err != nil {
			c.logger.Warn("log lines are lost", "app", k.app, "instance", k.instance, "error", err)
		}
	}
}

// tell gives news to the instance's tailer, starting it if need be.
func (c *Collector) tell(ctx context.Context, event deployer.Event) error {
	t, err := c.tailer(ctx, event.Instance)
	if t == nil {
		return err
	}
	select {
	case t.notes <- event:
	case <-t.done: // it was removed meanwhile
	case <-ctx.Done():
	}
	return nil
}

// tailer gives the running tailer of an instance, nil when its app is gone.
func (c *Collector) tailer(ctx context.Context, in deployer.Instance) (*activeTailer, error) {
	cursors, err := c.cursors(ctx, in.Workload.App)
	if cursors == nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.tailers[in.ID]; t != nil {
		return t, nil
	}
	if c.gone[in.Workload.App] || ctx.Err() != nil {
		return nil, nil
	}
	ctx, stop := context.WithCancel(ctx)
	t := &activeTailer{
		tailer: &tailer{
			instance: in, store: c.store, cluster: c.cluster, cursors: cursors, logger: c.logger,
			notes: make(chan deployer.Event, 2),
		},
		stop: stop, done: make(chan struct{}),
	}
	c.tailers[in.ID] = t
	c.tailing.Go(func() {
		defer stop()
		t.run(ctx)
		c.mu.Lock()
		delete(c.tailers, in.ID)
		c.mu.Unlock()
		close(t.done)
	})
	return t, nil
}

// cursors gives an app's cursors, brought up to date with its stream once; nil
// when the app is gone.
func (c *Collector) cursors(ctx context.Context, app string) (*appCursors, error) {
	c.mu.Lock()
	if c.gone[app] {
		c.mu.Unlock()
		return nil, nil
	}
	a := c.apps[app]
	if a == nil {
		a = &appCursors{}
		c.apps[app] = a
	}
	caught := c.caught[app]
	c.mu.Unlock()
	if caught {
		return a, nil
	}
	if err := a.catchUp(ctx, c.store, app); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.caught[app] = true
	return a, nil
}

// Forget stops collecting for an app for good and deletes its stream. It is
// for an app that is destroyed.
func (c *Collector) Forget(app string) error {
	c.mu.Lock()
	c.gone[app], c.unsaved = true, true
	if a := c.apps[app]; a != nil {
		a.mu.Lock()
		a.gone = true
		a.mu.Unlock()
		delete(c.apps, app)
		delete(c.caught, app)
	}
	var stopped []*activeTailer
	for _, t := range c.tailers {
		if t.instance.Workload.App == app {
			t.stop()
			stopped = append(stopped, t)
		}
	}
	c.mu.Unlock()
	for _, t := range stopped {
		<-t.done
	}
	return c.store.Remove(AppStream(app))
}

func (c *Collector) saving(ctx context.Context) {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.save()
		}
	}
}

// save writes down how far everything is, if that has changed.
func (c *Collector) save() {
	c.mu.Lock()
	changed := c.unsaved
	c.unsaved = false
	apps := make(map[string]*appCursors, len(c.apps))
	for app, a := range c.apps {
		apps[app] = a
	}
	c.mu.Unlock()
	for _, a := range apps {
		a.mu.Lock()
		changed = changed || a.unsaved
		a.mu.Unlock()
	}
	if !changed {
		return
	}
	if err := saveCursors(c.store.cursorsPath(), apps); err != nil {
		c.logger.Warn("how far logs were collected cannot be saved", "error", err)
	}
}
