package models

import "time"

// Event is one line of the audit trail: who did what to which thing.
type Event struct {
	ID        string `gorm:"primaryKey"`
	AppID     *string
	AppName   string
	ActorID   string
	Actor     string // e-mail address, or "slipway"
	TokenID   string
	IP        string
	Action    string            // noun.verb: app.create, config.set, deployment.cancel
	Target    string            // what it was done to, without secrets
	Detail    map[string]string `gorm:"serializer:json"`
	CreatedAt time.Time
}
