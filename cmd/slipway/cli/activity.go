package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

func (c *cli) activity() *cobra.Command {
	var limit int64
	var by, action string
	cmd := &cobra.Command{
		Use:   "activity",
		Short: "List who did what, of all apps or of one",
		Long: `Lists the newest events of the audit trail: of all apps that you can see, or of the
one that --app names. The git remote of the folder plays no part.`,
		Example: "  slipway activity\n  slipway activity -a hello -n 5\n  slipway activity --by ada@example.com --action config",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			page, err := ok(s.api.ListEventsWithResponse(cmd.Context(), &client.ListEventsParams{Limit: &limit, App: optional(c.app), Actor: optional(by), Action: optional(action)}))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(page)
			}
			if len(page.Items) == 0 {
				c.say("Nothing has been done yet.")
				return nil
			}
			rows := make([][]string, len(page.Items))
			for i, e := range page.Items {
				rows[i] = []string{ago(e.CreatedAt), e.Actor, e.Action, orWord(e.App, "-"), shorten(strings.TrimSpace(e.Target+" "+details(e.Detail)), 60)}
			}
			return c.table([]string{"WHEN", "WHO", "ACTION", "APP", "WHAT"}, rows)
		},
	}
	cmd.Flags().Int64VarP(&limit, "limit", "n", 20, "how many, newest first; at most 200")
	cmd.Flags().StringVar(&by, "by", "", "only what the person with this e-mail did")
	cmd.Flags().StringVar(&action, "action", "", "only this, as deployment.create, or all of a kind, as deployment")
	return c.appFlag(cmd)
}

// details writes an event's details in the order of their names.
func details(detail map[string]string) string {
	words := []string{}
	for _, name := range slices.Sorted(maps.Keys(detail)) {
		if detail[name] != "" {
			words = append(words, name+"="+detail[name])
		}
	}
	return strings.Join(words, " ")
}
