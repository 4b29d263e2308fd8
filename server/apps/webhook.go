package apps

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// RotateWebhookSecret gives the app a new secret for its forge's webhook. It is
// shown this once; the one before stops working.
func (s *Service) RotateWebhookSecret(ctx context.Context, actor models.Actor, name string) (string, error) {
	if err := actor.Require(models.ScopeWrite); err != nil {
		return "", err
	}
	var raw [32]byte
	_, _ = rand.Read(raw[:])
	secret := hex.EncodeToString(raw[:])
	app, err := s.edit(ctx, actor, name, 0, "webhook.rotate", "", func(_ *store.Store, app *models.App) error {
		app.WebhookSecret = s.box.Seal("webhook/"+app.ID, []byte(secret))
		return nil
	})
	if err != nil {
		return "", err
	}
	s.changed(app, live.TopicApp, live.ActionChanged)
	return secret, nil
}

// WebhookSecret gives the app's webhook secret to check a signature with, nil
// when it has none.
func (s *Service) WebhookSecret(app *models.App) ([]byte, error) {
	if len(app.WebhookSecret) == 0 {
		return nil, nil
	}
	return s.box.Open("webhook/"+app.ID, app.WebhookSecret)
}
