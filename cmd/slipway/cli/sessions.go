package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

func (c *cli) sessions() *cobra.Command {
	list := &cobra.Command{
		Use:   "list",
		Short: "List the browsers that you are signed in with",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			page, err := ok(s.api.ListSessionsWithResponse(cmd.Context()))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(page)
			}
			if len(page.Items) == 0 {
				c.say("You are signed in with no browser.")
				return nil
			}
			rows := make([][]string, len(page.Items))
			for i, session := range page.Items {
				rows[i] = []string{session.ID, session.IP, ago(session.CreatedAt), ago(session.LastUsedAt), shorten(session.UserAgent, 60)}
			}
			return c.table([]string{"ID", "ADDRESS", "SIGNED IN", "LAST USED", "BROWSER"}, rows)
		},
	}
	revoke := &cobra.Command{
		Use:               "revoke ID",
		Short:             "Sign a browser out",
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeAccount(sessionIDs),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			if _, err := s.api.RevokeSessionWithResponse(cmd.Context(), given[0]); err != nil {
				return err
			}
			return c.done("revoked", given[0])
		},
	}
	return family(&cobra.Command{Use: "sessions", Short: "List the browsers you are signed in with, and sign them out", RunE: list.RunE}, list, revoke)
}

func sessionIDs(ctx context.Context, s *session) ([]string, error) {
	page, err := ok(s.api.ListSessionsWithResponse(ctx))
	if err != nil {
		return nil, err
	}
	return words(page.Items, func(s client.Session) (string, string) { return s.ID, s.UserAgent }), nil
}
