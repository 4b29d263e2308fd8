package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

const (
	// resyncEvery is a net under the cluster's events: one listing of everything.
	resyncEvery = 5 * time.Minute

	lookers   = 4 // apps that are looked at at once
	lookAgain = 2 * time.Second
)

// KeepReconciled makes the cluster hold what the rows say until ctx ends: it
// listens to the cluster's events and looks at the app that one is about, and at
// all of them, by one listing, when events may have been missed.
func (p *Pipeline) KeepReconciled(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { p.listen(ctx) })
	for range lookers {
		group.Go(func() {
			for {
				appID, ok := p.looks.take(ctx)
				if !ok {
					return
				}
				p.lookAt(ctx, appID)
				p.looks.done(appID)
			}
		})
	}
	resync := time.NewTicker(resyncEvery)
	defer resync.Stop()
	for {
		select {
		case <-ctx.Done():
			group.Wait()
			return
		case <-resync.C:
			p.looks.add(everything)
		}
	}
}

func (p *Pipeline) listen(ctx context.Context) {
	for event, err := range p.Cluster.Watch(ctx) {
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.Logger.Warn("the cluster's events cannot be followed just now", "error", err)
		case event.Type == deployer.EventResync:
			p.looks.add(everything)
		case event.Instance.Workload.App != "":
			p.looks.add(event.Instance.Workload.App)
		}
	}
}

// lookAt looks at one app or at everything. What fails is tried again.
func (p *Pipeline) lookAt(ctx context.Context, appID string) {
	var err error
	if appID == everything {
		_, err = p.Reconcile(ctx)
	} else {
		err = p.reconcileApp(ctx, appID)
	}
	if err != nil && ctx.Err() == nil {
		p.Logger.Debug("what the cluster holds cannot be compared just now", "app", appID, "error", err)
		p.looks.addLater(appID, lookAgain)
	}
}

