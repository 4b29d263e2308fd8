package accounts

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// A secret that Slipway gives out is a prefix that says what it is, 32
// characters of randomness (160 bits) and a checksum of 7. The prefix and the
// checksum let a scanner of leaked secrets recognise one without asking, and
// let Slipway refuse a mistyped one without asking the database.
const (
	tokenPrefix   = "slw_"
	sessionPrefix = "sls_"
	linkPrefix    = "sll_"

	randomBytes = 20
	randomChars = 32
	checkChars  = 7
)

var secretEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

func newSecret(prefix string) string {
	var raw [randomBytes]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand aborts the program instead
	body := prefix + secretEncoding.EncodeToString(raw[:])
	return body + checksum(body)
}

func checksum(body string) string {
	var raw [4]byte
	binary.BigEndian.PutUint32(raw[:], crc32.ChecksumIEEE([]byte(body)))
	return secretEncoding.EncodeToString(raw[:])
}

// wellFormed says whether s could be a secret with that prefix.
func wellFormed(prefix, s string) bool {
	if len(s) != len(prefix)+randomChars+checkChars || !strings.HasPrefix(s, prefix) {
		return false
	}
	body, check := s[:len(s)-checkChars], s[len(s)-checkChars:]
	if _, err := secretEncoding.DecodeString(body[len(prefix):]); err != nil {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(checksum(body)), []byte(check)) == 1
}

// hashSecret is what is kept of a secret. A plain hash is enough: 160 random
// bits cannot be guessed.
func hashSecret(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

func sameHash(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
