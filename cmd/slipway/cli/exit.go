package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/client"
	"github.com/slipway-paas/slipway/models"
)

// The exit codes, which scripts may rely on.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitForbidden   = 3 // not signed in, or not permitted
	exitNotFound    = 4
	exitUnavailable = 5
	exitInterrupted = 130 // 128 and the number of SIGINT, as shells have it
)

// failure is an error with its exit code and what to do next.
type failure struct {
	code    int
	message string      // "" when all has been said
	hint    string      // a sentence of its own, or ""
	kind    models.Kind // of the server's refusal, "" for all others
	err     error
}

// Error gives the message.
func (f *failure) Error() string { return f.message }

// Unwrap gives the cause.
func (f *failure) Unwrap() error { return f.err }

func fail(code int, hint, format string, values ...any) *failure {
	return &failure{code: code, hint: hint, message: fmt.Sprintf(format, values...)}
}

func usage(cmd *cobra.Command, message string) *failure {
	return fail(exitUsage, fmt.Sprintf("Run %q to see how it is used.", cmd.CommandPath()+" --help"), "%s", message)
}

const signInHint = `Sign in with "slipway login URL", or set SLIPWAY_URL and SLIPWAY_TOKEN.`

// explain turns any error into one with an exit code and advice.
func explain(ctx context.Context, err error) *failure {
	var known *failure
	var build *builder.Failure
	var safe *models.Error
	var dial *net.OpError
	var request *url.Error
	switch {
	case errors.As(err, &known):
		return known
	case ctx.Err() != nil:
		return &failure{code: exitInterrupted}
	case errors.As(err, &build):
		return fail(exitFailed, "", "%s", build.Message)
	case errors.As(err, &safe):
		return fail(exitCode(string(safe.Kind)), "", "%s", models.SafeMessage(err))
	case errors.As(err, &request):
		return unreachable(request.URL, request.Err)
	case errors.As(err, &dial) && dial.Op == "dial":
		return unreachable("", err)
	case strings.HasPrefix(err.Error(), "unknown command"):
		return fail(exitUsage, "", "%s", err)
	}
	return fail(exitFailed, "", "%s", err)
}

func unreachable(address string, err error) *failure {
	if u, parseErr := url.Parse(address); parseErr == nil && u.Host != "" {
		address = u.Scheme + "://" + u.Host
	}
	return &failure{
		code: exitUnavailable, err: err, message: fmt.Sprintf("%s cannot be reached: %v", address, err),
		hint: "Is the address right, and is the server running?",
	}
}

func exitCode(kind string) int {
	switch models.Kind(kind) {
	case models.KindUnauthenticated, models.KindForbidden:
		return exitForbidden
	case models.KindNotFound:
		return exitNotFound
	case models.KindUnavailable, models.KindRateLimited:
		return exitUnavailable
	}
	return exitFailed
}

// refusal turns the server's problem into a failure.
func refusal(p client.Problem, header http.Header) *failure {
	f := fail(exitCode(string(p.Kind)), "", "%s", p.Detail)
	f.kind = models.Kind(p.Kind)
	if p.Errors != nil && len(*p.Errors) > 0 {
		var all []string
		for _, e := range *p.Errors {
			all = append(all, e.Location+": "+e.Message)
		}
		f.message += " (" + strings.Join(all, "; ") + ")"
	}
	switch models.Kind(p.Kind) {
	case models.KindUnauthenticated:
		f.hint = signInHint
	case models.KindForbidden:
		f.hint = `"slipway tokens create" or the dashboard makes a token with more scopes.`
	case models.KindUnavailable, models.KindRateLimited:
		if after := header.Get("Retry-After"); after != "" {
			f.hint = "Try again in " + after + " s."
		}
	case models.KindInternal:
		f.hint = "The server's log has more under request " + p.RequestID + "."
	}
	return f
}

// hintCreate says how to make an app that is not there.
func hintCreate(err error, app string) error {
	var f *failure
	if errors.As(err, &f) && f.code == exitNotFound {
		return fail(exitNotFound, fmt.Sprintf(`Make it with "slipway create %s".`, app), "%s", f.message)
	}
	return err
}
