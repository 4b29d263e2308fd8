package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

func (c *cli) userInvite() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:   "invite [EMAIL]",
		Short: "Make a link with which somebody makes themselves an account",
		Long: `Prints a link to hand on; no mail is sent. Whoever opens it chooses a name and a
password and is signed in. It works once, within 7 days, and is shown only now.
With an e-mail address it is good for that address only.`,
		Example: "  slipway users invite grace@example.com --role member",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			wanted := client.CreateInvitation{Role: client.CreateInvitationRole(role)}
			if len(given) == 1 {
				wanted.Email = optional(given[0])
			}
			made, err := created(s.api.CreateInvitationWithResponse(cmd.Context(), &client.CreateInvitationParams{IdempotencyKey: once()}, wanted))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(made)
			}
			c.say("%s", made.URL)
			c.note("It makes %s, once, until %s. This is the only time that it is shown.",
				roleAs(string(made.Role)), made.ExpiresAt.Local().Format("2006-01-02 15:04"))
			return nil
		},
	}
	return roleFlag(cmd, &role)
}

func roleAs(role string) string {
	if role == string(client.CreateInvitationRoleOwner) {
		return "an owner"
	}
	return "a member"
}

func (c *cli) invitations() *cobra.Command {
	return &cobra.Command{
		Use:   "invitations",
		Short: "List the invitations that can still be used",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			page, err := ok(s.api.ListInvitationsWithResponse(cmd.Context()))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(page)
			}
			if len(page.Items) == 0 {
				c.say("No invitation is open.")
				return nil
			}
			rows := make([][]string, len(page.Items))
			for i, one := range page.Items {
				rows[i] = []string{
					one.ID, orWord(one.Email, "anybody"), string(one.Role), one.InvitedBy,
					ago(one.CreatedAt), one.ExpiresAt.Local().Format("2006-01-02 15:04"),
				}
			}
			return c.table([]string{"ID", "FOR", "ROLE", "INVITED BY", "MADE", "EXPIRES"}, rows)
		},
	}
}

func (c *cli) userRevoke() *cobra.Command {
	return &cobra.Command{
		Use:               "revoke ID",
		Short:             "Make an invitation worthless",
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeAccount(invitationIDs),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			if _, err := s.api.RevokeInvitationWithResponse(cmd.Context(), given[0]); err != nil {
				return err
			}
			return c.done("revoked", given[0])
		},
	}
}

func invitationIDs(ctx context.Context, s *session) ([]string, error) {
	page, err := ok(s.api.ListInvitationsWithResponse(ctx))
	if err != nil {
		return nil, err
	}
	return words(page.Items, func(i client.Invitation) (string, string) { return i.ID, orWord(i.Email, string(i.Role)) }), nil
}
