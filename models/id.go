package models

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID makes an identifier of 26 lower-case characters that sorts by the
// millisecond it was made in (48 bits of time, 80 of randomness, the layout of
// a ULID). It is safe in URLs, file names and container labels.
func NewID() string {
	var raw [16]byte
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(time.Now().UnixMilli()))
	copy(raw[:6], ms[2:])
	_, _ = rand.Read(raw[6:]) // never fails: crypto/rand aborts the program instead
	return idEncoding.EncodeToString(raw[:])
}
