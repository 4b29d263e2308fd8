package models

import "time"

// User is a person with an account.
type User struct {
	ID           string `gorm:"primaryKey"`
	Email        string
	Name         string
	PasswordHash string // argon2id in PHC string format; never leaves the store but to be checked
	Role         Role
	Revision     int64 // goes up with each change
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Session is one signed-in browser.
type Session struct {
	ID         string `gorm:"primaryKey"`
	UserID     string
	SecretHash []byte // SHA-256 of the cookie's secret
	IP         string
	UserAgent  string
	CreatedAt  time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time
}

// Token is an API token. Its secret is shown once and kept only as a hash.
type Token struct {
	ID         string `gorm:"primaryKey"`
	UserID     string
	Name       string
	SecretHash []byte  // SHA-256 of the whole token
	Hint       string  // the first characters, to recognise it by
	Scopes     []Scope `gorm:"serializer:json"`
	CreatedAt  time.Time
	LastUsedAt *time.Time
	ExpiresAt  *time.Time
}

// LinkPurpose is what a one-time link does.
type LinkPurpose string

// The purposes.
const (
	LinkBootstrap  LinkPurpose = "bootstrap"  // makes the first owner
	LinkSignIn     LinkPurpose = "sign_in"    // signs one user in
	LinkInvitation LinkPurpose = "invitation" // makes one more user
)

// Link is a one-time link. Using it deletes it.
type Link struct {
	ID         string `gorm:"primaryKey"`
	Purpose    LinkPurpose
	UserID     *string // whom it signs in, or who invites; nil for bootstrap
	SecretHash []byte
	Role       Role   // that an invitation gives
	Email      string // the only address an invitation is for, "" for any
	CreatedAt  time.Time
	ExpiresAt  time.Time
}
