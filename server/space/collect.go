package space

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/logs"
)

// Wanted says what a collection is to do.
type Wanted struct {
	DryRun bool // only say what would go
	Harder bool // also what goes when there is too little room
}

// Collection is what went, or would.
type Collection struct {
	At       time.Time
	By       string // who asked for it, or "slipway"
	Cause    string // why Slipway did it by itself, in words
	DryRun   bool
	Harder   bool
	Bytes    int64  // what was freed
	Items    []Item // what went
	Failures []string
}

// Collect removes what the policy says, and with Harder what goes when there is
// too little room. It says what went, item by item. There is one collection at a
// time: a second one gives a KindConflict error, but for a dry run. For owners
// with the admin scope.
func (s *Service) Collect(ctx context.Context, actor models.Actor, w Wanted) (*Collection, error) {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return nil, err
	}
	done := &Collection{At: s.now().UTC(), By: actor.Email, DryRun: w.DryRun, Harder: w.Harder}
	if !w.DryRun {
		if !s.collecting.TryLock() {
			return nil, models.Errorf(models.KindConflict, "a collection is under way; try again in a moment")
		}
		defer s.collecting.Unlock()
	}
	f, err := s.survey(ctx)
	if err != nil {
		return nil, err
	}
	fates := []fate{byPolicy}
	if w.Harder {
		fates = append(fates, whenHigh)
	}
	for _, kind := range Kinds() {
		list := f.of(kind, fates...)
		if !w.DryRun {
			s.remove(ctx, done, list)
			continue
		}
		for _, e := range list {
			done.took(e, e.goes)
		}
	}
	if !w.DryRun {
		s.note(ctx, actor, done)
	}
	return done, nil
}

// took notes that an entry went, and what that freed.
func (c *Collection) took(e entry, freed int64) {
	e.Item.Bytes = freed
	c.Items = append(c.Items, e.Item)
	c.Bytes += freed
}

// remove removes entries of one kind. What fails is named and stays.
func (s *Service) remove(ctx context.Context, done *Collection, list []entry) {
	if ctx.Err() != nil || len(list) == 0 {
		return
	}
	if list[0].Kind == KindBuildCache {
		s.discard(ctx, done, list)
		return
	}
	for _, e := range list {
		freed, err := s.removeOne(ctx, e)
		if err != nil {
			s.Logger.Warn("something could not be collected", "kind", e.Kind, "name", e.Name, "error", err)
			done.Failures = append(done.Failures, fmt.Sprintf("%s %s: %s", e.Kind, e.Name, models.SafeMessage(err)))
			continue
		}
		done.took(e, freed)
	}
}

func (s *Service) removeOne(ctx context.Context, e entry) (freed int64, err error) {
	switch e.Kind {
	case KindImages:
		return e.goes, s.removeImage(ctx, e.Name)
	case KindLogs:
		if !e.upto.IsZero() {
			return s.Logs.Expire(e.Name, e.upto)
		}
		// An app's log goes as its other remains do, so that nobody writes to it
		// any more.
		if id, ok := strings.CutPrefix(e.Name, logs.AppStream("")); ok {
			return e.goes, s.Remains.Forget(ctx, id)
		}
		err = s.Logs.Remove(e.Name)
		if models.KindOf(err) == models.KindNotFound {
			err = nil
		}
		return e.goes, err
	case KindSources:
		s.Sources.DropSources([]string{e.Name})
		return e.goes, nil
	case KindRepositories, KindMetrics:
		return e.goes, s.Remains.Forget(ctx, e.AppID)
	}
	return 0, fmt.Errorf("nothing of kind %s is collected", e.Kind)
}

// removeImage takes a name of an image away, or an image that has none.
func (s *Service) removeImage(ctx context.Context, name string) error {
	if strings.HasPrefix(name, "sha256:") {
		engine, ok := s.Cluster.(deployer.Stocked)
		if !ok {
			return errors.New("the engine keeps no images")
		}
		return engineErrorOrNil(engine.RemoveUnnamed(ctx, name))
	}
	engine, ok := s.Cluster.(deployer.Images)
	if !ok {
		return errors.New("the engine keeps no images")
	}
	return engineErrorOrNil(engine.RemoveImages(ctx, []string{name}))
}

func engineErrorOrNil(err error) error {
	if err == nil {
		return nil
	}
	return engineError(err)
}

// discard takes build cache away, all at once: records hang on each other.
func (s *Service) discard(ctx context.Context, done *Collection, list []entry) {
	ids := make([]string, len(list))
	sum := Item{Kind: KindBuildCache, Name: strconv.Itoa(len(list)) + " records", Why: list[0].Why}
	for i, e := range list {
		ids[i] = e.Name
	}
	freed, err := s.Cache.Discard(ctx, ids)
	if err != nil {
		done.Failures = append(done.Failures, "build cache: "+models.SafeMessage(engineError(err)))
	}
	if freed > 0 || err == nil {
		done.took(entry{Item: sum}, freed)
	}
}

// note keeps what a collection did, writes its event if it did anything, and
// tells dashboards.
func (s *Service) note(ctx context.Context, actor models.Actor, done *Collection) {
	if len(done.Items) == 0 && len(done.Failures) == 0 && actor.System {
		return
	}
	s.mu.Lock()
	s.last = done
	s.mu.Unlock()
	event := store.EventFor(actor, nil, "space.collect", Size(done.Bytes))
	event.Detail = done.detail()
	// Whoever asked may have gone away; what is gone is gone.
	writing, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	if err := s.Store.AddEvent(writing, event); err != nil {
		s.Logger.Warn("a collection could not be written to the audit trail", "error", err)
	}
	s.Logger.Info("space collected", "bytes", done.Bytes, "items", len(done.Items), "failures", len(done.Failures), "cause", done.Cause)
	s.Hub.Publish(live.Event{Topic: live.TopicSpace, ID: "space", Action: live.ActionChanged})
}

// detail says by kind what went.
func (c *Collection) detail() map[string]string {
	counts, bytes := map[Kind]int{}, map[Kind]int64{}
	for _, item := range c.Items {
		counts[item.Kind]++
		bytes[item.Kind] += item.Bytes
	}
	detail := map[string]string{}
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		detail[string(kind)] = Size(bytes[kind])
		if kind != KindBuildCache {
			detail[string(kind)] += " in " + strconv.Itoa(counts[kind])
		}
	}
	if c.Cause != "" {
		detail["cause"] = c.Cause
	}
	if n := len(c.Failures); n > 0 {
		detail["failures"] = strconv.Itoa(n)
	}
	return detail
}
