// Command slipway is the whole of Slipway in one program: the server, the
// router, and the client's verbs.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/slipway-paas/slipway/cmd/slipway/cli"
)

// version is set by the linker; see the Makefile.
var version = "dev"

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := cli.New(version, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Getenv)
	root.AddCommand(newServerCommand(), newRouterCommand(), newOpenAPICommand())
	return cli.Execute(ctx, root)
}
