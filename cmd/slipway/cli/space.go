package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

func (c *cli) space() *cobra.Command {
	show := &cobra.Command{
		Use:   "show",
		Short: "Show what uses the server's disk",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			found, err := ok(s.api.GetSpaceWithResponse(cmd.Context()))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(found)
			}
			return c.showSpace(found)
		},
	}
	return family(&cobra.Command{
		Use:   "space",
		Short: "Show what uses the server's disk, and collect what is not needed (for owners)",
		Long: `Shows what uses the server's disk, by kind and by app, what is no longer kept and
would go now, and what would go besides if there were too little room.`,
		Example: "  slipway space\n  slipway space collect --dry-run\n  slipway space collect",
		RunE:    show.RunE,
	}, show, c.spaceCollect())
}

// spaceWords are how people call the kinds.
var spaceWords = map[string]string{
	"images": "images", "build_cache": "build cache", "other_cache": "build cache of others", "logs": "logs", "repositories": "repositories",
	"sources": "sources", "metrics": "figures", "volumes": "volumes", "work": "builds at work", "database": "database",
}

func spaceWord(kind string) string {
	if word, ok := spaceWords[kind]; ok {
		return word
	}
	return kind
}

func (c *cli) showSpace(found *client.Space) error {
	for _, d := range found.Disks {
		words := map[client.SpaceDiskState]string{"high": ", above the watermark", "full": ", too full to build"}
		c.say("%s: %.0f %% used, %s of %s free%s.", d.Path, d.UsedPercent, bytesOf(d.FreeBytes), bytesOf(d.TotalBytes), words[d.State])
	}
	c.say("")
	rows := [][]string{}
	for _, u := range found.Uses {
		rows = append(rows, []string{spaceWord(string(u.Kind)), fmt.Sprint(u.Count), bytesOf(u.Bytes), orDash(u.PolicyBytes), orDash(u.HarderBytes)})
	}
	if err := c.table([]string{"WHAT", "COUNT", "SIZE", "GOES NOW", "GOES IF TIGHT"}, rows); err != nil {
		return err
	}
	if len(found.Apps) > 0 {
		c.say("")
		rows = [][]string{}
		for _, app := range found.Apps {
			parts := []string{}
			for _, part := range app.Uses {
				if part.Bytes > 0 {
					parts = append(parts, spaceWord(string(part.Kind))+" "+bytesOf(part.Bytes))
				}
			}
			rows = append(rows, []string{orWord(app.App, "(gone)"), bytesOf(app.Bytes), strings.Join(parts, ", ")})
		}
		if err := c.table([]string{"APP", "SIZE", "OF WHICH"}, rows); err != nil {
			return err
		}
	}
	for _, what := range found.Unknown {
		c.note("Not measured: %s", what)
	}
	return nil
}

func orDash(n int64) string {
	if n == 0 {
		return "-"
	}
	return bytesOf(n)
}

func (c *cli) spaceCollect() *cobra.Command {
	var dryRun, harder bool
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "Remove what is no longer kept",
		Long: `Removes what is no longer kept: images that no kept release needs, build cache over
its bound, sources of old deployments, and what is left of destroyed apps. With
--harder also what goes when the disk is nearly full: all build cache, log lines
older than a day, and sources that only a retry would need. What a kept release
needs stays, and so do volumes.`,
		Example: "  slipway space collect --dry-run\n  slipway space collect --harder",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			went, err := ok(s.api.CollectSpaceWithResponse(cmd.Context(), &client.CollectSpaceParams{DryRun: &dryRun, Harder: &harder}))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(went)
			}
			return c.showCollection(went)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only show what would go")
	cmd.Flags().BoolVar(&harder, "harder", false, "also what goes when the disk is nearly full")
	return cmd
}

func (c *cli) showCollection(went *client.SpaceCollection) error {
	if went.Count == 0 && len(went.Failures) == 0 {
		c.say("There is nothing that could go.")
		return nil
	}
	rows := [][]string{}
	for _, item := range went.Items {
		rows = append(rows, []string{spaceWord(item.Kind), orWord(item.App, "-"), shorten(item.Name, 50), bytesOf(item.Bytes), item.Why})
	}
	if err := c.table([]string{"WHAT", "APP", "NAME", "SIZE", "WHY"}, rows); err != nil {
		return err
	}
	verb := "Freed"
	if went.DryRun {
		verb = "Would free"
	}
	c.say("%s %s in %d.", verb, bytesOf(went.Bytes), went.Count)
	for _, failure := range went.Failures {
		c.note("Not removed: %s", failure)
	}
	return nil
}
