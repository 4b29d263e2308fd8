package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

func (c *cli) ps() *cobra.Command {
	return c.appFlag(family(&cobra.Command{
		Use:   "ps",
		Short: "List an app's instances, or scale its processes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			page, err := ok(s.api.ListInstancesWithResponse(cmd.Context(), app))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(page)
			}
			if len(page.Items) == 0 {
				c.say("%s has no instances.", app)
				return nil
			}
			about, err := ok(s.api.GetAppWithResponse(cmd.Context(), app))
			if err != nil {
				return err
			}
			rows := make([][]string, len(page.Items))
			for i, in := range page.Items {
				rows[i] = []string{fmt.Sprintf("%s.%d", in.Process, in.Index), stateOf(in, about.WarmRelease), fmt.Sprintf("v%d", in.Release), agoOf(in.StartedAt, ""), strconv.FormatInt(in.Restarts, 10), in.Address}
			}
			return c.table([]string{"INSTANCE", "STATE", "RELEASE", "STARTED", "RESTARTS", "ADDRESS"}, rows)
		},
	}, c.scale()))
}

// stateOf says what an instance does. One that is kept warm runs without traffic.
func stateOf(in client.Instance, warm *client.WarmRelease) string {
	switch {
	case in.OomKilled:
		return string(in.State) + " (out of memory)"
	case in.State == client.InstanceStateExited:
		return fmt.Sprintf("%s (%d)", in.State, in.ExitCode)
	case warm != nil && in.Release == warm.Version:
		return string(in.State) + " (warm)"
	}
	return string(in.State)
}
