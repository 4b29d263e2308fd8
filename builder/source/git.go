package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var fullHash = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// gitEnv gives git an environment that depends on nobody's settings: no system
// or user configuration, no prompts, no hooks, no helpers. The settings go
// through the environment, which unlike arguments other users cannot read.
func gitEnv(settings [][2]string, extra ...string) []string {
	settings = append([][2]string{
		{"safe.directory", "*"},
		{"core.hooksPath", "/dev/null"},
		{"core.fsmonitor", "false"},
		{"credential.helper", ""},
		{"gc.auto", "0"},
		{"maintenance.auto", "false"},
		{"submodule.recurse", "false"},
		{"transfer.bundleURI", "false"},
		{"http.lowSpeedLimit", "1000"}, // bytes a second, over 30 s
		{"http.lowSpeedTime", "30"},
	}, settings...)
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=/nonexistent",
		"LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_OPTIONAL_LOCKS=0",
		"GIT_CONFIG_COUNT=" + strconv.Itoa(len(settings)),
	}
	for _, proxy := range []string{"http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"} {
		if value, ok := os.LookupEnv(proxy); ok {
			env = append(env, proxy+"="+value)
		}
	}
	for i, setting := range settings {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, setting[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, setting[1]))
	}
	return append(env, extra...)
}

// gitError is a git command that failed, with what it complained about.
type gitError struct {
	verb      string
	complaint string
	err       error
}

func (e *gitError) Error() string { return "git " + e.verb + ": " + e.err.Error() + ": " + e.complaint }
func (e *gitError) Unwrap() error { return e.err }

// runGit runs git to its end. When ctx ends, git and whatever it started are
// killed before runGit returns.
func runGit(ctx context.Context, env []string, stdout io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Env = env
	cmd.Stdout = stdout
	complaint := &tail{}
	cmd.Stderr = complaint
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second // a helper that escaped its group must not hold us by a pipe
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("git is not installed on this server: %w", err)
	}
	return &gitError{verb: verbOf(args), complaint: complaint.String(), err: err}
}

func verbOf(args []string) string {
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") {
			return arg
		}
	}
	return ""
}

// tail keeps the last bytes of what was written to it.
type tail struct{ kept []byte }

const tailBytes = 8 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if extra := len(t.kept) - tailBytes; extra > 0 {
		t.kept = append([]byte(nil), t.kept[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	return strings.ToValidUTF8(string(bytes.TrimSpace(t.kept)), "\uFFFD")
}

// Archive writes the tree of a commit to w as a tar that Extract takes. env
// adds to git's environment: within a pre-receive hook, the variables that
// lead to the quarantined objects.
func Archive(ctx context.Context, repoDir, commit string, env []string, w io.Writer) error {
	if !fullHash.MatchString(commit) {
		return refuse("%q is not a full commit hash", commit)
	}
	err := runGit(ctx, gitEnv(nil, env...), w, "--git-dir="+repoDir, "archive", "--format=tar", commit, "--")
	var failed *gitError
	if errors.As(err, &failed) && (strings.Contains(failed.complaint, "not a valid object") || strings.Contains(failed.complaint, "not a tree object")) {
		return refuse("there is no commit %s in the repository", commit)
	}
	if failed != nil && strings.Contains(failed.complaint, "No space left on device") {
		return fmt.Errorf("%w: %w", syscall.ENOSPC, err) // git writes to the file by itself, and only says it
	}
	return err
}
