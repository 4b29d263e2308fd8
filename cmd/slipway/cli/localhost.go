package cli

import (
	"context"
	"net"
	"strings"
	"time"
)

// dialTCP connects as net.Dialer does, but finds every name under .localhost on
// this machine (RFC 6761, section 6.3), as browsers, curl and git do: Go asks
// the name server, which need not know such names.
func dialTCP(ctx context.Context, network, address string) (net.Conn, error) {
	if host, port, err := net.SplitHostPort(address); err == nil &&
		strings.HasSuffix(strings.ToLower(strings.TrimSuffix(host, ".")), ".localhost") {
		address = net.JoinHostPort("localhost", port)
	}
	return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, address)
}
