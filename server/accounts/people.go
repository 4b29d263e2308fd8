package accounts

import (
	"context"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// SetRole makes somebody an owner or a member. Revision is the one that the
// user must have, 0 for any. Whoever ceases to be an owner takes the
// invitations along that they made. The last owner stays one, and nobody
// changes their own role: both are KindConflict errors.
func (s *Service) SetRole(ctx context.Context, actor models.Actor, id string, revision int64, role models.Role) (*models.User, error) {
	if err := checkRole(role); err != nil {
		return nil, err
	}
	var user *models.User
	changed := false
	err := s.change(ctx, actor, id, revision, func(tx *store.Store, before *models.User) error {
		user = before
		if before.Role == role {
			return nil
		}
		if id == actor.UserID {
			return models.Errorf(models.KindConflict, "you cannot change your own role; another owner can")
		}
		if before.Role == models.RoleOwner {
			if _, err := remaining(ctx, tx, id); err != nil {
				return err
			}
			if err := tx.DeleteLinks(ctx, models.LinkInvitation, id); err != nil {
				return err
			}
		}
		if err := tx.SetUserRole(ctx, id, role); err != nil {
			return err
		}
		event := store.EventFor(actor, nil, "user.role", before.Email)
		event.Detail = map[string]string{"from": string(before.Role), "to": string(role)}
		if err := tx.AddEvent(ctx, event); err != nil {
			return err
		}
		var err error
		user, err = tx.UserByID(ctx, id)
		changed = true
		return err
	})
	if err != nil {
		return nil, err
	}
	if changed {
		s.tell(live.TopicUser, "", id, live.ActionChanged)
		s.tell(live.TopicUser, id, id, live.ActionChanged)
		s.tell(live.TopicInvitation, "", "", live.ActionChanged)
	}
	return user, nil
}

// RemoveUser takes somebody's account away, with their sessions, API tokens,
// sign-in links and the invitations they made. Their apps become the actor's
// and go on running; what they did keeps their name. The last owner stays, and
// nobody removes themselves: both are KindConflict errors.
func (s *Service) RemoveUser(ctx context.Context, actor models.Actor, id string, revision int64) error {
	var apps []models.App
	err := s.change(ctx, actor, id, revision, func(tx *store.Store, user *models.User) error {
		if id == actor.UserID {
			return models.Errorf(models.KindConflict, "you cannot remove yourself; another owner can")
		}
		heir, err := remaining(ctx, tx, id)
		if err != nil {
			return err
		}
		if !actor.System {
			if heir, err = tx.UserByID(ctx, actor.UserID); err != nil {
				return err
			}
		}
		if apps, err = handOver(ctx, tx, actor, user, heir); err != nil {
			return err
		}
		if err := tx.DeleteUser(ctx, id); err != nil {
			return err
		}
		event := store.EventFor(actor, nil, "user.remove", user.Email)
		event.Detail = map[string]string{"role": string(user.Role)}
		return tx.AddEvent(ctx, event)
	})
	if err != nil {
		return err
	}
	for _, app := range apps {
		s.hub.Publish(live.Event{Topic: live.TopicApp, App: app.Name, AppID: app.ID, ID: app.ID, Action: live.ActionChanged})
	}
	s.tell(live.TopicUser, "", id, live.ActionRemoved)
	s.tell(live.TopicUser, id, id, live.ActionRemoved)
	s.tell(live.TopicInvitation, "", "", live.ActionChanged)
	return nil
}

// change does something to a user in one transaction, in which no other change
// of who may come in happens.
func (s *Service) change(ctx context.Context, actor models.Actor, id string, revision int64, do func(*store.Store, *models.User) error) error {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return err
	}
	return s.store.Transact(ctx, func(tx *store.Store) error {
		if err := administer(ctx, tx, actor); err != nil {
			return err
		}
		user, err := tx.LockUser(ctx, id)
		if err != nil {
			return err
		}
		if revision != 0 && revision != user.Revision {
			return models.Errorf(models.KindPrecondition, "%s was changed since you read it; look again", user.Email)
		}
		return do(tx, user)
	})
}

// remaining gives an owner who stays when a user ceases to be one.
func remaining(ctx context.Context, tx *store.Store, id string) (*models.User, error) {
	owner, err := tx.OtherOwner(ctx, id)
	if models.KindOf(err) == models.KindNotFound {
		return nil, models.Errorf(models.KindConflict, "this is the only owner; make somebody else an owner first")
	}
	return owner, err
}

// handOver makes a user's apps another's, since apps outlive accounts.
func handOver(ctx context.Context, tx *store.Store, actor models.Actor, from, to *models.User) ([]models.App, error) {
	apps, err := tx.GiveApps(ctx, from.ID, to.ID)
	if err != nil {
		return nil, err
	}
	for i := range apps {
		event := store.EventFor(actor, &apps[i], "app.transfer", to.Email)
		event.Detail = map[string]string{"from": from.Email}
		if err := tx.AddEvent(ctx, event); err != nil {
			return nil, err
		}
	}
	return apps, nil
}
