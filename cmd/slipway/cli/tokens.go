package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

func (c *cli) tokens() *cobra.Command {
	list := &cobra.Command{
		Use:   "list",
		Short: "List your API tokens",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			page, err := ok(s.api.ListTokensWithResponse(cmd.Context()))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(page)
			}
			rows := make([][]string, len(page.Items))
			for i, t := range page.Items {
				expires := "never"
				if t.ExpiresAt != nil {
					expires = t.ExpiresAt.Local().Format("2006-01-02")
				}
				rows[i] = []string{t.ID, t.Name, t.Hint + "…", strings.Join(t.Scopes, ","), agoOf(t.LastUsedAt, "never"), expires}
			}
			return c.table([]string{"ID", "NAME", "TOKEN", "SCOPES", "LAST USED", "EXPIRES"}, rows)
		},
	}
	revoke := &cobra.Command{
		Use:   "revoke ID",
		Short: "Make a token worthless",
		Args:  args(cobra.ExactArgs(1)),

		ValidArgsFunction: c.completeAccount(tokenIDs),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			if _, err := s.api.RevokeTokenWithResponse(cmd.Context(), given[0]); err != nil {
				return err
			}
			return c.done("revoked", given[0])
		},
	}
	return family(&cobra.Command{Use: "tokens", Short: "List, make and revoke API tokens", RunE: list.RunE}, list, c.tokenCreate(), revoke)
}

func tokenIDs(ctx context.Context, s *session) ([]string, error) {
	page, err := ok(s.api.ListTokensWithResponse(ctx))
	if err != nil {
		return nil, err
	}
	return words(page.Items, func(t client.Token) (string, string) { return t.ID, t.Name }), nil
}

func (c *cli) tokenCreate() *cobra.Command {
	var scopes []string
	var days int64
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make an API token; it is shown once",
		Long: `Makes an API token. Scopes: read (see apps and logs), deploy (push, roll back,
restart, scale), secrets (read config values), write (create, change and destroy
apps), admin (accounts and tokens; includes all).`,
		Example: "  slipway tokens create CI --scope deploy --expires-in-days 90",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			t, err := created(s.api.CreateTokenWithResponse(cmd.Context(), &client.CreateTokenParams{IdempotencyKey: once()},
				client.CreateToken{Name: given[0], Scopes: scopes, ExpiresInDays: optional(days)}))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(t)
			}
			c.note("This is the only time that it is shown.")
			c.say("%s", t.Token)
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&scopes, "scope", []string{"deploy"}, "what it may do: read, deploy, secrets, write, admin")
	cmd.Flags().Int64Var(&days, "expires-in-days", 0, "how long it is valid; 0 for ever")
	return cmd
}
