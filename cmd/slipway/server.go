package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/config"
	"github.com/slipway-paas/slipway/deployer/docker"
	"github.com/slipway-paas/slipway/router"
	"github.com/slipway-paas/slipway/server"
	"github.com/slipway-paas/slipway/server/api"
	"github.com/slipway-paas/slipway/web"
)

// newServerCommand is the control plane.
func newServerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Run the control plane on this machine",
		Long: `Runs the control plane: dashboard, API, git, builds and deployments, and a router.

It needs no configuration. Without DATABASE_URL it runs a PostgreSQL of its own
from the system's packages; the SLIPWAY_* variables say the rest.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load()
			if err != nil {
				return err
			}
			frugal()
			return server.New(server.Options{
				Config: cfg, Programs: programs(), UI: web.Dist(), Version: version,
				Logger: newLogger(cfg.LogLevel), Out: cmd.OutOrStdout(),
			}).Run(cmd.Context())
		},
	}
	cmd.AddCommand(newDownCommand())
	return cmd
}

// frugal lets the garbage collector run twice as often as by default: a control
// plane is idle most of the time and shares its machine with the apps. GOGC
// says otherwise where it is set.
func frugal() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}

func newDownCommand() *cobra.Command {
	var purge, volumes bool
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Remove this installation's containers and networks from the engine",
		Long: `Removes the router's and the apps' containers and networks. Stop the server
first. The data folder and the apps' volumes stay, so a server that is started again
brings it all back.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load()
			if err != nil {
				return err
			}
			cluster, err := docker.New(docker.Options{
				Host: cfg.DockerHost, Installation: cfg.Installation, NetworkPool: cfg.NetworkPool, Logger: newLogger("warn"),
			})
			if err != nil {
				return err
			}
			return errors.Join(server.EndRouter(cmd.Context(), cfg.DataDir), server.Down(cmd.Context(), cluster, purge, volumes))
		},
	}
	cmd.Flags().BoolVar(&purge, "purge", false, "remove the images of its apps too; they cannot be rolled back to any more")
	cmd.Flags().BoolVar(&volumes, "volumes", false, "remove the apps' volumes too, and all that is in them")
	return cmd
}

// newRouterCommand is the data plane by itself, for machines that have no
// slipway-router beside this program.
func newRouterCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "router",
		Short: "Run a router that takes its routes from a server",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := router.ConfigFromEnv(os.LookupEnv)
			if err != nil {
				return err
			}
			return router.Run(cmd.Context(), cfg, newLogger(os.Getenv("SLIPWAY_LOG_LEVEL")))
		},
	}
}

// newOpenAPICommand prints the API's description.
func newOpenAPICommand() *cobra.Command {
	return &cobra.Command{
		Use:    "openapi",
		Short:  "Print the API's OpenAPI 3.1 description",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			spec, err := api.Spec()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", spec)
			return err
		},
	}
}

func newLogger(level string) *slog.Logger {
	var at slog.Level
	if err := at.UnmarshalText([]byte(level)); err != nil {
		at = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: at}))
}
