package cli

import (
	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

func (c *cli) users() *cobra.Command {
	list := &cobra.Command{
		Use:   "list",
		Short: "List everybody who has an account",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			page, err := ok(s.api.ListUsersWithResponse(cmd.Context()))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(page)
			}
			rows := make([][]string, len(page.Items))
			for i, u := range page.Items {
				rows[i] = []string{u.Email, string(u.Role), orWord(u.Name, "-"), ago(u.CreatedAt)}
			}
			return c.table([]string{"E-MAIL", "ROLE", "NAME", "ADDED"}, rows)
		},
	}
	return family(&cobra.Command{Use: "users", Short: "List and add people (for owners)", RunE: list.RunE}, list, c.userAdd())
}

func (c *cli) userAdd() *cobra.Command {
	var role, name string
	cmd := &cobra.Command{
		Use:   "add EMAIL",
		Short: "Give somebody an account",
		Long: `Gives somebody an account. An owner sees every app and may do everything, a member
sees their own apps. The first password, of at least 10 characters, is asked for
without showing it, or read from standard input; they change it in the dashboard.`,
		Example: "  slipway users add grace@example.com --name Grace < password.txt",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			password, err := c.secret("First password: ")
			if err != nil {
				return err
			}
			made, err := created(s.api.CreateUserWithResponse(cmd.Context(), &client.CreateUserParams{IdempotencyKey: once()},
				client.CreateUser{Email: given[0], Name: optional(name), Password: password, Role: client.CreateUserRole(role)}))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(made)
			}
			c.say("Added %s as %s.", made.User.Email, made.User.Role)
			return nil
		},
	}
	cmd.Flags().StringVar(&role, "role", string(client.CreateUserRoleMember), "owner or member")
	cmd.Flags().StringVar(&name, "name", "", "their name")
	// It fails only for an unknown flag.
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions([]string{"owner", "member"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
