package cli

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os/exec"
	"strings"

	"github.com/slipway-paas/slipway/client"
	"github.com/slipway-paas/slipway/models"
)

// remoteName is the git remote that create adds and that is looked at first.
const remoteName = "slipway"

// remote is one git remote of the current folder.
type remote struct{ name, url string }

// git runs git in the current folder and gives what it wrote.
func git(ctx context.Context, arguments ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", arguments...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil && complaint.Len() > 0 {
		err = errors.New(strings.TrimSpace(complaint.String()))
	}
	return strings.TrimSpace(string(out)), err
}

// inRepository says whether the current folder is in a git work tree.
func inRepository(ctx context.Context) bool {
	out, err := git(ctx, "rev-parse", "--is-inside-work-tree")
	return err == nil && out == "true"
}

// remotes lists the git remotes of the current folder, none outside a
// repository.
func remotes(ctx context.Context) []remote {
	out, err := git(ctx, "config", "--null", "--get-regexp", `^remote\..*\.url$`)
	if err != nil {
		return nil
	}
	var found []remote
	for entry := range strings.SplitSeq(out, "\x00") {
		key, address, ok := strings.Cut(entry, "\n")
		if !ok {
			continue
		}
		name := strings.TrimSuffix(strings.TrimPrefix(key, "remote."), ".url")
		found = append(found, remote{name: name, url: address})
	}
	return found
}

// appOf gives the app that a remote's URL names on the server, "" if it is not
// the server's.
func appOf(server, address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	base, err := url.Parse(server)
	if err != nil || u.Scheme != base.Scheme || !strings.EqualFold(u.Host, base.Host) {
		return ""
	}
	name := strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")
	if models.CheckAppName(name) != nil {
		return ""
	}
	return name
}

// appName gives the app that a verb is about.
func (c *cli) appName(ctx context.Context, s *session) (string, error) {
	if c.app != "" {
		return c.app, models.CheckAppName(c.app)
	}
	var found []remote
	for _, r := range remotes(ctx) {
		name := appOf(s.url, r.url)
		if name == "" {
			continue
		}
		if r.name == remoteName {
			return name, nil
		}
		found = append(found, remote{name: r.name, url: name})
	}
	switch len(found) {
	case 0:
		return "", fail(exitUsage, `Name it with --app, or run "slipway create" here to make one. "slipway apps" lists those there are.`,
			"which app? no git remote of this folder belongs to %s", s.url)
	case 1:
		return found[0].url, nil
	}
	return "", fail(exitUsage, "Name it with --app.", "which app? the git remotes %s and %s both belong to %s", found[0].name, found[1].name, s.url)
}

// target gives the session and the app that a verb is about.
func (c *cli) target(ctx context.Context) (*session, string, error) {
	s, err := c.connect()
	if err != nil {
		return nil, "", err
	}
	name, err := c.appName(ctx, s)
	return s, name, err
}

// targetApp gives the app that a verb is about, as it is now.
func (c *cli) targetApp(ctx context.Context) (*client.App, error) {
	s, name, err := c.target(ctx)
	if err != nil {
		return nil, err
	}
	return ok(s.api.GetAppWithResponse(ctx, name))
}
