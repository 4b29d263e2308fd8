package store

import (
	"bytes"
	"context"
	"time"

	"gorm.io/gorm/clause"

	"github.com/slipway-paas/slipway/models"
)

// IdempotencyKey is a request that its sender named, and its answer.
type IdempotencyKey struct {
	ActorID   string `gorm:"primaryKey"`
	Key       string `gorm:"primaryKey"`
	Request   []byte // SHA-256 of what was asked
	Status    int    // of the answer, 0 while the first request runs
	Response  []byte // sealed by the caller
	CreatedAt time.Time
}

// ClaimIdempotencyKey lets the first request with a key through: it gives nil.
// Later ones get the first one's row when it is answered. They get a
// KindConflict error while it still runs, and a KindInvalid one when what they
// ask is something else. A request that has run for longer than abandoned is
// taken for dead, and the next one goes through.
func (s *Store) ClaimIdempotencyKey(ctx context.Context, actorID, key string, request []byte, abandoned time.Duration) (*IdempotencyKey, error) {
	now := time.Now().UTC()
	row := IdempotencyKey{ActorID: actorID, Key: key, Request: request, CreatedAt: now}
	// One statement, so that of two requests at once one goes through.
	claim := s.with(ctx).Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "actor_id"}, {Name: "key"}},
		DoUpdates: clause.AssignmentColumns([]string{"request", "created_at"}),
		Where: clause.Where{Exprs: []clause.Expression{clause.Expr{
			SQL: "idempotency_keys.status = 0 AND idempotency_keys.created_at < ?", Vars: []any{now.Add(-abandoned)},
		}}},
	}).Create(&row)
	if claim.Error != nil {
		return nil, translate(claim.Error)
	}
	if claim.RowsAffected == 1 {
		return nil, nil
	}
	var first IdempotencyKey
	if err := s.with(ctx).Where("actor_id = ? AND key = ?", actorID, key).Take(&first).Error; err != nil {
		// It failed and was taken away between the two statements.
		return nil, &models.Error{Kind: models.KindConflict, Message: "a request with this Idempotency-Key has just ended; send it again", RetryAfter: time.Second, Err: err}
	}
	switch {
	case !bytes.Equal(first.Request, request):
		return nil, models.Invalid("", "this Idempotency-Key was used for another request; use a new key for a new request")
	case first.Status == 0:
		return nil, &models.Error{Kind: models.KindConflict, Message: "a request with this Idempotency-Key is still running; send it again in a moment", RetryAfter: time.Second}
	}
	return &first, nil
}

// AnswerIdempotencyKey keeps the answer to the request that went through.
func (s *Store) AnswerIdempotencyKey(ctx context.Context, actorID, key string, status int, response []byte) error {
	return translate(s.with(ctx).Model(&IdempotencyKey{}).Where("actor_id = ? AND key = ?", actorID, key).
		Updates(map[string]any{"status": status, "response": response}).Error)
}

// DropIdempotencyKey forgets a request that did nothing, so that it can be sent
// again.
func (s *Store) DropIdempotencyKey(ctx context.Context, actorID, key string) error {
	return translate(s.with(ctx).Where("actor_id = ? AND key = ? AND status = 0", actorID, key).Delete(&IdempotencyKey{}).Error)
}
