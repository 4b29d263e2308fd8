package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

// account is about whoever the token belongs to.
func (c *cli) account() *cobra.Command {
	show := func(cmd *cobra.Command, _ []string) error {
		s, err := c.connect()
		if err != nil {
			return err
		}
		who, err := ok(s.api.GetSessionWithResponse(cmd.Context()))
		if err != nil {
			return err
		}
		if c.json {
			return c.print(who.User)
		}
		return c.table([]string{"E-MAIL", "ROLE", "NAME"},
			[][]string{{who.User.Email, string(who.User.Role), orWord(who.User.Name, "-")}})
	}
	return family(&cobra.Command{Use: "account", Short: "Show who you are; change your name or password", RunE: show},
		c.accountName(), c.accountPassword())
}

func (c *cli) accountName() *cobra.Command {
	return &cobra.Command{
		Use:     "name NAME",
		Short:   "Change what others see beside your e-mail address",
		Long:    `Changes what others see beside your e-mail address. "" takes it away.`,
		Example: `  slipway account name "Ada Lovelace"`,
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			name := strings.TrimSpace(given[0])
			return c.changed(ok(s.api.UpdateMeWithResponse(cmd.Context(), client.UpdateMe{Name: &name})))("You are called %s now.", orWord(name, "by your e-mail address"))
		},
	}
}

func (c *cli) accountPassword() *cobra.Command {
	return &cobra.Command{
		Use:   "password",
		Short: "Change your password",
		Long: `Asks for your password and for a new one of at least 10 characters without showing
them, or reads them from standard input, one on each line. A new password ends all
of your sessions in browsers; tokens stay.`,
		Example: "  slipway account password\n  slipway account password < passwords.txt",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			change, err := c.passwordChange()
			if err != nil {
				return err
			}
			return c.changed(ok(s.api.UpdateMeWithResponse(cmd.Context(), client.UpdateMe{Password: change})))("Your password is changed.")
		},
	}
}

// passwordChange asks for both passwords, the new one twice, or reads a line
// for each.
func (c *cli) passwordChange() (*client.ChangePassword, error) {
	if !isTerminal(c.In) {
		both, err := c.readAll()
		if err != nil {
			return nil, err
		}
		current, next, two := strings.Cut(both, "\n")
		if next = strings.TrimSuffix(next, "\r"); !two || next == "" || strings.Contains(next, "\n") {
			return nil, fail(exitUsage, "", "standard input must be two lines: your password and the new one")
		}
		return &client.ChangePassword{Current: strings.TrimSuffix(current, "\r"), New: next}, nil
	}
	asked := make([]string, 3)
	for i, prompt := range []string{"Your password: ", "New password: ", "New password once more: "} {
		var err error
		if asked[i], err = c.secret(prompt); err != nil {
			return nil, err
		}
	}
	if asked[1] != asked[2] {
		return nil, fail(exitFailed, "", "the new passwords differ; nothing was changed")
	}
	return &client.ChangePassword{Current: asked[0], New: asked[1]}, nil
}

// changed gives what says how a change of the account went.
func (c *cli) changed(answer *client.UserAnswer, err error) func(format string, values ...any) error {
	return func(format string, values ...any) error {
		switch {
		case err != nil:
			return err
		case c.json:
			return c.print(answer.User)
		}
		c.say(format, values...)
		return nil
	}
}
