package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
	"github.com/slipway-paas/slipway/models"
)

// planFlags are the change that is planned.
type planFlags struct {
	settingsFlags
	scale, set, unset []string
	moveTo, rollback  string
	restart           bool
	apply             string
}

func (c *cli) plan() *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan [APP]",
		Short: "Show what a change would do on the cluster, before it is done",
		Long: `Shows the steps that a change would take, in order, and what stands against it. Without
a change it shows what is done with the app as it is: nothing, unless somebody stopped or
altered its instances. One change at a time: a scale, config vars, settings, a move, a
rollback or a restart.

Nothing is done until it is run once more with --apply and the fingerprint that it showed,
and then only if that would still do the same: otherwise the new plan is shown and the exit
code is 1. A plan itself exits with 0, whether or not there is anything to do.`,
		Example: `  slipway plan shop --scale web=3
  slipway plan shop --scale web=3 --apply 5f0c1a7be2d94c3e8a60b1d7
  slipway plan shop --set-config LOG_LEVEL=debug
  slipway plan shop --memory 512 --placement disk=ssd
  slipway plan shop --move-to production
  slipway plan shop --rollback v3`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			change, err := f.change(c, cmd)
			if err != nil {
				return err
			}
			if len(given) == 1 {
				c.app = given[0]
			}
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			if f.apply != "" {
				return c.applyPlan(cmd.Context(), s, app, change, &f)
			}
			plan, err := ok(s.api.PlanAppWithResponse(cmd.Context(), app, change))
			if err != nil {
				return err
			}
			return c.showPlan(plan, true)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.scale, "scale", nil, "PROCESS=N instances, once for each process")
	flags.StringArrayVar(&f.set, "set-config", nil, "NAME=VALUE of a config var to set; a NAME alone is asked for")
	flags.StringArrayVar(&f.unset, "unset-config", nil, "NAME of a config var to remove")
	flags.StringVar(&f.moveTo, "move-to", "", "the cluster to bring the app to")
	flags.StringVar(&f.rollback, "rollback", "", "the release to go back to, such as v3; before for the one before")
	flags.BoolVar(&f.restart, "restart", false, "replace all instances by new ones")
	flags.StringVar(&f.apply, "apply", "", "make the change, if it still does what the plan with this fingerprint said")
	f.flags(cmd)
	flags.BoolVar(&f.detach, "detach", false, "with --apply: return at once instead of following the deployment")
	return c.appFlag(cmd)
}

// change puts the flags that were given together.
func (f *planFlags) change(c *cli, cmd *cobra.Command) (client.PlanChange, error) {
	change := client.PlanChange{MoveTo: optional(f.moveTo)}
	scale, err := parseScale(f.scale)
	if err != nil {
		return change, usage(cmd, err.Error())
	}
	if len(scale) > 0 {
		change.Scale = &scale
	}
	if len(f.set) > 0 {
		set, err := c.assignments(f.set)
		if err != nil {
			return change, err
		}
		change.SetConfig = &set
	}
	if len(f.unset) > 0 {
		change.UnsetConfig = &f.unset
	}
	if f.restart {
		change.Restart = &f.restart
	}
	if f.rollback != "" {
		version, err := strconv.ParseInt(strings.TrimPrefix(f.rollback, "v"), 10, 32)
		if f.rollback == "before" {
			version, err = 0, nil
		}
		if err != nil || version < 0 {
			return change, usage(cmd, fmt.Sprintf("%q is not a release; give one such as v3, or before", f.rollback))
		}
		change.Rollback = &version
	}
	changed, err := f.collect(c, cmd)
	if changed {
		change.Settings = &f.UpdateApp
	}
	return change, err
}

// applyPlan makes a change, or shows what it would do by now.
func (c *cli) applyPlan(ctx context.Context, s *session, app string, change client.PlanChange, f *planFlags) error {
	applied, err := accepted(s.api.ApplyPlanWithResponse(ctx, app, &client.ApplyPlanParams{IdempotencyKey: once()}, client.ApplyPlan{
		Fingerprint: f.apply, Scale: change.Scale, SetConfig: change.SetConfig, UnsetConfig: change.UnsetConfig, Settings: change.Settings,
		MoveTo: change.MoveTo, Rollback: change.Rollback, Restart: change.Restart,
	}))
	var refused *failure
	if errors.As(err, &refused) && refused.kind == models.KindConflict {
		if plan, again := ok(s.api.PlanAppWithResponse(ctx, app, change)); again == nil {
			err = errors.Join(c.showPlan(plan, false), err)
		}
	}
	switch {
	case err != nil:
		return err
	case applied.Deployment != nil:
		return c.finish(ctx, s, applied.Deployment, f.detach)
	case change.Scale != nil && !f.detach:
		if err := c.awaitScale(ctx, s, app, *change.Scale, scalePatience); err != nil {
			return err
		}
	}
	return c.done("applied", "the plan "+f.apply)
}

func (c *cli) showPlan(plan *client.Plan, hint bool) error {
	if c.json {
		return c.print(plan)
	}
	for _, w := range plan.Warnings {
		word := "Warning"
		if w.Blocking {
			word = "Not possible"
		}
		c.say("%s: %s.", word, w.Message)
	}
	if len(plan.Steps) > 0 {
		rows := make([][]string, len(plan.Steps))
		for i, step := range plan.Steps {
			number := strconv.Itoa(i + 1)
			if step.Action == client.PlanStepActionKeep {
				number = ""
			}
			rows[i] = []string{number, strings.ReplaceAll(string(step.Action), "_", " "), onCluster(step), step.Text}
		}
		if err := c.table([]string{"", "STEP", "CLUSTER", "WHAT"}, rows); err != nil {
			return err
		}
	}
	switch {
	case !plan.Possible:
		return nil
	case plan.Changes == 0:
		c.say("Nothing would be changed on the cluster.")
	case plan.Holds:
		c.say("Requests wait in the routers between the hold and the switch.")
	}
	if hint && plan.Fingerprint != "" {
		c.say("To do it, run the same with --apply %s", plan.Fingerprint)
	}
	return nil
}

func onCluster(step client.PlanStep) string {
	switch step.Action {
	case client.PlanStepActionHold, client.PlanStepActionRetire, client.PlanStepActionSwitch, client.PlanStepActionDrain:
		return "" // it is the routers that do it
	}
	return step.Cluster
}
