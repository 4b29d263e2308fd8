package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
	"github.com/slipway-paas/slipway/models"
)

func (c *cli) apps() *cobra.Command {
	return &cobra.Command{
		Use:   "apps",
		Short: "List apps",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			apps, err := s.allApps(cmd.Context())
			if err != nil {
				return err
			}
			if c.json {
				return c.print(map[string]any{"items": apps})
			}
			if len(apps) == 0 {
				c.say(`There are no apps yet. "slipway create" makes one.`)
				return nil
			}
			rows := make([][]string, len(apps))
			for i, a := range apps {
				release := "-"
				if a.LiveRelease != nil {
					release = fmt.Sprintf("v%d", a.LiveRelease.Version)
				}
				rows[i] = []string{a.Name, string(a.Status), release, fmt.Sprintf("%d/%d", a.Instances.Running, a.Instances.Wanted), a.URL}
			}
			return c.table([]string{"APP", "STATUS", "RELEASE", "INSTANCES", "URL"}, rows)
		},
	}
}

// allApps reads every page.
func (s *session) allApps(ctx context.Context) ([]client.App, error) {
	apps := []client.App{}
	limit := int64(200)
	for cursor := ""; ; {
		page, err := ok(s.api.ListAppsWithResponse(ctx, &client.ListAppsParams{Limit: &limit, Cursor: optional(cursor)}))
		if err != nil {
			return nil, err
		}
		apps = append(apps, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			return apps, nil
		}
	}
}

// optional makes an optional value, absent when it is empty.
func optional[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

func (c *cli) completeApps(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	s, err := c.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	apps, err := s.allApps(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := make([]string, len(apps))
	for i, a := range apps {
		names[i] = a.Name
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

type createFlags struct {
	gitURL, branch, deployKey, image string
	noRemote                         bool
}

func (c *cli) create() *cobra.Command {
	var f createFlags
	cmd := &cobra.Command{
		Use:   "create [NAME]",
		Short: "Create an app",
		Long: `Creates an app, named after the current folder unless you name it, and in a git
repository adds the remote "slipway" to push to.`,
		Example: "  slipway create hello && git push slipway HEAD\n" +
			"  slipway create hello --git-url git@github.com:you/hello.git --deploy-key ~/.ssh/hello\n" +
			"  slipway create db-admin --image registry.example.com/admin:2",
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if f.gitURL == "" && (f.branch != "" || f.deployKey != "") {
				return usage(cmd, "--branch and --deploy-key belong to --git-url")
			}
			name, err := nameOf(given)
			if err != nil {
				return err
			}
			return c.createApp(cmd.Context(), name, f)
		},
	}
	cmd.Flags().StringVar(&f.gitURL, "git-url", "", "the app's source is this git repository, deployed by webhook or with deploy --git")
	cmd.Flags().StringVar(&f.branch, "branch", "", "the branch of the git repository to track")
	cmd.Flags().StringVar(&f.deployKey, "deploy-key", "", "file with the private SSH key that may read it, - for standard input")
	cmd.Flags().StringVar(&f.image, "image", "", "deploy this image reference at once")
	cmd.Flags().BoolVar(&f.noRemote, "no-remote", false, "do not add a git remote")
	return cmd
}

func nameOf(given []string) (string, error) {
	if len(given) == 1 {
		return given[0], models.CheckAppName(given[0])
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	name := strings.Trim(strings.NewReplacer("_", "-", ".", "-", " ", "-").Replace(strings.ToLower(filepath.Base(dir))), "-")
	if models.CheckAppName(name) != nil {
		return "", fail(exitUsage, "", "the folder's name %q does not do as an app's; name the app: slipway create NAME", filepath.Base(dir))
	}
	return name, nil
}

func (c *cli) createApp(ctx context.Context, name string, f createFlags) error {
	s, err := c.connect()
	if err != nil {
		return err
	}
	body := client.CreateApp{Name: name, Image: optional(f.image)}
	if f.gitURL != "" {
		key, err := c.readKey(f.deployKey)
		if err != nil {
			return err
		}
		body.Source = &client.SourceInput{URL: f.gitURL, Branch: optional(f.branch), DeployKey: optional(key)}
	}
	app, err := created(s.api.CreateAppWithResponse(ctx, &client.CreateAppParams{IdempotencyKey: once()}, body))
	if err != nil {
		return err
	}
	c.say("Created %s. It will answer at %s", app.Name, app.URL)
	switch {
	case f.image != "" && app.LastDeployment != nil:
		return c.finish(ctx, s, app.LastDeployment, false)
	case f.gitURL != "":
		c.say(`Deploy it with "slipway deploy -a %s --git"; "slipway webhook rotate -a %s" has pushes deploy it.`, name, name)
	case !f.noRemote && inRepository(ctx):
		err = c.addRemote(ctx, app)
	default:
		c.say(`Deploy a folder with "slipway deploy -a %s".`, name)
	}
	if err == nil && c.json {
		err = c.print(app)
	}
	return err
}

func (c *cli) addRemote(ctx context.Context, app *client.App) error {
	for _, r := range remotes(ctx) {
		if r.name == remoteName {
			if r.url != app.GitURL {
				c.say("The git remote %q points at %s already and stays; push to %s", remoteName, r.url, app.GitURL)
			}
			return nil
		}
	}
	if _, err := git(ctx, "remote", "add", "--", remoteName, app.GitURL); err != nil {
		return fmt.Errorf("adding the git remote: %w", err)
	}
	c.say(`Added the git remote %q. Deploy with "git push %s HEAD", or with "slipway deploy".`, remoteName, remoteName)
	return nil
}

func (c *cli) readKey(path string) (string, error) {
	switch path {
	case "":
		return "", nil
	case "-":
		key, err := c.readAll()
		return key + "\n", err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("the deploy key: %w", err)
	}
	return string(raw), nil
}

func (c *cli) destroy() *cobra.Command {
	var confirm string
	var volumes []string
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "Destroy an app with all that belongs to it",
		Long: `Removes the app's containers, images, network, repository, logs and volumes. There
is no way back. An app with volumes is destroyed only if --volumes names them.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := ok(s.api.GetAppWithResponse(cmd.Context(), app)); err != nil {
				return err
			}
			if err := c.confirmName(app, confirm); err != nil {
				return err
			}
			if _, err := s.api.DestroyAppWithResponse(cmd.Context(), app, &client.DestroyAppParams{Confirm: app, ConfirmVolumes: &volumes}); err != nil {
				return err
			}
			return c.done("destroyed", app)
		},
	}
	cmd.Flags().StringVar(&confirm, "confirm", "", "the app's name once more, instead of typing it when asked")
	cmd.Flags().StringSliceVar(&volumes, "volumes", nil, "the names of its volumes, all of which go with it")
	return c.appFlag(cmd)
}

// confirmName has the app's name typed once more.
func (c *cli) confirmName(app, confirm string) error {
	if confirm == "" {
		if !isTerminal(c.In) {
			return fail(exitUsage, "", "to destroy %s, say so: --confirm %s", app, app)
		}
		_, _ = fmt.Fprintf(c.Err, "This destroys %s for good. Type its name to go on: ", app)
		if _, err := fmt.Fscanln(c.In, &confirm); err != nil {
			confirm = ""
		}
	}
	if confirm != app {
		return fail(exitFailed, "", "%q is not %q; nothing was destroyed", confirm, app)
	}
	return nil
}
