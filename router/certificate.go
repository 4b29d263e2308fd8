package router

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// certificateScan is how often the folder is looked at. It is a handful of
// stat calls; nothing is read again unless a file changed.
const certificateScan = 2 * time.Second

// certificates serves the pairs <name>.crt and <name>.key of a folder. Which
// one a client gets is decided by the names inside the certificate and the
// name the client asks for. A client that asks for a name which no certificate
// has gets a self-signed one, so that HTTPS always answers and a missing
// certificate looks like what it is.
type certificates struct {
	dir      string
	log      *slog.Logger
	byName   atomic.Pointer[map[string]*tls.Certificate]
	fallback *tls.Certificate

	pairs map[string]pair // by file name without extension; used by scan alone
}

type pair struct {
	certAt, keyAt fileMark
	cert          *tls.Certificate // nil when the files are not a pair
}

type fileMark struct {
	changed time.Time
	size    int64
}

func newCertificates(dir string, log *slog.Logger) (*certificates, error) {
	fallback, err := selfSigned()
	if err != nil {
		return nil, fmt.Errorf("make the fallback certificate: %w", err)
	}
	c := &certificates{dir: dir, log: log, fallback: fallback, pairs: map[string]pair{}}
	c.byName.Store(&map[string]*tls.Certificate{})
	c.scan()
	return c, nil
}

// get is tls.Config.GetCertificate.
func (c *certificates) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	known := *c.byName.Load()
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if cert := known[name]; cert != nil {
		return cert, nil
	}
	if _, parent, ok := strings.Cut(name, "."); ok {
		if cert := known["*."+parent]; cert != nil {
			return cert, nil
		}
	}
	return c.fallback, nil
}

// watch looks for changes until ctx ends.
func (c *certificates) watch(ctx context.Context) {
	tick := time.NewTicker(certificateScan)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.scan()
		}
	}
}

// scan reads what changed. A pair that cannot be used is logged once and, if
// there was a good one under its name before, that one stays.
func (c *certificates) scan() {
	files, err := filepath.Glob(filepath.Join(c.dir, "*.crt"))
	if err != nil {
		c.log.Error("the certificate folder cannot be searched", "dir", c.dir, "err", err)
		return
	}
	found := make(map[string]pair, len(files))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".crt")
		old, had := c.pairs[name]
		now, err := c.read(file, old)
		if err != nil && (!had || now.certAt != old.certAt || now.keyAt != old.keyAt) {
			c.log.Error("a certificate cannot be used", "name", name, "err", err)
		}
		found[name] = now
	}
	if maps.Equal(found, c.pairs) {
		return
	}
	c.pairs = found
	c.publish()
}

func (c *certificates) read(file string, old pair) (pair, error) {
	keyFile := strings.TrimSuffix(file, ".crt") + ".key"
	now := pair{cert: old.cert}
	var err error
	if now.certAt, err = markOf(file); err != nil {
		return now, err
	}
	if now.keyAt, err = markOf(keyFile); err != nil {
		return now, err
	}
	if now == old {
		return old, nil
	}
	cert, err := tls.LoadX509KeyPair(file, keyFile)
	if err != nil {
		return now, err
	}
	now.cert = &cert
	return now, nil
}

// publish makes the pairs visible. Of two certificates for one name the one
// that is valid for longer is served.
func (c *certificates) publish() {
	byName := map[string]*tls.Certificate{}
	for _, p := range c.pairs {
		if p.cert == nil {
			continue
		}
		for _, name := range p.cert.Leaf.DNSNames {
			name = strings.ToLower(name)
			if had := byName[name]; had == nil || had.Leaf.NotAfter.Before(p.cert.Leaf.NotAfter) {
				byName[name] = p.cert
			}
		}
	}
	c.byName.Store(&byName)
	c.log.Info("certificates loaded", "names", len(byName))
}

func markOf(file string) (fileMark, error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return fileMark{}, fmt.Errorf("%s is missing", filepath.Base(file))
	}
	if err != nil {
		return fileMark{}, err
	}
	return fileMark{info.ModTime(), info.Size()}, nil
}

func selfSigned() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "slipway router, no certificate for this name"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
