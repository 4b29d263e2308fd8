// Command slipway-static serves a static site. It is what an image of the
// static builder runs; PORT says where it listens.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/slipway-paas/slipway/builder/static/fileserver"
)

// siteDir is where the static builder puts the site.
const siteDir = "/srv"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv("PORT")); err != nil {
		fmt.Fprintln(os.Stderr, "slipway-static:", err)
		os.Exit(1)
	}
}

// run serves the folder that the arguments name, by default the image's own.
func run(ctx context.Context, args []string, port string) error {
	dir := siteDir
	switch len(args) {
	case 0:
	case 1:
		dir = args[0]
	default:
		return fmt.Errorf("usage: slipway-static [folder]")
	}
	if port == "" {
		port = "8080"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("", port))
	if err != nil {
		return err
	}
	fmt.Println("serving on port", port)
	return fileserver.Serve(ctx, dir, listener)
}
