//go:build !linux

package router

import (
	"context"
	"net"
)

// listenShared listens on an address. Only on Linux can another router listen
// on it at the same time.
func listenShared(ctx context.Context, address string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}
