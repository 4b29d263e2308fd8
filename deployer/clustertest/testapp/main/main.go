// The test app as a program of its own, compiled into an image by tests.
package main

import (
	"context"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/slipway-paas/slipway/deployer/clustertest/testapp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	os.Exit(testapp.Run(ctx, testapp.World{
		Getenv: os.Getenv,
		Stdin:  os.Stdin,
		Stdout: os.Stdout,
		Stderr: os.Stderr,
		Listen: func() (net.Listener, error) { return net.Listen("tcp", ":"+os.Getenv("PORT")) },
		Allocate: func(mib int) {
			memory := make([]byte, mib<<20)
			for i := range memory {
				memory[i] = 1 // a page that is not written to takes no memory
			}
		},
	}))
}
