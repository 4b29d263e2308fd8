package cli

import (
	"net"
	"testing"
)

func TestNamesUnderLocalhostAreThisMachine(t *testing.T) {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, host := range []string{"localhost", "slipway.localhost", "a.b.LOCALHOST."} {
		conn, err := dialTCP(t.Context(), "tcp", net.JoinHostPort(host, port))
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		_ = conn.Close()
	}
	if conn, err := dialTCP(t.Context(), "tcp", "notlocalhost.invalid:"+port); err == nil {
		_ = conn.Close()
		t.Error("a name that merely looks like it was found here")
	}
}
