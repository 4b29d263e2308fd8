package registry

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/distribution/distribution/v3/registry/auth/token"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// tokenLife is how long a token is good for. The registry allows a minute more,
// for clocks that differ.
const tokenLife = 5 * time.Minute

const issuer = "slipway"

// keys makes and checks tokens and passwords. All of it follows from the
// installation's secret key, so servers of one installation accept each other's
// and nothing is stored. It is safe for concurrent use.
type keys struct {
	service   string // the tokens' audience
	id        string
	signer    jose.Signer
	public    ed25519.PublicKey
	passwords []byte
}

// Keys derives keys for a purpose, always the same for the same one.
// *secrets.Box does.
type Keys interface {
	Key(purpose string) []byte
}

func newKeys(box Keys, installation string) (*keys, error) {
	private := ed25519.NewKeyFromSeed(box.Key("registry tokens of " + installation))
	public, _ := private.Public().(ed25519.PublicKey) // of an ed25519 key it is no other
	sum := sha256.Sum256(public)
	k := &keys{
		service: "slipway/" + installation, id: hex.EncodeToString(sum[:8]), public: public,
		passwords: box.Key("registry passwords of " + installation),
	}
	var err error
	k.signer, err = jose.NewSigner(
		jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: private, KeyID: k.id}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("registry: key for tokens: %w", err)
	}
	return k, nil
}

// jwks gives the public key in the form that the registry reads.
func (k *keys) jwks() ([]byte, error) {
	return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: k.public, KeyID: k.id, Algorithm: string(jose.EdDSA), Use: "sig"},
	}})
}

// issue makes a token for what a holder may do of what was asked for.
func (k *keys) issue(h holder, scopes []token.ResourceActions, now time.Time) (string, error) {
	return jwt.Signed(k.signer).Claims(token.ClaimSet{
		Issuer: issuer, Subject: h.name, Audience: token.AudienceList{k.service}, JWTID: rand.Text(),
		IssuedAt: now.Unix(), NotBefore: now.Unix(), Expiration: now.Add(tokenLife).Unix(),
		Access: h.narrow(scopes),
	}).Serialize()
}

// holderOf gives the name of whom a token was made for, "" when it is none of
// ours or is over.
func (k *keys) holderOf(authorization string) string {
	scheme, raw, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	parsed, err := token.NewToken(raw, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return ""
	}
	claims, err := parsed.Verify(token.VerifyOptions{
		TrustedIssuers: []string{issuer}, AcceptedAudiences: []string{k.service}, TrustedKeys: k.trusted(), Roots: noRoots(),
	})
	if err != nil {
		return ""
	}
	return claims.Subject
}

// password gives what pulls from a repository, and from no other.
func (k *keys) password(repository string) string {
	mac := hmac.New(sha256.New, k.passwords)
	_, _ = mac.Write([]byte("pull " + repository)) // never fails
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// holder is who has shown a right password.
type holder struct {
	name string
	may  func(repository, action string) bool
}

// trusted and noRoots say that tokens are signed with our key, and that no
// certificate makes up for it.
func (k *keys) trusted() map[string]crypto.PublicKey {
	return map[string]crypto.PublicKey{k.id: k.public}
}

func noRoots() *x509.CertPool { return x509.NewCertPool() }
