package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// completion is how a shell asks for what a word may be.
type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// completeAccount completes a verb's first word by what an account has. That
// the server cannot be asked offers nothing, and says nothing.
func (c *cli) completeAccount(words func(context.Context, *session) ([]string, error)) completion {
	return func(cmd *cobra.Command, given []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(given) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		s, err := c.connect()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		found, err := words(cmd.Context(), s)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeApp completes a verb's first word by what the app has.
func (c *cli) completeApp(words func(ctx context.Context, s *session, app string) ([]string, error)) completion {
	return c.completeAccount(func(ctx context.Context, s *session) ([]string, error) {
		app, err := c.appName(ctx, s)
		if err != nil {
			return nil, err
		}
		return words(ctx, s, app)
	})
}

// words gives one word for each item with what it is, as shells show it.
func words[T any](items []T, word func(T) (word, what string)) []string {
	all := make([]string, len(items))
	for i, item := range items {
		name, what := word(item)
		all[i] = plain(name) + "\t" + shorten(plain(what), 60)
	}
	return all
}
