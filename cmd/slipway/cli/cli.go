// Package cli is the client half of slipway: the verbs that people and scripts
// type. It speaks to a server over the public API only.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Streams are what a verb reads from and writes to.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// cli is what all verbs share.
type cli struct {
	Streams
	version string
	getenv  func(string) string

	json bool   // --json
	app  string // --app
}

// New makes the root command with every client verb.
func New(version string, streams Streams, getenv func(string) string) *cobra.Command {
	c := &cli{Streams: streams, version: version, getenv: getenv}
	root := &cobra.Command{
		Use:   "slipway",
		Short: "Deploy apps to your own servers",
		Long: `Slipway builds what you push, runs it in containers and routes requests to it.

Verbs speak to the server at $SLIPWAY_URL with the token in $SLIPWAY_TOKEN, or
to the one that "slipway login" stored. The app is named by --app, or by the git
remote of the current folder that belongs to the server.

Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 not signed in or not permitted,
4 no such thing, 5 the server cannot be reached, 130 interrupted.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownVerb,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(c.In)
	root.SetOut(c.Out)
	root.SetErr(c.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err.Error()) })
	root.PersistentFlags().BoolVar(&c.json, "json", false, "print one JSON document instead of a table")
	root.AddGroup(&cobra.Group{ID: groupApps, Title: "Apps:"}, &cobra.Group{ID: groupDeploy, Title: "Deploying:"},
		&cobra.Group{ID: groupRun, Title: "Running:"}, &cobra.Group{ID: groupAccount, Title: "Account:"})
	for group, commands := range map[string][]*cobra.Command{
		groupApps:    {c.apps(), c.create(), c.destroy(), c.open(), c.domains(), c.volumes(), c.webhook(), c.settings()},
		groupDeploy:  {c.deploy(), c.deployments(), c.cancel(), c.retry(), c.releases(), c.rollback()},
		groupRun:     {c.logs(), c.ps(), c.restart(), c.config(), c.activity(), c.space(), c.clusters(), c.move(), c.plan()},
		groupAccount: {c.login(), c.logout(), c.dashboard(), c.account(), c.sessions(), c.tokens(), c.users()},
	} {
		for _, command := range commands {
			command.GroupID = group
			root.AddCommand(command)
		}
	}
	root.AddCommand(c.versionCommand())
	return root
}

const (
	groupApps    = "apps"
	groupDeploy  = "deploy"
	groupRun     = "run"
	groupAccount = "account"
)

// Execute runs root and gives the exit code. It tells people what went wrong
// and what to do next.
func Execute(ctx context.Context, root *cobra.Command) int {
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	f := explain(ctx, err)
	if f.message != "" {
		_, _ = fmt.Fprintf(root.ErrOrStderr(), "slipway: %s\n", f.message)
	}
	if f.hint != "" {
		_, _ = fmt.Fprintln(root.ErrOrStderr(), f.hint)
	}
	return f.code
}

// appFlag gives a command the flag that names an app.
func (c *cli) appFlag(cmd *cobra.Command) *cobra.Command {
	cmd.PersistentFlags().StringVarP(&c.app, "app", "a", "", "the app; the folder's git remote names it otherwise")
	_ = cmd.RegisterFlagCompletionFunc("app", c.completeApps) // fails only for an unknown flag
	return cmd
}

// args wraps an argument check so that its failure counts as wrong usage.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return usage(cmd, err.Error())
		}
		return nil
	}
}

func unknownVerb(cmd *cobra.Command, given []string) error {
	if len(given) == 0 {
		return nil
	}
	message := fmt.Sprintf("there is no %q in %q", given[0], cmd.CommandPath())
	cmd.SuggestionsMinimumDistance = 2
	if like := cmd.SuggestionsFor(given[0]); len(like) > 0 {
		message += "; did you mean " + strings.Join(like, " or ") + "?"
	}
	return usage(cmd, message)
}

// family makes a command that has verbs of its own, or runs one of them when
// none is named.
func family(cmd *cobra.Command, verbs ...*cobra.Command) *cobra.Command {
	cmd.Args = unknownVerb
	if cmd.RunE == nil {
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	cmd.AddCommand(verbs...)
	return cmd
}

// say writes a sentence for people: to standard output, or out of the JSON's
// way to standard error.
func (c *cli) say(format string, values ...any) {
	_, _ = fmt.Fprintf(c.talk(), format+"\n", values...)
}

// done says what has been done to something, or answers with it in JSON.
func (c *cli) done(verb, what string) error {
	if c.json {
		return c.print(map[string]string{verb: what})
	}
	c.say("%s%s %s.", strings.ToUpper(verb[:1]), verb[1:], what)
	return nil
}

// note writes what is not the answer itself to standard error.
func (c *cli) note(format string, values ...any) {
	_, _ = fmt.Fprintf(c.Err, format+"\n", values...)
}

func (c *cli) talk() io.Writer {
	if c.json {
		return c.Err
	}
	return c.Out
}

// color says whether w is a terminal that wants colours.
func (c *cli) color(w io.Writer) bool {
	return c.getenv("NO_COLOR") == "" && c.getenv("TERM") != "dumb" && isTerminal(w)
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// secret reads one line without showing it, or all of standard input when that
// is not a terminal.
func (c *cli) secret(prompt string) (string, error) {
	if !isTerminal(c.In) {
		return c.readAll()
	}
	_, _ = fmt.Fprint(c.Err, prompt)
	raw, err := term.ReadPassword(int(c.In.(*os.File).Fd()))
	_, _ = fmt.Fprintln(c.Err)
	if err != nil {
		return "", fmt.Errorf("reading the terminal: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// readAll reads standard input, less the newline at its end.
func (c *cli) readAll() (string, error) {
	raw, err := io.ReadAll(io.LimitReader(c.In, maxInput+1))
	if err != nil {
		return "", fmt.Errorf("reading standard input: %w", err)
	}
	if len(raw) > maxInput {
		return "", errors.New("standard input is over 64 KiB")
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}

// maxInput bounds what is read from standard input as one value.
const maxInput = 64 << 10
