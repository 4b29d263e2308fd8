package accounts

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
)

func TestPasswordRules(t *testing.T) {
	for password, ok := range map[string]bool{
		"short": false, "ninechars": false, "ten chars!": true, "Password123": false, "1234567890": false,
		"Somebody@Example.com": false, "zzzzzzzzzzzz": false, "zehn ä ö ü": true, strings.Repeat("ab", 501): false,
	} {
		err := checkPassword("password", password, "somebody@example.com")
		if (err == nil) != ok {
			t.Errorf("%q: %v", password, err)
		}
		if err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("the message repeats the password: %v", err)
		}
	}
}

func TestHashes(t *testing.T) {
	h := newHasher()
	phc, err := h.Hash(t.Context(), "a password")
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatal(phc, err)
	}
	for password, want := range map[string]bool{"a password": true, "another": false, "": false} {
		if ok, err := h.Verify(t.Context(), phc, password); ok != want || err != nil {
			t.Errorf("%q: %v, %v", password, ok, err)
		}
	}
	if ok, _ := h.Verify(t.Context(), "", "a password"); ok {
		t.Error("nobody has a password")
	}
	for range hashesWaiting {
		h.waiting <- struct{}{}
	}
	if _, err := h.Hash(t.Context(), "x"); models.KindOf(err) != models.KindUnavailable {
		t.Errorf("with all places taken: %v", err)
	}
}

func TestThrottleIsBounded(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	th := newThrottle(1, time.Second)
	th.now = func() time.Time { return now }
	for i := range 3 * maxBuckets {
		if err := th.take(strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(th.buckets) > maxBuckets {
		t.Errorf("it holds %d buckets", len(th.buckets))
	}
	last := strconv.Itoa(3*maxBuckets - 1)
	if err := th.take(last); models.KindOf(err) != models.KindRateLimited {
		t.Errorf("a second attempt at once: %v", err)
	}
	now = now.Add(time.Second)
	if err := th.take(last); err != nil {
		t.Errorf("an attempt a second later: %v", err)
	}
}

func TestSecretsAreRecognisable(t *testing.T) {
	secret := newSecret(tokenPrefix)
	if !wellFormed(tokenPrefix, secret) || wellFormed(sessionPrefix, secret) || len(secret) != 43 {
		t.Errorf("%q", secret)
	}
	for i := range len(secret) {
		typo := []byte(secret)
		typo[i] ^= 1
		if wellFormed(tokenPrefix, string(typo)) {
			t.Errorf("a mistake at %d is not noticed", i)
		}
	}
}

func TestClientIP(t *testing.T) {
	proxies, err := NewProxies([]string{"10.0.0.0/8", "fd00::/8"}, "router-secret")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ remote, forwarded, token, want string }{
		{"203.0.113.5:1234", "1.2.3.4", "", "203.0.113.5"},            // not a proxy: its word counts for nothing
		{"203.0.113.5:1234", "1.2.3.4", "guess", "203.0.113.5"},       // nor is it our router
		{"127.0.0.1:1234", "1.2.3.4", "router-secret", "1.2.3.4"},     // our router
		{"10.0.0.1:80", "1.2.3.4", "", "1.2.3.4"},                     //
		{"10.0.0.1:80", "6.6.6.6, 1.2.3.4, 10.9.9.9", "", "1.2.3.4"},  // the client invented the first
		{"10.0.0.1:80", "6.6.6.6, garbage, 10.9.9.9", "", "10.9.9.9"}, //
		{"10.0.0.1:80", "", "", "10.0.0.1"},                           //
		{"[fd00::1]:80", "[2001:db8::7]:4321", "", "2001:db8::7"},     //
		{"[::ffff:10.0.0.1]:80", "::ffff:1.2.3.4", "", "1.2.3.4"},     //
		{"10.0.0.1:80", "1.2.3.4:5678", "", "1.2.3.4"},                //
		{"@", "1.2.3.4", "", "@"},                                     // a unix socket
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		r.Header.Set("X-Forwarded-For", c.forwarded)
		r.Header.Set(RouterHeader, c.token)
		if got := proxies.ClientIP(r); got != c.want {
			t.Errorf("%+v gives %s", c, got)
		}
	}
	if _, err := NewProxies([]string{"nonsense"}, ""); err == nil {
		t.Error("nonsense is not a CIDR")
	}
}

func TestCredentials(t *testing.T) {
	for header, want := range map[string]Credentials{
		"":                           {Session: "from-cookie"},
		"Bearer slw_x":               {Token: "slw_x"},
		"bearer  slw_x ":             {Token: "slw_x"},
		"Basic YW55Ym9keTpzbHdfeA==": {Token: "slw_x"},
		"Basic !!!":                  {Token: "unreadable"},
		"Digest x":                   {Token: "unreadable"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: CookieName, Value: "from-cookie"})
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		if got := CredentialsOf(r); got != want {
			t.Errorf("%q gives %+v", header, got)
		}
	}
}

func FuzzSecret(f *testing.F) {
	f.Add(newSecret(tokenPrefix))
	f.Add("slw_")
	f.Add("")
	f.Add("slw_\x00\xff" + strings.Repeat("z", 37))
	f.Fuzz(func(t *testing.T, s string) {
		if wellFormed(tokenPrefix, s) && checksum(s[:len(s)-checkChars]) != s[len(s)-checkChars:] {
			t.Errorf("%q passes with a wrong checksum", s)
		}
	})
}

func FuzzCredentials(f *testing.F) {
	f.Add("Bearer slw_x", "slipway_session=sls_x")
	f.Add("Basic Og==", "slipway_session=\"quoted\"; slipway_session=second")
	f.Add("", "=;;;slipway_session")
	f.Fuzz(func(t *testing.T, authorization, cookie string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", authorization)
		r.Header.Set("Cookie", cookie)
		c := CredentialsOf(r)
		if c.Session != "" && c.Token != "" {
			t.Errorf("two identities from %q and %q", authorization, cookie)
		}
	})
}

func FuzzClientIP(f *testing.F) {
	f.Add("10.0.0.1:80", "1.2.3.4, 10.0.0.2")
	f.Add("[::1]:1", "[fe80::1%eth0]:9, ::ffff:10.0.0.1")
	f.Add("", ",,,")
	proxies, err := NewProxies([]string{"10.0.0.0/8"}, "")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", forwarded)
		got := proxies.ClientIP(r)
		peer, err := netip.ParseAddrPort(remote)
		if err != nil {
			return
		}
		if _, err := netip.ParseAddr(got); err != nil {
			t.Errorf("%q, %q gives %q, which is no address", remote, forwarded, got)
		}
		if addr := peer.Addr().Unmap().WithZone(""); !proxies.trusts(addr) && got != addr.String() {
			t.Errorf("%s is not trusted, yet %q gives %s", remote, forwarded, got)
		}
	})
}

func FuzzPHC(f *testing.F) {
	f.Add(hashWith("x"))
	f.Add("$argon2id$v=19$m=4294967295,t=99999,p=255$AAAA$AAAA")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, phc string) {
		h, err := parsePHC(phc)
		if err == nil && (h.memory > 1<<20 || h.passes > 20 || h.threads == 0) {
			t.Errorf("%q is let through", phc)
		}
	})
}
