// Command slipway-router is the data plane by itself: a small program that
// goes on serving while the control plane is away. It is configured by the
// SLIPWAY_ROUTER_* variables, which router.ConfigFromEnv lists.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/slipway-paas/slipway/router"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// A request leaves nothing behind that has to be collected, so it is
		// memory that this saves: the table may have ten thousand apps.
		debug.SetGCPercent(50)
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	cfg, err := router.ConfigFromEnv(os.LookupEnv)
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
		defer stop()
		err = router.Run(ctx, cfg, log)
	}
	if err != nil {
		log.Error("the router ended", "err", err)
		os.Exit(1)
	}
}
