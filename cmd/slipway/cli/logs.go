package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
	"github.com/slipway-paas/slipway/server/logs"
)

type logFlags struct {
	follow            bool
	tail, deployment  int64
	process, instance string
}

// maxTail is as many lines of history as the server gives at once.
const maxTail = 1000

func (c *cli) logs() *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show an app's log, or a deployment's",
		Long: `Shows what the app's instances, the router and Slipway have written: the last
lines, or with -f the coming ones too until Ctrl-C. After a cut it goes on where
it left off; where lines are missing it says so. With --json -f each line is a
JSON document of its own.`,
		Example: "  slipway logs -f\n  slipway logs --process web --tail 500\n  slipway logs --deployment 4",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.tail < 0 || f.tail > maxTail {
				return usage(cmd, fmt.Sprintf("--tail is 0 to %d", maxTail))
			}
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			if f.deployment > 0 {
				return c.deploymentLog(cmd.Context(), s, app, f)
			}
			return c.appLog(cmd.Context(), s, app, f)
		},
	}
	cmd.Flags().BoolVarP(&f.follow, "follow", "f", false, "go on with the lines to come")
	cmd.Flags().Int64VarP(&f.tail, "tail", "n", 100, "how many lines of history")
	cmd.Flags().StringVar(&f.process, "process", "", "only this process's lines, such as web")
	cmd.Flags().StringVar(&f.instance, "instance", "", "only this instance's lines, such as web.1")
	cmd.Flags().Int64Var(&f.deployment, "deployment", 0, "show the log of this deployment to its end")
	return c.appFlag(cmd)
}

// wants says whether a line passes the flags.
func (f logFlags) wants(l logs.Line) bool {
	return logs.Pick{Process: f.process, Instance: f.instance}.Takes(l)
}

// page is client.LogPage with the lines as the formatter takes them.
type page struct {
	Lines []logs.Line `json:"lines"`
	Gap   *logs.Gap   `json:"gap,omitempty"`
	Next  int64       `json:"next"`
}

func (c *cli) appLog(ctx context.Context, s *session, app string, f logFlags) error {
	ask := f.tail
	if f.process != "" || f.instance != "" {
		ask = maxTail // of which those that pass are the last f.tail
	}
	answer, err := s.api.ReadAppLogsWithResponse(ctx, app, &client.ReadAppLogsParams{Tail: &ask})
	if err != nil {
		return err
	}
	var history page
	if err := json.Unmarshal(answer.Body, &history); err != nil {
		return fmt.Errorf("the server's answer: %w", err)
	}
	history.Lines = slices.DeleteFunc(history.Lines, func(l logs.Line) bool { return !f.wants(l) })
	if extra := len(history.Lines) - int(f.tail); extra > 0 {
		history.Lines = history.Lines[extra:]
	}
	if c.json && !f.follow {
		if history.Lines == nil {
			history.Lines = []logs.Line{}
		}
		return c.print(history)
	}
	write := c.runtime(f)
	if err := write(frame{Lines: history.Lines}); err != nil {
		return err
	}
	if !f.follow {
		if len(history.Lines) == 0 {
			c.note("No lines yet.")
		}
		return nil
	}
	return s.follow(ctx, appLogPath(app), history.Next, write, func(err error) {
		c.note("The connection was cut (%v); connecting again.", err)
	})
}

// runtime writes frames of an app's stream.
func (c *cli) runtime(f logFlags) func(frame) error {
	terminal := logs.NewTerminal(c.Out, c.color(c.Out))
	lines := json.NewEncoder(c.Out)
	lines.SetEscapeHTML(false)
	return func(fr frame) error {
		if fr.Gap != nil {
			c.note("… %d lines are left out here (%s).", fr.Gap.To-fr.Gap.From+1, fr.Gap.Reason)
		}
		for _, l := range fr.Lines {
			if !f.wants(l) {
				continue
			}
			err := error(nil)
			if c.json {
				err = lines.Encode(l)
			} else {
				err = terminal.Runtime(l)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// deploymentLog shows a deployment's log to its end, which is now when it has
// ended.
func (c *cli) deploymentLog(ctx context.Context, s *session, app string, f logFlags) error {
	if !c.json {
		_, err := c.watch(ctx, s, app, f.deployment)
		return err
	}
	all := page{Lines: []logs.Line{}}
	err := s.follow(ctx, deploymentLogPath(app, f.deployment), 0, func(fr frame) error {
		all.Lines = append(all.Lines, fr.Lines...)
		if fr.Gap != nil {
			all.Gap = fr.Gap
		}
		return nil
	}, func(error) {})
	if err != nil {
		return err
	}
	if n := len(all.Lines); n > 0 {
		all.Next = all.Lines[n-1].Seq
	}
	return c.print(all)
}
