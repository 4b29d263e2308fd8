package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
	"github.com/slipway-paas/slipway/models"
)

// masked stands for a value that is there and not shown.
const masked = "••••••••"

func (c *cli) config() *cobra.Command {
	list := c.configList()
	cmd := &cobra.Command{
		Use:   "config",
		Short: "List and change config vars",
		Long:  "Config vars are an app's environment variables. They are encrypted at rest; a change makes a new release.",
		RunE:  list.RunE,
	}
	cmd.Flags().AddFlagSet(list.Flags())
	return c.appFlag(family(cmd, list, c.configGet(), c.configSet(), c.configUnset()))
}

func (c *cli) configList() *cobra.Command {
	var reveal bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List config vars",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			config, err := ok(s.api.GetConfigWithResponse(cmd.Context(), app))
			if err != nil {
				return err
			}
			if reveal && !config.CanRead {
				return fail(exitForbidden, `It needs a token with the scope "secrets".`, "you may not read the config of %s", app)
			}
			if !reveal {
				for i := range config.Items {
					config.Items[i].Value = nil
				}
			}
			if c.json {
				return c.print(config)
			}
			if len(config.Items) == 0 {
				c.say("%s has no config vars.", app)
				return nil
			}
			rows := make([][]string, len(config.Items))
			for i, item := range config.Items {
				value := masked
				if item.Value != nil {
					value = *item.Value
				}
				rows[i] = []string{item.Key, value}
			}
			return c.table([]string{"NAME", "VALUE"}, rows)
		},
	}
	cmd.Flags().BoolVar(&reveal, "reveal", false, "show the values")
	return cmd
}

func (c *cli) configGet() *cobra.Command {
	return &cobra.Command{
		Use:   "get NAME",
		Short: "Print one config var's value",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			config, err := ok(s.api.GetConfigWithResponse(cmd.Context(), app))
			if err != nil {
				return err
			}
			i := slices.IndexFunc(config.Items, func(item client.ConfigItem) bool { return item.Key == given[0] })
			switch {
			case i < 0:
				return fail(exitNotFound, "", "%s has no config var %s", app, given[0])
			case config.Items[i].Value == nil:
				return fail(exitForbidden, `It needs a token with the scope "secrets".`, "you may not read the config of %s", app)
			case c.json:
				return c.print(config.Items[i])
			}
			_, err = fmt.Fprintln(c.Out, *config.Items[i].Value)
			return err
		},
	}
}

func (c *cli) configSet() *cobra.Command {
	var detach bool
	cmd := &cobra.Command{
		Use:   "set NAME=VALUE… | NAME",
		Short: "Set config vars and deploy them",
		Long: `Sets config vars. When the app is live they are deployed at once, and the command
waits for it. A NAME alone is asked for without showing it, or read from standard
input, so that its value is in no shell's history.`,
		Example: "  slipway config set LOG_LEVEL=debug\n  slipway config set DATABASE_URL < url.txt",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			set, err := c.assignments(given)
			if err != nil {
				return err
			}
			return c.changeConfig(cmd, client.UpdateConfig{Set: &set}, detach)
		},
	}
	cmd.Flags().BoolVar(&detach, "detach", false, "return at once instead of following the deployment")
	return cmd
}

func (c *cli) configUnset() *cobra.Command {
	var detach bool
	cmd := &cobra.Command{
		Use:   "unset NAME…",
		Short: "Remove config vars and deploy that",
		Args:  args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return c.changeConfig(cmd, client.UpdateConfig{Unset: &given}, detach)
		},
	}
	cmd.Flags().BoolVar(&detach, "detach", false, "return at once instead of following the deployment")
	return cmd
}

// assignments reads NAME=VALUE words; the value of a NAME alone is asked for.
func (c *cli) assignments(words []string) (map[string]string, error) {
	set := map[string]string{}
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			if len(words) > 1 && !isTerminal(c.In) {
				return nil, fail(exitUsage, "", "%s has no value: give %s=VALUE, or it alone with its value on standard input", name, name)
			}
			var err error
			if value, err = c.secret(name + ": "); err != nil {
				return nil, err
			}
		}
		if err := models.CheckConfig(name, value); err != nil {
			return nil, err
		}
		set[name] = value
	}
	return set, nil
}

func (c *cli) changeConfig(cmd *cobra.Command, change client.UpdateConfig, detach bool) error {
	s, app, err := c.target(cmd.Context())
	if err != nil {
		return err
	}
	changed, err := ok(s.api.UpdateConfigWithResponse(cmd.Context(), app, &client.UpdateConfigParams{}, change))
	if err != nil {
		return err
	}
	if changed.Deployment != nil {
		return c.finish(cmd.Context(), s, changed.Deployment, detach)
	}
	if c.json {
		return c.print(changed)
	}
	names := []string{}
	if change.Set != nil {
		names = slices.Sorted(maps.Keys(*change.Set))
	}
	if change.Unset != nil {
		names = append(names, *change.Unset...)
	}
	c.say("%s: nothing to deploy (%s).", app, strings.Join(names, ", "))
	return nil
}
