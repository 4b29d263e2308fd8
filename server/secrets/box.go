// Package secrets encrypts what must not be read from the database alone:
// config vars, git credentials, webhook secrets.
package secrets

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slipway-paas/slipway/models"
)

// Box seals and opens secrets with one key: AES-256-GCM with a random nonce in
// front (NIST SP 800-38D). It is safe for concurrent use.
type Box struct {
	aead cipher.AEAD
	raw  []byte
}

// format is the first byte of every ciphertext, so that keys or algorithms can
// change later without guessing.
const format = 1

// New makes a Box from a key of 64 hexadecimal digits.
func New(key string) (*Box, error) {
	raw, err := hex.DecodeString(key)
	if err != nil || len(raw) != 32 {
		return nil, errors.New("the secret key must be 64 hexadecimal digits")
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Box{aead: aead, raw: raw}, nil
}

// Key gives a key of 32 bytes for a purpose. It is always the same for the same
// purpose, and tells nothing of the Box's own key or of other purposes'.
func (b *Box) Key(purpose string) []byte {
	mac := hmac.New(sha256.New, b.raw)
	_, _ = mac.Write([]byte("slipway key for " + purpose)) // never fails
	return mac.Sum(nil)
}

// Open makes a Box from the key in a file, which it creates with a new random
// key, readable by its owner only, when there is none.
func Open(path string) (*Box, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		var raw [32]byte
		_, _ = rand.Read(raw[:])
		key = []byte(hex.EncodeToString(raw[:]))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("secret key: %w", err)
		}
		err = os.WriteFile(path, key, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	return New(string(key))
}

// Seal encrypts a secret. The place names where it is kept ("config/<app>/<key>")
// and must be given again to open it, so that a row copied elsewhere is worthless.
func (b *Box) Seal(place string, secret []byte) []byte {
	nonce := make([]byte, b.aead.NonceSize())
	_, _ = rand.Read(nonce)
	out := append([]byte{format}, nonce...)
	return b.aead.Seal(out, nonce, secret, []byte(place))
}

// Open decrypts what Seal made for the same place. A KindInternal error means
// that the key is not the one it was sealed with, or that it was changed.
func (b *Box) Open(place string, sealed []byte) ([]byte, error) {
	size := b.aead.NonceSize()
	if len(sealed) < 1+size || sealed[0] != format {
		return nil, unreadable(nil)
	}
	secret, err := b.aead.Open(nil, sealed[1:1+size], sealed[1+size:], []byte(place))
	if err != nil {
		return nil, unreadable(err)
	}
	return secret, nil
}

func unreadable(err error) error {
	return &models.Error{
		Kind: models.KindInternal, Err: err,
		Message: "a stored secret cannot be decrypted; is the secret key the one it was stored with?",
	}
}
