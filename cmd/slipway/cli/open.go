package cli

import (
	"context"
	"os/exec"
	"slices"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

func (c *cli) open() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "open",
		Short: "Print an app's address, and open it in a browser where there is one",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			app, err := c.targetApp(cmd.Context())
			if err != nil {
				return err
			}
			if c.json {
				return c.print(map[string]any{"url": app.URL, "urls": app.Urls})
			}
			c.say("%s", app.URL)
			if isTerminal(c.Out) {
				// The address is printed; a machine without a browser is no failure.
				if opener, err := exec.LookPath("xdg-open"); err == nil {
					_ = exec.CommandContext(cmd.Context(), opener, app.URL).Start()
				}
			}
			return nil
		},
	}
	return c.appFlag(cmd)
}

func (c *cli) domains() *cobra.Command {
	list := &cobra.Command{
		Use:   "list",
		Short: "List an app's domains",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			page, err := ok(s.api.ListDomainsWithResponse(cmd.Context(), app))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(page)
			}
			rows := make([][]string, len(page.Items))
			for i, d := range page.Items {
				kind := "added " + ago(d.CreatedAt)
				if d.Automatic {
					kind = "its own"
				}
				rows[i] = []string{d.Host, kind}
			}
			return c.table([]string{"DOMAIN", ""}, rows)
		},
	}
	add := &cobra.Command{
		Use:     "add HOST",
		Short:   "Send the requests for a host to the app",
		Example: "  slipway domains add www.example.com",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			d, err := created(s.api.AddDomainWithResponse(cmd.Context(), app, &client.AddDomainParams{IdempotencyKey: once()}, client.AddDomain{Host: given[0]}))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(d)
			}
			c.say("Requests for %s go to %s now. Point its DNS record at the router.", d.Host, app)
			return nil
		},
	}
	remove := &cobra.Command{
		Use:   "remove HOST",
		Short: "Stop sending the requests for a host to the app",
		Args:  args(cobra.ExactArgs(1)),

		ValidArgsFunction: c.completeApp(addedDomains),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := s.api.RemoveDomainWithResponse(cmd.Context(), app, given[0]); err != nil {
				return err
			}
			return c.done("removed", given[0])
		},
	}
	return c.appFlag(family(&cobra.Command{Use: "domains", Short: "List, add and remove an app's domains", RunE: list.RunE}, list, add, remove))
}

// addedDomains gives the domains that can be removed.
func addedDomains(ctx context.Context, s *session, app string) ([]string, error) {
	page, err := ok(s.api.ListDomainsWithResponse(ctx, app))
	if err != nil {
		return nil, err
	}
	page.Items = slices.DeleteFunc(page.Items, func(d client.Domain) bool { return d.Automatic })
	return words(page.Items, func(d client.Domain) (string, string) { return d.Host, "added " + ago(d.CreatedAt) }), nil
}

func (c *cli) webhook() *cobra.Command {
	rotate := &cobra.Command{
		Use:   "rotate",
		Short: "Make a new secret for the webhook; the old one stops working",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			hook, err := created(s.api.CreateWebhookSecretWithResponse(cmd.Context(), app, &client.CreateWebhookSecretParams{IdempotencyKey: once()}))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(hook)
			}
			c.note("Give both to the forge, with content type application/json. The secret is not shown again.")
			return c.facts("URL", hook.URL, "Secret", hook.Secret)
		},
	}
	return c.appFlag(family(&cobra.Command{
		Use:   "webhook",
		Short: "Print the address that a forge tells of pushes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			app, err := c.targetApp(cmd.Context())
			if err != nil {
				return err
			}
			if c.json {
				return c.print(map[string]string{"url": app.WebhookURL})
			}
			c.say("%s", app.WebhookURL)
			return nil
		},
	}, rotate))
}
