package models

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID makes an identifier of 26 lower-case characters that sorts by the time
// it was made: 48 bits of milliseconds, 16 of the fraction of that millisecond,
// 64 of randomness. It is safe in URLs, file names and container labels.
func NewID() string {
	var raw [16]byte
	now := time.Now()
	binary.BigEndian.PutUint64(raw[:8], uint64(now.UnixMilli())<<16|uint64(now.Nanosecond()%1e6)<<16/1e6)
	_, _ = rand.Read(raw[8:]) // never fails: crypto/rand aborts the program instead
	return idEncoding.EncodeToString(raw[:])
}

// IsID says whether something looks like what NewID gives.
func IsID(s string) bool {
	if len(s) != 26 {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
