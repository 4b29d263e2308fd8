package cli

import (
	"context"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

func (c *cli) login() *cobra.Command {
	var fromStdin bool
	cmd := &cobra.Command{
		Use:   "login [URL]",
		Short: "Sign in to a server with an API token",
		Long: `Asks for an API token, tries it and keeps it in ~/.config/slipway/config.json,
readable by you alone. The dashboard makes tokens under Tokens.`,
		Example: "  slipway login https://slipway.example.com\n  slipway login https://slipway.example.com --token-stdin < token",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			address, _, err := c.credentials()
			if len(given) == 1 {
				address, err = serverURL(given[0])
			}
			if err != nil {
				return err
			}
			if address == "" {
				return usage(cmd, "which server? give its address")
			}
			return c.signIn(cmd.Context(), address, fromStdin)
		},
	}
	cmd.Flags().BoolVar(&fromStdin, "token-stdin", false, "read the token from standard input")
	return cmd
}

func (c *cli) signIn(ctx context.Context, address string, fromStdin bool) error {
	if u, err := url.Parse(address); err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		c.note("Mind: %s is not encrypted; whoever is on the way can read the token.", address)
	}
	token, err := c.askToken(address, fromStdin)
	if err != nil {
		return err
	}
	s, err := c.dial(address, token)
	if err != nil {
		return err
	}
	who, err := ok(s.api.GetSessionWithResponse(ctx))
	if err != nil {
		return err
	}
	stored, err := c.readLogins()
	if err != nil {
		return err
	}
	stored.URL = address
	stored.Servers[address] = login{Token: token}
	if err := c.writeLogins(stored); err != nil {
		return err
	}
	if c.json {
		return c.print(who)
	}
	c.say("Signed in to %s as %s.", address, who.User.Email)
	return nil
}

func (c *cli) askToken(address string, fromStdin bool) (token string, err error) {
	if fromStdin {
		token, err = c.readAll()
	} else {
		if !isTerminal(c.In) {
			return "", fail(exitUsage, "Give it with --token-stdin.", "there is no terminal to ask for the token")
		}
		c.note("Make a token at %s/account/tokens and paste it here.", address)
		token, err = c.secret("Token: ")
	}
	if err != nil {
		return "", err
	}
	token = strings.TrimSpace(token)
	if token == "" || strings.ContainsAny(token, " \r\n\t") {
		return "", fail(exitUsage, "", "that is not a token: it is one word that begins with slw_")
	}
	return token, nil
}

func (c *cli) logout() *cobra.Command {
	return &cobra.Command{
		Use:   "logout",
		Short: "Forget the stored token",
		Long:  "Forgets the token. It stays valid until you revoke it: see slipway tokens.",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			address, _, err := c.credentials()
			if err != nil {
				return err
			}
			stored, err := c.readLogins()
			if err != nil {
				return err
			}
			if _, known := stored.Servers[address]; !known {
				c.say("There is no token stored for %s.", address)
				return nil
			}
			delete(stored.Servers, address)
			if stored.URL == address {
				stored.URL = ""
			}
			if err := c.writeLogins(stored); err != nil {
				return err
			}
			c.say("Signed out of %s.", address)
			return nil
		},
	}
}

func (c *cli) dashboard() *cobra.Command {
	return &cobra.Command{
		Use:   "dashboard",
		Short: "Print a one-time link that signs you in to the dashboard",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			link, err := created(s.api.CreateSignInLinkWithResponse(cmd.Context()))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(link)
			}
			c.say("%s", link.URL)
			c.note("It signs in once, until %s.", link.ExpiresAt.Local().Format("15:04"))
			return nil
		},
	}
}
