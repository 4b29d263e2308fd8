package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

func (c *cli) releases() *cobra.Command {
	var limit int64
	cmd := &cobra.Command{
		Use:   "releases",
		Short: "List an app's releases",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			page, err := ok(s.api.ListReleasesWithResponse(cmd.Context(), app, &client.ListReleasesParams{Limit: &limit}))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(page)
			}
			if len(page.Items) == 0 {
				c.say("%s has no release yet.", app)
				return nil
			}
			rows := make([][]string, len(page.Items))
			for i, r := range page.Items {
				live := ""
				switch {
				case r.Live:
					live = "live"
				case r.Warm:
					live = "warm"
				}
				rows[i] = []string{fmt.Sprintf("v%d", r.Version), live, ago(r.CreatedAt), r.CreatedBy, shorten(r.Description, 60)}
			}
			return c.table([]string{"RELEASE", "", "WHEN", "WHO", "WHAT"}, rows)
		},
	}
	cmd.Flags().Int64VarP(&limit, "limit", "n", 20, "how many, newest first; at most 200")
	return c.appFlag(cmd)
}

func (c *cli) rollback() *cobra.Command {
	var detach bool
	cmd := &cobra.Command{
		Use:   "rollback [vN]",
		Short: "Make an earlier release live again, without building",
		Long: `Makes the release before the live one live again, or the one you name, with the config
it had. One that is still warm ("slipway releases" shows which) is back in a moment.`,
		Example: "  slipway rollback\n  slipway rollback v3",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			var body client.Rollback
			if len(given) == 1 {
				version, err := strconv.ParseInt(strings.TrimPrefix(given[0], "v"), 10, 32)
				if err != nil || version < 1 {
					return usage(cmd, fmt.Sprintf("%q is not a release; give one such as v3", given[0]))
				}
				body.Version = &version
			}
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			d, err := accepted(s.api.RollbackAppWithResponse(cmd.Context(), app, &client.RollbackAppParams{IdempotencyKey: once()}, body))
			if err != nil {
				return err
			}
			return c.finish(cmd.Context(), s, d, detach)
		},
	}
	cmd.Flags().BoolVar(&detach, "detach", false, "return at once instead of following the log")
	return c.appFlag(cmd)
}

func (c *cli) restart() *cobra.Command {
	var detach bool
	cmd := &cobra.Command{
		Use:   "restart",
		Short: "Replace all instances by new ones, without losing a request",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			d, err := accepted(s.api.RestartAppWithResponse(cmd.Context(), app, &client.RestartAppParams{IdempotencyKey: once()}))
			if err != nil {
				return err
			}
			return c.finish(cmd.Context(), s, d, detach)
		},
	}
	cmd.Flags().BoolVar(&detach, "detach", false, "return at once instead of following the log")
	return c.appFlag(cmd)
}
