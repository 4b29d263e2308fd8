package swarm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// authority signs certificates.
type authority struct {
	*testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{T: t}
	_, _ = a.sign(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, time.Now().Add(time.Hour))
	return a
}

// sign gives a certificate and its key in PEM form. The first is the authority's
// own.
func (a *authority) sign(what *x509.Certificate, until time.Time) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.Fatal(err)
	}
	what.SerialNumber, what.NotBefore, what.NotAfter = big.NewInt(time.Now().UnixNano()), until.Add(-24*time.Hour), until
	signer, by := a.cert, a.key
	if signer == nil {
		signer, by = what, private
	}
	raw, err := x509.CreateCertificate(rand.Reader, what, signer, &private.PublicKey, by)
	if err != nil {
		a.Fatal(err)
	}
	if a.cert == nil {
		a.key = private
		if a.cert, err = x509.ParseCertificate(raw); err != nil {
			a.Fatal(err)
		}
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		a.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

// TestCredentials: certificates that are good no longer, on either side, are
// told from an engine that is away.
func TestCredentials(t *testing.T) {
	ca := newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	trusted := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw}))
	later, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	server := func() *x509.Certificate { return &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}} }
	client := func() *x509.Certificate {
		return &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	}
	for what, c := range map[string]struct {
		engine, own time.Time
		good        bool
	}{
		"ours has expired":       {later, past, false},
		"the engine's has":       {past, later, false},
		"both are good, for now": {later, later, true},
	} {
		cert, key := ca.sign(server(), c.engine)
		pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
		if err != nil {
			t.Fatal(err)
		}
		engine := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Api-Version", "1.41")
			w.Header().Set("Content-Type", "application/json")
			if !strings.HasSuffix(r.URL.Path, "/_ping") {
				_, _ = io.WriteString(w, "[]")
			}
		}))
		engine.Config.ErrorLog = log.New(io.Discard, "", 0)
		engine.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
		engine.StartTLS()
		defer engine.Close()
		own, secret := ca.sign(client(), c.own)
		cluster, err := New(Options{
			Host: "tcp://" + engine.Listener.Addr().String(), Installation: "refused", TLS: docker.TLS{CA: trusted, Cert: own, Key: secret},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = cluster.Nodes(t.Context())
		if c.good && err != nil || !c.good && (!errors.Is(err, deployer.ErrCredentials) || errors.Is(err, deployer.ErrUnavailable)) {
			t.Errorf("%s: %v", what, err)
		}
		_, err = cluster.Instances(t.Context(), "")
		if c.good != (err == nil) || !c.good && !errors.Is(err, deployer.ErrCredentials) {
			t.Errorf("%s: instances gave %v", what, err)
		}
	}
}

func TestTooOld(t *testing.T) {
	for api, want := range map[string]string{"1.40": "Docker Engine 20.10 or newer is needed", "1.41": ""} {
		engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Api-Version", api)
			w.Header().Set("Content-Type", "application/json")
			if !strings.HasSuffix(r.URL.Path, "/_ping") {
				_, _ = io.WriteString(w, "[]")
			}
		}))
		defer engine.Close()
		c, err := New(Options{Host: "tcp://" + engine.Listener.Addr().String(), Installation: "old"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Nodes(t.Context())
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("API %s: %v", api, err)
		}
	}
}
