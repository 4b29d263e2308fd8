package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

func (a *API) streamLive(c *gin.Context) {
	a.serveFeed(c, func(ctx context.Context, who caller) (feed, error) {
		after, err := queryNumber(c, "after", 0)
		if err != nil {
			return nil, err
		}
		from := live.Cursor{Epoch: c.Query("epoch"), Seq: after}
		if from.Epoch == "" {
			from = a.deps.Hub.Cursor()
		}
		return func(ctx context.Context, s *socket) error { return a.tell(ctx, s, who.Actor, from) }, nil
	})
}

// tell passes on the changes that concern an actor.
func (a *API) tell(ctx context.Context, s *socket, actor models.Actor, from live.Cursor) error {
	sight, err := a.newSight(ctx, actor)
	if err != nil {
		return err
	}
	if err := s.send(LiveFrame{Type: "hello", Epoch: from.Epoch, Seq: from.Seq}); err != nil {
		return err
	}
	for notice, err := range a.deps.Hub.Subscribe(ctx, from) {
		if err != nil {
			return err
		}
		if notice.Reset {
			if err := s.send(LiveFrame{Type: "reset", Epoch: notice.Cursor.Epoch, Seq: notice.Cursor.Seq}); err != nil {
				return err
			}
		}
		for _, e := range notice.Events {
			seen, err := sight.sees(ctx, e)
			if err != nil {
				return err
			}
			if !seen {
				continue
			}
			if err := s.send(LiveFrame{Type: "event", Seq: e.Seq, Topic: e.Topic, App: e.App, ID: e.ID, Action: e.Action}); err != nil {
				return err
			}
		}
	}
	return nil
}

// sight knows which apps an actor sees. It remembers them, since an app that is
// removed can no longer be asked about.
type sight struct {
	store *store.Store
	actor models.Actor
	apps  map[string]bool
}

// maxRemembered bounds the apps a sight remembers.
const maxRemembered = 10_000

func (a *API) newSight(ctx context.Context, actor models.Actor) (*sight, error) {
	s := &sight{store: a.deps.Store, actor: actor, apps: map[string]bool{}}
	if actor.SeesAll() {
		return s, nil
	}
	page := store.Page{Limit: 200}
	for {
		apps, next, err := s.store.Apps(ctx, actor, page)
		if err != nil {
			return nil, err
		}
		for _, app := range apps {
			s.apps[app.ID] = true
		}
		if next == "" || len(s.apps) >= maxRemembered {
			return s, nil
		}
		page.Cursor = next
	}
}

func (s *sight) sees(ctx context.Context, e live.Event) (bool, error) {
	switch {
	case e.UserID != "":
		return e.UserID == s.actor.UserID, nil
	case s.actor.SeesAll():
		return true, nil
	case e.AppID == "":
		return e.Topic == live.TopicCluster, nil
	}
	if seen, known := s.apps[e.AppID]; known {
		return seen, nil
	}
	_, err := s.store.AppByID(ctx, s.actor, e.AppID)
	if err != nil && models.KindOf(err) != models.KindNotFound {
		return false, err
	}
	if len(s.apps) < maxRemembered {
		s.apps[e.AppID] = err == nil
	}
	return err == nil, nil
}