// Reconcile compares what every app should have with what the cluster holds, and
// has a closer look taken at the apps that differ. It takes one listing of
// the cluster's instances and at most three queries, however many apps there
// are; releases that it has seen before it does not read again. It gives the
// number of apps that differ. Nothing is waited for: KeepReconciled must run for
// them to be put right.
func (p *Pipeline) Reconcile(ctx context.Context) (differ int, err error) {
	census, ok := p.Cluster.(deployer.Census)
	if !ok {
		return 0, p.wakeEach(ctx)
	}
	var seen []deployer.Seen
	var rows []store.Standing
	var volumes map[string][]models.Volume
	group, together := errgroup.WithContext(ctx)
	group.Go(func() (err error) { seen, err = census.Census(together, ""); return err })
	group.Go(func() (err error) {
		if rows, err = p.Store.Standings(together, ""); err == nil {
			volumes, err = p.Store.VolumesOf(together, "")
		}
		if err == nil {
			err = p.learn(together, census, rows, volumes)
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return 0, err
	}
	p.forgetOthers(rows)
	byApp := make(map[string][]deployer.Seen, len(rows))
	for _, one := range seen {
		byApp[one.Workload.App] = append(byApp[one.Workload.App], one)
	}
	for i := range rows {
		app := &rows[i]
		if !app.Busy && p.compare(app, byApp[app.ID]).differs {
			differ++
			p.looks.add(app.ID)
		}
		delete(byApp, app.ID)
	}
	p.strangers(byApp)
	return differ, nil
}

// forgetOthers forgets what was remembered of apps that are gone.
func (p *Pipeline) forgetOthers(rows []store.Standing) {
	there := make(map[string]bool, len(rows))
	for i := range rows {
		there[rows[i].ID] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.blueprints, func(id string, _ blueprint) bool { return !there[id] })
	maps.DeleteFunc(p.health, func(id string, _ *health) bool { return !there[id] })
}

// strangers tells of instances of apps that are not in the database. They stay:
// more likely than that they were forgotten is that this is another database.
func (p *Pipeline) strangers(byApp map[string][]deployer.Seen) {
	p.mu.Lock()
	told := len(byApp) == p.unknown
	p.unknown = len(byApp)
	p.mu.Unlock()
	if told || len(byApp) == 0 {
		return
	}
	p.Logger.Warn("instances with this installation's label are of apps that are not in the database; they are left alone", "apps", len(byApp))
}

// wakeEach wakes every app, for a cluster that takes no census.
func (p *Pipeline) wakeEach(ctx context.Context) error {
	rows, err := p.Store.Standings(ctx, "")
	if err != nil {
		return err
	}
	for _, app := range rows {
		if err := p.wake(ctx, app.ID); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pipeline) wake(ctx context.Context, appID string) error {
	return p.Store.Transact(ctx, func(tx *store.Store) error { return p.Queue.Wake(ctx, tx, appID) })
}

// reconcileApp looks closely at one app, and wakes it if it differs.
func (p *Pipeline) reconcileApp(ctx context.Context, appID string) error {
	if ended := p.turnOf(appID); ended != nil {
		// What happens now is that one's doing; look when it has done.
		go func() {
			select {
			case <-ended:
				p.looks.add(appID)
			case <-ctx.Done():
			}
		}()
		return nil
	}
	if wait := p.restless(appID); wait > 0 {
		p.looks.addLater(appID, wait)
		return nil
	}
	app, found, err := p.examine(ctx, appID)
	switch {
	case err != nil:
		return err
	case app == nil:
		return nil
	case app.Busy:
		p.looks.addLater(appID, lookAgain)
		return nil
	case !found.differs:
		return nil
	}
	p.noteDrift(app, found)
	return p.wake(ctx, appID)
}

// examine compares one app with what the cluster holds now. app is nil when it
// is gone, and busy when somebody is at it.
func (p *Pipeline) examine(ctx context.Context, appID string) (app *store.Standing, found difference, err error) {
	census, ok := p.Cluster.(deployer.Census)
	rows, err := p.Store.Standings(ctx, appID)
	if err != nil || len(rows) == 0 {
		return nil, found, err
	}
	app = &rows[0]
	if !ok {
		return app, difference{differs: true}, nil
	}
	volumes, err := p.Store.VolumesOf(ctx, appID)
	if err == nil {
		err = p.learn(ctx, census, rows, volumes)
	}
	if err != nil {
		return app, found, err
	}
	seen, err := census.Census(ctx, appID)
	if err != nil {
		return app, found, err
	}
	// Again, after the census: what changed meanwhile is no difference.
	if rows, err = p.Store.Standings(ctx, appID); err != nil || len(rows) == 0 {
		return nil, found, err
	}
	if now := &rows[0]; now.LiveRelease != app.LiveRelease || now.WarmRelease != app.WarmRelease || !maps.Equal(now.Scale, app.Scale) {
		now.Busy = true
		return now, found, nil
	}
	return &rows[0], p.compare(app, seen), nil
}

// blueprint is what the live release of an app is made of, which never changes.
type blueprint struct {
	release int
	volumes string
	specs   []processSpec
	broken  bool // its config cannot be read; only somebody with the right key can
}

type processSpec struct{ process, spec string }

// learn reads those live releases that are not known yet.
func (p *Pipeline) learn(ctx context.Context, census deployer.Census, rows []store.Standing, volumes map[string][]models.Volume) error {
	var unknown []string
	mounted := map[string]string{}
	p.mu.Lock()
	for i := range rows {
		app := &rows[i]
		mounted[app.ID] = placesOf(volumes[app.ID])
		if known, ok := p.blueprints[app.ID]; app.LiveRelease > 0 && (!ok || known.release != app.LiveRelease || known.volumes != mounted[app.ID]) {
			unknown = append(unknown, app.ID)
		}
	}
	p.mu.Unlock()
	if len(unknown) == 0 {
		return nil
	}
	releases, err := p.Store.LiveReleasesOf(ctx, unknown)
	if err != nil {
		return err
	}
	places, several := p.Cluster.(interface {
		Learn(app string, release int, cluster string)
	})
	for i := range rows {
		app := &rows[i]
		release, ok := releases[app.ID]
		if !ok {
			continue
		}
		if several { // or each would be asked for by itself
			places.Learn(app.ID, release.Version, release.ClusterID)
		}
		made := blueprint{release: release.Version, volumes: mounted[app.ID]}
		plan, err := p.planWith(&app.App, &release, mounts(volumes[app.ID]))
		if err != nil {
			made.broken = true
		}
		for _, w := range plan.Workloads {
			made.specs = append(made.specs, processSpec{w.ID.Process, census.Spec(w)})
		}
		p.mu.Lock()
		p.blueprints[app.ID] = made
		p.mu.Unlock()
	}
	return nil
}

func placesOf(volumes []models.Volume) string {
	if len(volumes) == 0 {
		return ""
	}
	words := make([]string, len(volumes))
	for i, v := range volumes {
		words[i] = v.Process + ":" + v.Name + ":" + v.Path
	}
	return strings.Join(words, ",")
}

// difference is how the cluster differs from what an app should have there.
type difference struct {
	differs bool
	wrong   []wrong // what is missing or not as it should be; nothing for what is too much
}

// wrong is what is not as it should be with a number of a process's instances.
type wrong struct {
	process   string
	what      string // completes "2 of 3 instances of web …"
	count, of int
}

// compare compares what an app should have with its instances.
func (p *Pipeline) compare(app *store.Standing, seen []deployer.Seen) (found difference) {
	if app.LiveRelease == 0 {
		return difference{differs: len(seen) > 0}
	}
	p.mu.Lock()
	made, known := p.blueprints[app.ID]
	p.mu.Unlock()
	if !known || made.release != app.LiveRelease || made.broken {
		return difference{} // it changed meanwhile, which comes with a wake-up of its own
	}
	right := 0
	for _, process := range made.specs {
		wanted := app.Instances(process.process)
		id := deployer.WorkloadID{App: app.ID, Process: process.process, Release: app.LiveRelease}
		counts := map[string]int{}
		for index := 1; index <= wanted; index++ {
			right++
			if what := wrongWith(seen, id, index, process.spec); what != "" {
				counts[what]++
			}
		}
		for _, what := range slices.Sorted(maps.Keys(counts)) {
			found.wrong = append(found.wrong, wrong{process.process, what, counts[what], wanted})
		}
	}
	there, cold := 0, false
	for _, one := range seen {
		warm := app.WarmRelease != 0 && one.Workload.Release == app.WarmRelease && one.Workload.Process == models.WebProcess
		if !warm {
			there++
		}
		cold = cold || warm && one.Condition != deployer.ConditionFine
	}
	missing := 0
	for _, w := range found.wrong {
		if w.what == wasGone {
			missing += w.count
		}
	}
	found.differs = len(found.wrong) > 0 || there != right-missing || cold
	return found
}

const (
	wasGone    = "gone"
	wasAltered = "made from something else"
)

// wrongWith says what is wrong with one instance, "" when nothing is.
func wrongWith(seen []deployer.Seen, id deployer.WorkloadID, index int, spec string) string {
	for i := range seen {
		one := &seen[i]
		if one.Workload != id || one.Index != index {
			continue
		}
		if !one.MadeFrom(spec) {
			return wasAltered
		}
		return string(one.Condition)
	}
	return wasGone
}

// shape is what converging made of an app last: while the rows say the same, a
// difference is somebody else's doing.
func shape(app *models.App) string {
	return fmt.Sprint(app.LiveRelease, app.Scale) // maps are written in the order of their keys
}
