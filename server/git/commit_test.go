package git_test

import (
	"strings"
	"testing"
)

// A pack of a few KiB can hold a commit whose message is endless. It is refused
// before it is read.
func TestEndlessMessage(t *testing.T) {
	d := newDoor(t)
	work := folder(t, "index.html", "")
	write := gitCommand(t, work, "commit", "--allow-empty", "-q", "-F", "-")
	write.Stdin = strings.NewReader("Say hello\n\n" + strings.Repeat("and again ", 200_000))
	if out, err := write.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := gitCommand(t, work, "push", d.remote("hello"), "main").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "at most 1048576 are taken") {
		t.Errorf("%v: %s", err, out)
	}
	ctx, cancel := patience()
	defer cancel()
	if lines, err := d.deployments(ctx, "hello"); err == nil {
		t.Errorf("it was deployed: %v", lines)
	}
}
