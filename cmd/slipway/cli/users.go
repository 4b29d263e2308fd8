package cli

import (
	"context"
	"fmt"
	"strings"

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
	return family(&cobra.Command{Use: "users", Short: "List, invite, change and remove people (for owners)", RunE: list.RunE},
		list, c.userInvite(), c.invitations(), c.userRevoke(), c.userAdd(), c.userRole(), c.userRemove())
}

// userEmails are what completes an e-mail address.
func userEmails(ctx context.Context, s *session) ([]string, error) {
	page, err := ok(s.api.ListUsersWithResponse(ctx))
	if err != nil {
		return nil, err
	}
	return words(page.Items, func(u client.User) (string, string) { return u.Email, u.Name }), nil
}

// userBy finds somebody by e-mail address, in whatever case.
func (s *session) userBy(ctx context.Context, email string) (*client.User, error) {
	page, err := ok(s.api.ListUsersWithResponse(ctx))
	if err != nil {
		return nil, err
	}
	for _, user := range page.Items {
		if strings.EqualFold(user.Email, email) {
			return &user, nil
		}
	}
	return nil, fail(exitNotFound, `"slipway users" lists everybody.`, "no such user: %s", email)
}

func (c *cli) userRole() *cobra.Command {
	return &cobra.Command{
		Use:   "role EMAIL owner|member",
		Short: "Make somebody an owner or a member",
		Long: `Makes somebody an owner, who sees every app and may do everything, or a member,
who sees their own apps. It holds at once. The last owner stays one, and nobody
changes their own role.`,
		Example: "  slipway users role grace@example.com owner",
		Args:    args(cobra.ExactArgs(2)),
		ValidArgsFunction: func(cmd *cobra.Command, given []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(given) == 1 {
				return roleWords, cobra.ShellCompDirectiveNoFileComp
			}
			return c.completeAccount(userEmails)(cmd, given, word)
		},
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			user, err := s.userBy(cmd.Context(), given[0])
			if err != nil {
				return err
			}
			changed, err := ok(s.api.UpdateUserWithResponse(cmd.Context(), user.ID, &client.UpdateUserParams{},
				client.UpdateUser{Role: client.UpdateUserRole(given[1])}))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(changed)
			}
			c.say("%s is %s now.", changed.User.Email, changed.User.Role)
			return nil
		},
	}
}

func (c *cli) userRemove() *cobra.Command {
	var confirm string
	cmd := &cobra.Command{
		Use:   "remove EMAIL",
		Short: "Take somebody's account away",
		Long: `Ends somebody's sessions, API tokens, sign-in links and the invitations they made,
at once. Their apps become yours and go on running; what they did keeps their
name. The last owner stays, and nobody removes themselves.`,
		Example:           "  slipway users remove grace@example.com --confirm grace@example.com",
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeAccount(userEmails),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			user, err := s.userBy(cmd.Context(), given[0])
			if err != nil {
				return err
			}
			if err := c.confirmRemoval(user.Email, confirm); err != nil {
				return err
			}
			if _, err := s.api.RemoveUserWithResponse(cmd.Context(), user.ID, &client.RemoveUserParams{}); err != nil {
				return err
			}
			return c.done("removed", user.Email)
		},
	}
	cmd.Flags().StringVar(&confirm, "confirm", "", "the e-mail address once more, instead of typing it when asked")
	return cmd
}

// confirmRemoval has the e-mail address typed once more.
func (c *cli) confirmRemoval(email, confirm string) error {
	if confirm == "" {
		if !isTerminal(c.In) {
			return fail(exitUsage, "", "to remove %s, say so: --confirm %s", email, email)
		}
		_, _ = fmt.Fprintf(c.Err, "This takes %s's account away for good. Type the address to go on: ", email)
		if _, err := fmt.Fscanln(c.In, &confirm); err != nil {
			confirm = ""
		}
	}
	if !strings.EqualFold(confirm, email) {
		return fail(exitFailed, "", "%q is not %q; nobody was removed", confirm, email)
	}
	return nil
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
	cmd.Flags().StringVar(&name, "name", "", "their name")
	return roleFlag(cmd, &role)
}

// roleWords are the roles there are.
var roleWords = []string{string(client.CreateUserRoleOwner), string(client.CreateUserRoleMember)}

// roleFlag gives a command the flag that names a role.
func roleFlag(cmd *cobra.Command, role *string) *cobra.Command {
	cmd.Flags().StringVar(role, "role", string(client.CreateUserRoleMember), "owner or member")
	// It fails only for an unknown flag.
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(roleWords, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
