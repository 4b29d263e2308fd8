package router_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/router"
)

// certify writes a pair for the names into the folder.
func certify(t *testing.T, dir, file string, serial int64, names ...string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{file + ".key": {Type: "PRIVATE KEY", Bytes: keyDER}, file + ".crt": {Type: "CERTIFICATE", Bytes: der}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTLSFromFiles(t *testing.T) {
	data := t.TempDir()
	certs := filepath.Join(data, "certs")
	if err := os.Mkdir(certs, 0o700); err != nil {
		t.Fatal(err)
	}
	certify(t, certs, "one", 1, "a.test")
	certify(t, certs, "wild", 2, "*.wild.test")
	if err := os.WriteFile(filepath.Join(certs, "broken.crt"), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newControl(t)
	_, b := backend(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("X-Forwarded-Proto")+" "+r.Header.Get("X-Forwarded-Port"))
	})
	c.put(live("a", "a.test", b))
	r := start(t, c, func(cfg *router.Config) { cfg.Data, cfg.HTTPS = data, "127.0.0.1:0" })
	c.acked(2)

	serial := func(name string) int64 {
		t.Helper()
		conn, err := tls.Dial("tcp", r.https, &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		cert := conn.ConnectionState().PeerCertificates[0]
		if len(cert.DNSNames) == 0 {
			return 0 // the self-signed one
		}
		return cert.SerialNumber.Int64()
	}
	for name, want := range map[string]int64{"a.test": 1, "A.Test": 1, "x.wild.test": 2, "x.y.wild.test": 0, "wild.test": 0, "other.test": 0, "": 0} {
		if got := serial(name); got != want {
			t.Errorf("%q got certificate %d, want %d", name, got, want)
		}
	}

	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		transport := &http.Transport{
			TLSClientConfig:   &tls.Config{ServerName: "a.test", InsecureSkipVerify: true},
			ForceAttemptHTTP2: proto == "HTTP/2.0",
		}
		req, err := http.NewRequest(http.MethodGet, "https://"+r.https+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "a.test"
		res, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.Proto != proto || string(body) != "https 443" {
			t.Errorf("%s: %s %q", proto, res.Proto, body)
		}
		transport.CloseIdleConnections()
	}

	certify(t, certs, "one", 3, "a.test")
	certify(t, certs, "other", 4, "other.test")
	eventually(t, "the new certificates are served", func() bool { return serial("a.test") == 3 && serial("other.test") == 4 })
	if err := os.WriteFile(filepath.Join(certs, "one.crt"), []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(certs, "other.crt")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the removed certificate is not served", func() bool { return serial("other.test") == 0 })
	if got := serial("a.test"); got != 3 {
		t.Errorf("a broken file took the place of a good certificate: %d", got)
	}
}
