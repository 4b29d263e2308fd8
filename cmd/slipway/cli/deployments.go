package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

func (c *cli) deployments() *cobra.Command {
	var limit int64
	var states []string
	var trigger, by string
	cmd := &cobra.Command{
		Use:     "deployments",
		Short:   "List an app's deployments",
		Example: "  slipway deployments -a hello\n  slipway deployments -a hello --state failed,cancelled --by ada@example.com",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			page, err := ok(s.api.ListDeploymentsWithResponse(cmd.Context(), app, &client.ListDeploymentsParams{
				Limit: &limit, State: stateFilter(states), Trigger: optional(client.ListDeploymentsParamsTrigger(trigger)), By: optional(by),
			}))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(page)
			}
			rows := make([][]string, len(page.Items))
			for i, d := range page.Items {
				release := ""
				if d.Release > 0 {
					release = fmt.Sprintf("v%d", d.Release)
				}
				what := d.CommitMessage
				switch {
				case d.Reason != "":
					what = d.Reason
				case d.Cause != "":
					what = d.Cause
				}
				rows[i] = []string{fmt.Sprintf("#%d", d.Number), string(d.State), string(d.Trigger), release, ago(d.CreatedAt), d.CreatedBy, shorten(what, 60)}
			}
			return c.table([]string{"DEPLOYMENT", "STATE", "BY", "RELEASE", "WHEN", "WHO", "WHAT"}, rows)
		},
	}
	cmd.Flags().Int64VarP(&limit, "limit", "n", 20, "how many, newest first; at most 200")
	cmd.Flags().StringSliceVar(&states, "state", nil, "only those in one of these states, as failed or building,deploying")
	cmd.Flags().StringVar(&trigger, "trigger", "", "only those that this started, as push or webhook")
	cmd.Flags().StringVar(&by, "by", "", "only those that the person with this e-mail asked for")
	return c.appFlag(cmd)
}

func stateFilter(states []string) *[]client.ListDeploymentsParamsState {
	if len(states) == 0 {
		return nil
	}
	only := make([]client.ListDeploymentsParamsState, len(states))
	for i, state := range states {
		only[i] = client.ListDeploymentsParamsState(state)
	}
	return &only
}

func (c *cli) cancel() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cancel [NUMBER]",
		Short: "Cancel a deployment, the newest unless you name one",
		Long:  "Cancels a deployment and waits until its work has stopped.",
		Args:  args(cobra.MaximumNArgs(1)),

		ValidArgsFunction: c.completeApp(deploymentNumbers(false)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			number, err := whichDeployment(cmd, s, app, given, false)
			if err != nil {
				return err
			}
			if _, err := accepted(s.api.CancelDeploymentWithResponse(cmd.Context(), app, number)); err != nil {
				return err
			}
			d, err := s.ended(cmd.Context(), app, number)
			if err != nil {
				return err
			}
			if c.json {
				return c.print(d)
			}
			if d.State != client.DeploymentStateCancelled {
				return fail(exitFailed, "", "deployment #%d had already ended: %s", number, d.State)
			}
			c.say("Deployment #%d of %s is cancelled.", number, app)
			return nil
		},
	}
	return c.appFlag(cmd)
}

func (c *cli) retry() *cobra.Command {
	var detach bool
	cmd := &cobra.Command{
		Use:   "retry [NUMBER]",
		Short: "Deploy again what a deployment deployed, the newest that ended unless you name one",
		Long: `Makes a new deployment of the same source, image or release as one that has ended,
however it ended. The app's config and settings are those of now.`,
		Example: "  slipway retry\n  slipway retry 12",
		Args:    args(cobra.MaximumNArgs(1)),

		ValidArgsFunction: c.completeApp(deploymentNumbers(true)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			number, err := whichDeployment(cmd, s, app, given, true)
			if err != nil {
				return err
			}
			d, err := accepted(s.api.RetryDeploymentWithResponse(cmd.Context(), app, number, &client.RetryDeploymentParams{IdempotencyKey: once()}))
			if err != nil {
				return err
			}
			return c.finish(cmd.Context(), s, d, detach)
		},
	}
	cmd.Flags().BoolVar(&detach, "detach", false, "return at once instead of following the log")
	return c.appFlag(cmd)
}

// whichDeployment gives the number that was typed, or that of the newest
// deployment that has ended, or has not.
func whichDeployment(cmd *cobra.Command, s *session, app string, given []string, ended bool) (int64, error) {
	if len(given) == 1 {
		number, err := strconv.ParseInt(strings.TrimPrefix(given[0], "#"), 10, 32)
		if err != nil || number < 1 {
			return 0, usage(cmd, fmt.Sprintf("%q is not a deployment's number", given[0]))
		}
		return number, nil
	}
	page, err := ok(s.api.ListDeploymentsWithResponse(cmd.Context(), app, &client.ListDeploymentsParams{}))
	if err != nil {
		return 0, err
	}
	for _, d := range page.Items {
		if (d.FinishedAt != nil) == ended {
			return d.Number, nil
		}
	}
	if ended {
		return 0, fail(exitNotFound, "", "no deployment of %s has ended yet", app)
	}
	return 0, fail(exitNotFound, "", "no deployment of %s is under way", app)
}

// deploymentNumbers gives, for completion, those of the app's newest
// deployments that have ended, or have not.
func deploymentNumbers(ended bool) func(context.Context, *session, string) ([]string, error) {
	return func(ctx context.Context, s *session, app string) ([]string, error) {
		page, err := ok(s.api.ListDeploymentsWithResponse(ctx, app, &client.ListDeploymentsParams{}))
		if err != nil {
			return nil, err
		}
		page.Items = slices.DeleteFunc(page.Items, func(d client.Deployment) bool { return (d.FinishedAt != nil) != ended })
		return words(page.Items, func(d client.Deployment) (string, string) {
			return strconv.FormatInt(d.Number, 10), string(d.State) + " " + d.CommitMessage
		}), nil
	}
}

// ended waits until a deployment is over, by its log, which ends with it.
func (s *session) ended(ctx context.Context, app string, number int64) (*client.Deployment, error) {
	ignore := func(frame) error { return nil }
	if err := s.follow(ctx, deploymentLogPath(app, number), 0, ignore, func(error) {}); err != nil {
		return nil, err
	}
	return ok(s.api.GetDeploymentWithResponse(ctx, app, number))
}
