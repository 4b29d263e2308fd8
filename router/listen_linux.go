package router

import (
	"context"
	"net"
	"syscall"
)

// soReusePort is SO_REUSEPORT, which package syscall does not name on every
// architecture.
const soReusePort = 0xf

// listenShared listens on an address that another router of the same user may
// be listening on too, so that a new one can start before the old one leaves.
func listenShared(ctx context.Context, address string) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) error {
		var err error
		if cerr := conn.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soReusePort, 1)
		}); cerr != nil {
			return cerr
		}
		return err
	}}
	return config.Listen(ctx, "tcp", address)
}
