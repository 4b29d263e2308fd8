package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

func (c *cli) volumes() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "volumes",
		Short: "List an app's volumes",
		Long: `A volume is a folder of one process that outlives its instances and releases. The
process runs as one instance, and its old instance stops before the new one starts.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			page, err := ok(s.api.ListVolumesWithResponse(cmd.Context(), app))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(page)
			}
			if len(page.Items) == 0 {
				c.say("%s has no volumes.", app)
				return nil
			}
			rows := make([][]string, len(page.Items))
			for i, v := range page.Items {
				rows[i] = []string{v.Name, v.Process, v.Path, ago(v.CreatedAt)}
			}
			return c.table([]string{"VOLUME", "PROCESS", "PATH", "SINCE"}, rows)
		},
	}
	cmd.AddCommand(c.addVolume(), c.removeVolume())
	return c.appFlag(cmd)
}

func (c *cli) addVolume() *cobra.Command {
	var process string
	var detach bool
	cmd := &cobra.Command{
		Use:     "add NAME PATH",
		Short:   "Give a process a volume",
		Example: "  slipway volumes add uploads /data\n  slipway volumes add spool /var/spool/mail --process worker",
		Args:    args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			change, err := created(s.api.AddVolumeWithResponse(cmd.Context(), app, &client.AddVolumeParams{IdempotencyKey: once()},
				client.AddVolume{Name: given[0], Path: given[1], Process: &process}))
			if err != nil {
				return err
			}
			return c.volumeChanged(cmd.Context(), s, change, "added", given[0], detach)
		},
	}
	cmd.Flags().StringVar(&process, "process", "web", "which process gets it")
	cmd.Flags().BoolVar(&detach, "detach", false, "return at once instead of following the deployment")
	return cmd
}

func (c *cli) removeVolume() *cobra.Command {
	var confirm string
	var detach bool
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Take a volume away and delete what is in it",
		Args:  args(cobra.ExactArgs(1)),

		ValidArgsFunction: c.completeApp(volumeNames),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			if err := c.confirmName(given[0], confirm); err != nil {
				return err
			}
			change, err := ok(s.api.RemoveVolumeWithResponse(cmd.Context(), app, given[0], &client.RemoveVolumeParams{Confirm: given[0]}))
			if err != nil {
				return err
			}
			return c.volumeChanged(cmd.Context(), s, change, "removed", given[0], detach)
		},
	}
	cmd.Flags().StringVar(&confirm, "confirm", "", "the volume's name once more, instead of typing it when asked")
	cmd.Flags().BoolVar(&detach, "detach", false, "return at once instead of following the deployment")
	return cmd
}

// volumeChanged shows what a change of volumes came to.
func (c *cli) volumeChanged(ctx context.Context, s *session, change *client.VolumeChange, what, volume string, detach bool) error {
	if change.Deployment != nil {
		return c.finish(ctx, s, change.Deployment, detach)
	}
	if c.json {
		return c.print(change)
	}
	return c.done(what, volume)
}

func volumeNames(ctx context.Context, s *session, app string) ([]string, error) {
	page, err := ok(s.api.ListVolumesWithResponse(ctx, app))
	if err != nil {
		return nil, err
	}
	return words(page.Items, func(v client.Volume) (string, string) { return v.Name, v.Process + " " + v.Path }), nil
}
