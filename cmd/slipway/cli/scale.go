package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
	"github.com/slipway-paas/slipway/models"
)

func (c *cli) scale() *cobra.Command {
	var patience time.Duration
	var noWait bool
	cmd := &cobra.Command{
		Use:   "scale [PROCESS=N]…",
		Short: "Show or change how many instances of each process run",
		Long: `Without arguments it shows how many instances of each process are to run. With
arguments it changes that, and waits until so many are healthy.`,
		Example: "  slipway ps scale web=2 worker=1\n  slipway ps scale web=0\n  slipway ps scale web=2 --no-wait",
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
			if !noWait {
				if err := c.awaitScale(cmd.Context(), s, app, wanted, patience); err != nil {
					return err
				}
			}
			return c.showScale(change.Scale)
		},
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not wait until the instances run")
	cmd.Flags().DurationVar(&patience, "timeout", scalePatience, "how long to wait for the instances")
	return cmd
}

// scalePatience is how long instances are waited for where nothing else is said.
const scalePatience = 2 * time.Minute

// awaitScale waits until as many instances of the live release are healthy as
// are wanted. Giving up changes nothing: the server goes on.
func (c *cli) awaitScale(ctx context.Context, s *session, app string, wanted map[string]int64, patience time.Duration) error {
	again := fmt.Sprintf(`The server goes on trying. Look with "slipway ps -a %s" and "slipway logs -a %s".`, app, app)
	waiting, stop := context.WithTimeout(ctx, patience)
	defer stop()
	said := "the server did not say how far it is"
	for {
		lacks, err := s.lacking(waiting, app, wanted)
		var away *failure
		switch {
		case ctx.Err() != nil:
			return fail(exitInterrupted, again, "no longer waiting; %s is scaled all the same", app)
		case waiting.Err() != nil:
			return fail(exitFailed, again, "%s is scaled, but not within %s: %s", app, patience, said)
		case errors.As(err, &away) && away.code == exitUnavailable:
			lacks = away.message // the server, or its engine, may be back in time
		case err != nil:
			return err
		case lacks == "":
			return nil
		}
		if lacks != said {
			c.note("Waiting: %s", lacks)
			said = lacks
		}
		select {
		case <-waiting.Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// lacking says in words what a scale lacks to be true, "" when nothing. An app
// that was never deployed lacks nothing: its first release starts with the scale.
func (s *session) lacking(ctx context.Context, name string, wanted map[string]int64) (string, error) {
	app, err := ok(s.api.GetAppWithResponse(ctx, name))
	if err != nil || app.LiveRelease == nil {
		return "", err
	}
	page, err := ok(s.api.ListInstancesWithResponse(ctx, name))
	if err != nil {
		return "", err
	}
	var lacks []string
	for _, process := range slices.Sorted(maps.Keys(wanted)) {
		if lack := lackOf(process, wanted[process], app.LiveRelease.Version, page.Items); lack != "" {
			lacks = append(lacks, lack)
		}
	}
	return strings.Join(lacks, "; "), nil
}

func lackOf(process string, wanted, release int64, instances []client.Instance) string {
	healthy, others := int64(0), []string{}
	for _, in := range instances {
		switch {
		case in.Process != process || in.Release != release:
		case in.State == client.InstanceStateHealthy:
			healthy++
		default:
			others = append(others, fmt.Sprintf("%s.%d is %s", process, in.Index, stateOf(in, nil)))
		}
	}
	if healthy == wanted && len(others) == 0 {
		return ""
	}
	return strings.Join(append([]string{fmt.Sprintf("%s has %d of %d instances", process, healthy, wanted)}, others...), ", ")
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
