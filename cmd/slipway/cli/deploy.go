package cli

import (
	"context"
	"crypto/rand"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/builder/source"
	"github.com/slipway-paas/slipway/client"
)

// ways counts what was given.
func ways(given ...bool) (n int) {
	for _, is := range given {
		if is {
			n++
		}
	}
	return n
}

// once makes an idempotency key.
func once() *string { return new(rand.Text()) }

type deployFlags struct {
	image, git, example, message string
	detach                       bool
}

func (c *cli) deploy() *cobra.Command {
	var f deployFlags
	cmd := &cobra.Command{
		Use:   "deploy [FOLDER]",
		Short: "Deploy a folder, an image, or the app's git repository",
		Long: `Sends the current folder, or the one you name, builds it and makes it live. In a
git repository the files are those that git tracks or would track, with your
uncommitted changes; .slipwayignore leaves out more.

The log is shown until the deployment ends, and the command fails if it does.
Ctrl-C stops the showing, not the deployment.`,
		Example: "  slipway deploy\n  slipway deploy --image nginx:1.29\n  slipway deploy --git\n  slipway deploy --git=v1.2.0",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			byGit := cmd.Flags().Changed("git")
			if ways(len(given) == 1, f.image != "", byGit, f.example != "") > 1 {
				return usage(cmd, "give one of a folder, --image, --git and --example")
			}
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			body := client.CreateDeployment{Image: optional(f.image), Example: optional(f.example), Description: optional(f.message)}
			switch {
			case byGit:
				body.Git = &client.DeployGit{Ref: optional(strings.TrimSpace(f.git))}
			case f.image == "" && f.example == "":
				dir := "."
				if len(given) == 1 {
					dir = given[0]
				}
				if body.SourceID, err = c.upload(cmd.Context(), s, app, dir); err != nil {
					return err
				}
				if body.Description == nil {
					body.Description = optional(describe(cmd.Context(), dir))
				}
			}
			d, err := accepted(s.api.CreateDeploymentWithResponse(cmd.Context(), app, &client.CreateDeploymentParams{IdempotencyKey: once()}, body))
			if err != nil {
				return err
			}
			return c.finish(cmd.Context(), s, d, f.detach)
		},
	}
	cmd.Flags().StringVar(&f.image, "image", "", "deploy this image reference")
	cmd.Flags().StringVar(&f.git, "git", "", "deploy from the app's git URL: its tracked branch, or --git=REF")
	cmd.Flags().Lookup("git").NoOptDefVal = " " // --git without a value
	cmd.Flags().StringVar(&f.example, "example", "", "deploy an example that the server carries: static-site, spa, or broken, which fails on purpose")
	cmd.Flags().StringVarP(&f.message, "message", "m", "", "what changed, for the list of releases")
	cmd.Flags().BoolVar(&f.detach, "detach", false, "return at once instead of following the log")
	return c.appFlag(cmd)
}

// upload packs a folder and sends it. The archive goes through a file, so that
// a folder that cannot be packed sends nothing.
func (c *cli) upload(ctx context.Context, s *session, app, dir string) (id *string, err error) {
	if _, err := ok(s.api.GetAppWithResponse(ctx, app)); err != nil {
		return nil, hintCreate(err, app)
	}
	file, err := os.CreateTemp("", "slipway-source-*.tar.gz")
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}()
	packed, err := source.Pack(ctx, dir, file, source.Limits{})
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, 0); err != nil {
		return nil, err
	}
	c.note("Sending %d files, %s packed", packed.Files, bytesOf(info.Size()))
	stored, err := created(s.api.UploadSourceWithBodyWithResponse(ctx, app, &client.UploadSourceParams{IdempotencyKey: once()}, "application/gzip", file))
	if err != nil {
		return nil, err
	}
	return &stored.SourceID, nil
}

// describe names the commit that a folder is at, "" outside a repository.
func describe(ctx context.Context, dir string) string {
	head, err := git(ctx, "-C", dir, "log", "-1", "--format=%h %s")
	if err != nil {
		return ""
	}
	if dirty, err := git(ctx, "-C", dir, "status", "--porcelain", "--", "."); err == nil && dirty != "" {
		head += " (with changes)"
	}
	return shorten(head, 200)
}
