package store

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// EventFor begins an audit event: who did what to which app (nil when it is
// about none).
func EventFor(actor models.Actor, app *models.App, action, target string) models.Event {
	event := models.Event{
		ActorID: actor.UserID, Actor: actor.Email, TokenID: actor.TokenID, IP: actor.IP,
		Action: action, Target: target,
	}
	if app != nil {
		event.AppID, event.AppName = &app.ID, app.Name
	}
	return event
}

// AddEvent writes an audit event. Call it in the transaction of the change, so
// that neither is there without the other.
func (s *Store) AddEvent(ctx context.Context, event models.Event) error {
	event.ID = models.NewID()
	event.CreatedAt = time.Now().UTC()
	return translate(s.with(ctx).Create(&event).Error)
}

// EventFilter narrows a list of events; what is empty narrows nothing.
type EventFilter struct {
	Actor  string // e-mail of who did it
	Action string // as "deployment.create", or "deployment" for all that is done to one
}

// Events lists audit events, newest first: of one app, or of all that the
// actor may see when app is nil.
func (s *Store) Events(ctx context.Context, actor models.Actor, app *models.App, page Page, only ...EventFilter) ([]models.Event, string, error) {
	query := s.with(ctx).Order("id DESC").Limit(page.limit() + 1)
	for _, filter := range only {
		if filter.Actor != "" {
			query = query.Where("actor = ?", filter.Actor)
		}
		if filter.Action != "" {
			query = query.Where("(action = ? OR starts_with(action, ?))", filter.Action, filter.Action+".")
		}
	}
	switch {
	case app != nil:
		query = query.Where("app_id = ?", app.ID)
	case !actor.SeesAll():
		query = query.Where("actor_id = ? OR app_id IN (SELECT id FROM apps WHERE owner_id = ?)", actor.UserID, actor.UserID)
	}
	if page.Cursor != "" {
		query = query.Where("id < ?", page.Cursor)
	}
	events := []models.Event{}
	if err := query.Find(&events).Error; err != nil {
		return nil, "", translate(err)
	}
	events, next := cut(events, page, func(e models.Event) string { return e.ID })
	return events, next, nil
}

// cut takes the row too many off a page and gives the cursor for the next.
func cut[T any](rows []T, page Page, key func(T) string) ([]T, string) {
	if len(rows) <= page.limit() {
		return rows, ""
	}
	rows = rows[:page.limit()]
	return rows, key(rows[len(rows)-1])
}
