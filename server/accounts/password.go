package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/slipway-paas/slipway/models"
)

// The cost of one hash: what OWASP's password storage cheat sheet asks of
// argon2id at the least, since the server is to stay small.
const (
	hashMemoryKiB = 19 << 10
	hashPasses    = 2
	hashThreads   = 1
	hashSalt      = 16
	hashKey       = 32

	hashesAtOnce  = 2  // each takes hashMemoryKiB
	hashesWaiting = 64 // beyond these, callers are told to come back
)

const (
	minPassword = 10   // characters
	maxPassword = 1000 // bytes
)

// common are the passwords of at least minPassword characters that lists of
// leaked ones begin with. Comparing ignores case.
var common = map[string]bool{
	"1234567890": true, "12345678910": true, "123456789a": true, "1234567891": true, "0123456789": true,
	"0987654321": true, "9876543210": true, "1111111111": true, "0000000000": true, "1q2w3e4r5t": true,
	"1q2w3e4r5t6y": true, "qwertyuiop": true, "qwerty12345": true, "qwerty123456": true, "qwertyuiop123": true,
	"q1w2e3r4t5": true, "qazwsxedcrfv": true, "asdfghjkl;": true, "asdfghjkl123": true, "zxcvbnm123": true,
	"password12": true, "password123": true, "password1234": true, "password12345": true, "passw0rd123": true,
	"p@ssw0rd123": true, "p@ssword123": true, "mypassword": true, "mypassword1": true, "thepassword": true,
	"iloveyou12": true, "iloveyou123": true, "iloveyou1234": true, "letmein123": true, "letmein1234": true,
	"welcome123": true, "welcome1234": true, "welcome2024": true, "welcome2025": true, "welcome2026": true,
	"admin12345": true, "admin123456": true, "administrator": true, "administrator1": true, "adminadmin": true,
	"football123": true, "baseball123": true, "princess123": true, "sunshine123": true, "superman123": true,
	"michael123": true, "charlie123": true, "trustno1trustno1": true, "changeme123": true, "changemenow": true,
	"abcdefghij": true, "abcd123456": true, "abc1234567": true, "aa12345678": true, "a123456789": true,
	"secret1234": true, "summer2024": true, "summer2025": true, "winter2024": true, "winter2025": true,
	"slipway123": true, "slipwayslipway": true, "correcthorsebatterystaple": true,
}

// checkPassword says what is wrong with a new password.
func checkPassword(field, password, email string) error {
	lower := strings.ToLower(password)
	local, _, _ := strings.Cut(strings.ToLower(email), "@")
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return models.Invalid(field, "a password needs at least %d characters", minPassword)
	case len(password) > maxPassword:
		return models.Invalid(field, "a password may have at most %d bytes", maxPassword)
	case lower == strings.ToLower(email) || lower == local:
		return models.Invalid(field, "a password must not be your e-mail address")
	case common[lower] || strings.Count(lower, lower[:1]) == len(lower):
		return models.Invalid(field, "this password is one of the first that anybody would try; choose another")
	}
	return nil
}

// hasher makes and checks argon2id hashes, a few at a time, so that a flood of
// sign-ins takes neither all memory nor all cores.
type hasher struct {
	slots   chan struct{}
	waiting chan struct{}
	decoy   string // a hash that no password has, for users who are not there
}

func newHasher() *hasher {
	h := &hasher{slots: make(chan struct{}, hashesAtOnce), waiting: make(chan struct{}, hashesWaiting)}
	h.decoy = hashWith(newSecret(sessionPrefix))
	return h
}

// in runs work in one of the slots.
func (h *hasher) in(ctx context.Context, work func()) error {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return &models.Error{Kind: models.KindUnavailable, Message: "too many people are signing in at once; try again in a moment", RetryAfter: 3 * time.Second}
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return models.Wrap(ctx.Err(), models.KindCancelled, "the request was given up")
	}
	work()
	return nil
}

// Hash gives the PHC string of a new password.
func (h *hasher) Hash(ctx context.Context, password string) (phc string, err error) {
	err = h.in(ctx, func() { phc = hashWith(password) })
	return phc, err
}

// Verify says whether a password is the one of a PHC string. It takes as long
// for "", which stands for a user who is not there.
func (h *hasher) Verify(ctx context.Context, phc, password string) (ok bool, err error) {
	nobody := phc == ""
	if nobody {
		phc = h.decoy
	}
	wanted, err := parsePHC(phc)
	if err != nil {
		return false, err
	}
	if len(password) > maxPassword {
		password = "" // no password is empty or that long
	}
	err = h.in(ctx, func() {
		key := argon2.IDKey([]byte(password), wanted.salt, wanted.passes, wanted.memory, wanted.threads, uint32(len(wanted.key)))
		ok = subtle.ConstantTimeCompare(key, wanted.key) == 1
	})
	return ok && !nobody && err == nil, err
}

func hashWith(password string) string {
	salt := make([]byte, hashSalt)
	_, _ = rand.Read(salt)
	key := argon2.IDKey([]byte(password), salt, hashPasses, hashMemoryKiB, hashThreads, hashKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, hashMemoryKiB, hashPasses, hashThreads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

// phcHash is a parsed PHC string.
type phcHash struct {
	memory, passes uint32
	threads        uint8
	salt, key      []byte
}

// parsePHC reads "$argon2id$v=19$m=…,t=…,p=…$salt$key". It refuses costs that
// would be a way to bring the server down.
func parsePHC(phc string) (phcHash, error) {
	bad := models.Errorf(models.KindInternal, "a stored password hash cannot be read")
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phcHash{}, bad
	}
	var h phcHash
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.passes, &h.threads); err != nil {
		return phcHash{}, bad
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return phcHash{}, bad
	}
	if h.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return phcHash{}, bad
	}
	if h.memory < 8 || h.memory > 1<<20 || h.passes < 1 || h.passes > 20 || h.threads < 1 || len(h.salt) < 8 || len(h.key) < 16 || len(h.key) > 128 {
		return phcHash{}, bad
	}
	return h, nil
}
