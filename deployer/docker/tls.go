package docker

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// TLS are PEM texts with which an engine is reached over the network: it and
// the client each show a certificate. Key is secret.
type TLS struct {
	CA   string // that the engine's certificate is signed by
	Cert string // to show to the engine
	Key  string // of Cert
}

// config gives what TLS says to package tls, nil when it says nothing.
func (t TLS) config() (*tls.Config, error) {
	if t == (TLS{}) {
		return nil, nil
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(t.CA)) {
		return nil, errors.New("the ca holds no certificate in PEM form")
	}
	own, err := tls.X509KeyPair([]byte(t.Cert), []byte(t.Key))
	if err != nil {
		return nil, fmt.Errorf("cert and key do not fit: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, Certificates: []tls.Certificate{own}}, nil
}
