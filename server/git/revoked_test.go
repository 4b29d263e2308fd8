package git_test

import (
	"bufio"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/server/accounts"
	"github.com/slipway-paas/slipway/server/live"
)

// A push that waits for another is refused when its token is revoked meanwhile.
func TestRevokedWhileWaiting(t *testing.T) {
	d := newDoor(t)
	run(t, folder(t, "index.html", ""), "push", d.remote("hello"), "main:other")
	ctx, cancel := patience()
	defer cancel()

	first := gitCommand(t, folder(t, "HOLD", "", "FAIL", "not this one"), "push", "-f", d.remote("hello"), "main:other")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	awaitDeployment(ctx, t, d, "#2 other building")

	second := gitCommand(t, folder(t, "index.html", "two"), "push", "-f",
		strings.Replace(d.url, "http://", "http://ann:"+d.tokens["DEPLOYER"]+"@", 1)+"/hello.git", "main:other")
	stderr, err := second.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(stderr)
	waits := false
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if !waits && strings.Contains(lines.Text(), "Waiting for another push") {
			waits = true
			revoke(ctx, t, d, "DEPLOYER")
			d.yard.let()
		}
	}
	if err := second.Wait(); err == nil || !waits || !strings.Contains(said.String(), "this API token is not valid") {
		t.Errorf("%v: %s", err, said.String())
	}
	if err := first.Wait(); err == nil {
		t.Error("a push that does not build succeeded")
	}
	if deployed, err := d.deployments(ctx, "hello"); err != nil || len(deployed) != 2 {
		t.Errorf("%v, %v", deployed, err)
	}
}

func awaitDeployment(ctx context.Context, t *testing.T, d *door, beginning string) {
	t.Helper()
	if err := eventually(ctx, func() (bool, error) {
		lines, err := d.deployments(ctx, "hello")
		return strings.Contains(strings.Join(lines, "\n"), beginning), err
	}); err != nil {
		t.Fatal(err)
	}
}

func revoke(ctx context.Context, t *testing.T, d *door, name string) {
	t.Helper()
	people := accounts.New(d.store, live.NewHub(0), slog.New(slog.DiscardHandler))
	tokens, err := people.Tokens(ctx, d.ann)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range tokens {
		if token.Name == name {
			if err := people.RevokeToken(ctx, d.ann, token.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
}
