package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
	"github.com/slipway-paas/slipway/models"
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
			rows := make([][]string, len(page.Items))
			for i, in := range page.Items {
				rows[i] = []string{fmt.Sprintf("%s.%d", in.Process, in.Index), stateOf(in), fmt.Sprintf("v%d", in.Release), agoOf(in.StartedAt, ""), strconv.FormatInt(in.Restarts, 10), in.Address}
			}
			return c.table([]string{"INSTANCE", "STATE", "RELEASE", "STARTED", "RESTARTS", "ADDRESS"}, rows)
		},
	}, c.scale()))
}

func stateOf(in client.Instance) string {
	switch {
	case in.OomKilled:
		return string(in.State) + " (out of memory)"
	case in.State == client.Exited:
		return fmt.Sprintf("%s (%d)", in.State, in.ExitCode)
	}
	return string(in.State)
}

func (c *cli) scale() *cobra.Command {
	return &cobra.Command{
		Use:     "scale [PROCESS=N]…",
		Short:   "Show or change how many instances of each process run",
		Example: "  slipway ps scale web=2 worker=1\n  slipway ps scale web=0",
		RunE: func(cmd *cobra.Command, given []string) error {
			wanted, err := parseScale(given)
			if err != nil {
				return usage(cmd, err.Error())
			}
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			if len(wanted) == 0 {
				now, err := ok(s.api.GetScaleWithResponse(cmd.Context(), app))
				if err != nil {
					return err
				}
				return c.showScale(*now)
			}
			change, err := ok(s.api.ScaleAppWithResponse(cmd.Context(), app, &client.ScaleAppParams{}, wanted))
			if err != nil {
				return err
			}
			return c.showScale(change.Scale)
		},
	}
}

func (c *cli) showScale(scale map[string]int64) error {
	if c.json {
		return c.print(map[string]any{"scale": scale})
	}
	rows := [][]string{}
	for _, process := range slices.Sorted(maps.Keys(scale)) {
		rows = append(rows, []string{process, strconv.FormatInt(scale[process], 10)})
	}
	return c.table([]string{"PROCESS", "INSTANCES"}, rows)
}

// parseScale reads words such as web=2.
func parseScale(words []string) (map[string]int64, error) {
	wanted := map[string]int64{}
	for _, word := range words {
		process, number, ok := strings.Cut(word, "=")
		n, err := strconv.ParseInt(number, 10, 32)
		if !ok || err != nil || n < 0 {
			return nil, fmt.Errorf("%q is not PROCESS=N, such as web=2", word)
		}
		if err := models.CheckProcessName(process); err != nil {
			return nil, err
		}
		wanted[process] = n
	}
	return wanted, nil
}
