package source

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/builder"
)

// Why a fetch failed; in the chain of the *builder.Failure that says so.
var (
	ErrAuthentication = errors.New("authentication failed")
	ErrNoSuchRef      = errors.New("no such ref")
	ErrNoSuchRemote   = errors.New("no such repository")
	ErrUnreachable    = errors.New("host unreachable")
)

// Credential lets one in at a git remote: a deploy key over ssh, a token over
// https, or nothing for what is public.
type Credential struct {
	DeployKey []byte // private key, PEM
	Token     string
}

// FetchRequest says what to fetch and where to put it.
type FetchRequest struct {
	URL        string
	Ref        string // branch, tag, full ref or full commit hash; "" for the remote's HEAD
	Credential Credential
	Dir        string        // the bare repository to make; must not exist
	KnownHosts string        // file that remembers the keys of ssh hosts between fetches
	AllowFile  bool          // take file:///path, for those who run the server
	MaxBytes   int64         // of what is fetched, packed; 0 for 2 GiB
	Timeout    time.Duration // 0 for 5 minutes
}

// Fetched is what came.
type Fetched struct {
	Commit  string // full hash
	Ref     string // full name, such as refs/heads/main; "" for a bare hash
	Subject string // first line of the message
	Author  string
}

const (
	fetchTimeout = 5 * time.Minute
	fetchedRef   = "refs/slipway/fetched"
	maxCommit    = 1 << 20 // bytes of a commit object, which is read into memory and compresses well
)

// Fetch asks the remote what a ref is now and fetches that commit, without
// history, into a new bare repository, from which Archive makes a tar. On an
// error nothing of it is left. A credential appears in no argument, log or
// error. What the remote or the request is to blame for is a *builder.Failure.
func Fetch(ctx context.Context, req FetchRequest) (Fetched, error) {
	from, err := parseURL(req.URL, req.AllowFile)
	if err != nil {
		return Fetched{}, err
	}
	if err := CheckRef(req.Ref); err != nil {
		return Fetched{}, err
	}
	if req.Timeout <= 0 {
		req.Timeout = fetchTimeout
	}
	if req.MaxBytes <= 0 {
		req.MaxBytes = defaultBytes
	}
	access, err := allow(from, req)
	if err != nil {
		return Fetched{}, err
	}
	defer access.revoke()
	timed, cancel := context.WithTimeoutCause(ctx, req.Timeout, errTimeout)
	defer cancel()
	fetched, err := fetch(timed, access, req)
	if err != nil {
		return Fetched{}, errors.Join(explainGit(ctx, err, from, req), os.RemoveAll(req.Dir))
	}
	return fetched, nil
}

var errTimeout = errors.New("the remote took too long")

func fetch(ctx context.Context, a *access, req FetchRequest) (Fetched, error) {
	ref, err := resolve(ctx, a, req)
	if err != nil {
		return Fetched{}, err
	}
	if err := runGit(ctx, a.env, nil, "init", "--quiet", "--bare", "--template=", "--", req.Dir); err != nil {
		return Fetched{}, err
	}
	bounded, stop := limitSize(ctx, req.Dir, req.MaxBytes)
	defer stop()
	err = runGit(bounded, a.env, nil, "--git-dir="+req.Dir, "fetch", "--quiet", "--depth=1", "--no-tags",
		"--no-recurse-submodules", "--no-write-fetch-head", "--", req.URL, "+"+ref+":"+fetchedRef)
	if err != nil {
		return Fetched{}, err
	}
	var size, out bytes.Buffer
	if err := runGit(ctx, a.env, &size, "--git-dir="+req.Dir, "cat-file", "-s", fetchedRef+"^{commit}"); err != nil {
		return Fetched{}, err
	}
	if n, err := strconv.Atoi(strings.TrimSpace(size.String())); err != nil || n > maxCommit {
		return Fetched{}, refuse("the commit's message is over %d bytes", maxCommit)
	}
	err = runGit(ctx, a.env, &out, "--git-dir="+req.Dir, "log", "-1", "--no-show-signature", "--format=%H%x00%s%x00%an", fetchedRef, "--")
	if err != nil {
		return Fetched{}, err
	}
	parts := strings.SplitN(strings.TrimSuffix(strings.ToValidUTF8(out.String(), "\uFFFD"), "\n"), "\x00", 3)
	if len(parts) != 3 {
		return Fetched{}, fmt.Errorf("git log gave %d fields", len(parts))
	}
	fetched := Fetched{Commit: parts[0], Subject: cut(parts[1], 200), Author: cut(parts[2], 100)}
	if !fullHash.MatchString(ref) {
		fetched.Ref = ref
	}
	return fetched, nil
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// resolve gives the full name of the wanted ref as the remote has it now. A
// branch comes before a tag of the same name.
func resolve(ctx context.Context, a *access, req FetchRequest) (string, error) {
	if fullHash.MatchString(req.Ref) {
		return req.Ref, nil
	}
	wanted := []string{"refs/heads/" + req.Ref, "refs/tags/" + req.Ref, req.Ref}
	switch {
	case req.Ref == "":
		wanted = []string{"HEAD"}
	case strings.HasPrefix(req.Ref, "refs/"):
		wanted = []string{req.Ref}
	}
	var out bytes.Buffer
	args := append([]string{"ls-remote", "--quiet", "--symref", "--", req.URL}, wanted...)
	if err := runGit(ctx, a.env, &limitedBuffer{&out, 1 << 20}, args...); err != nil {
		return "", err
	}
	there, head := map[string]bool{}, ""
	for line := range strings.Lines(out.String()) {
		value, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if target, ok := strings.CutPrefix(value, "ref: "); ok && name == "HEAD" {
			head = target
			continue
		}
		there[name] = true
	}
	if req.Ref == "" && there["HEAD"] {
		if head != "" && CheckRef(head) == nil {
			return head, nil
		}
		return "HEAD", nil
	}
	for _, name := range wanted {
		if there[name] && name != "HEAD" {
			return name, nil
		}
	}
	if req.Ref == "" {
		return "", &builder.Failure{Message: "the git remote has no HEAD yet: push something to it, or name a branch", Err: ErrNoSuchRef}
	}
	return "", &builder.Failure{Message: fmt.Sprintf("the git remote has no branch or tag %q", req.Ref), Err: ErrNoSuchRef}
}

// limitedBuffer refuses to grow beyond its limit: what a remote says is its
// own to decide, and what is kept of it is not.
type limitedBuffer struct {
	*bytes.Buffer
	limit int
}

// Write fails at the limit, which ends the command that writes.
func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.limit {
		return 0, errTooLarge
	}
	return b.Buffer.Write(p)
}

// limitSize cancels the context it gives when a directory has grown beyond
// most bytes. git itself has no such bound for what it fetches.
func limitSize(ctx context.Context, dir string, most int64) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if size(dir) > most {
					cancel(errTooLarge)
					return
				}
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

func size(dir string) int64 {
	var sum int64
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // files come and go while git works
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	return sum
}

// access is the environment in which git may reach one remote.
type access struct {
	env    []string
	secret string // directory with the deploy key, "" without
}

func (a *access) revoke() {
	if a.secret != "" {
		_ = os.RemoveAll(a.secret)
	}
}

func allow(from remote, req FetchRequest) (*access, error) {
	settings := [][2]string{{"protocol.allow", "never"}}
	protocols := from.scheme
	if from.scheme == "http" || from.scheme == "https" {
		protocols = "http:https" // a remote may answer http with a redirect to https
	}
	for protocol := range strings.SplitSeq(protocols, ":") {
		settings = append(settings, [2]string{"protocol." + protocol + ".allow", "always"})
	}
	a := &access{}
	if token := req.Credential.Token; token != "" && from.scheme != "ssh" {
		switch {
		case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
			return nil, refuse("the token has characters that no token has")
		case from.scheme == "http" && !from.loopback():
			return nil, refuse("a token over http:// would travel in the clear; use https://")
		case from.scheme == "http" || from.scheme == "https":
			// The user's name is of no account to the common forges.
			basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
			settings = append(settings, [2]string{
				"http." + from.scheme + "://" + from.host + "/.extraHeader", "Authorization: Basic " + basic,
			})
		}
	}
	extra := []string{"GIT_ALLOW_PROTOCOL=" + protocols}
	if from.scheme == "ssh" {
		command, err := a.ssh(req)
		if err != nil {
			a.revoke()
			return nil, err
		}
		extra = append(extra, "GIT_SSH_COMMAND="+command, "GIT_SSH_VARIANT=ssh")
	}
	a.env = gitEnv(settings, extra...)
	return a, nil
}

// ssh gives the command by which git reaches ssh remotes: with the deploy key
// alone, and with host keys that are learned once and must not change.
func (a *access) ssh(req FetchRequest) (string, error) {
	if req.KnownHosts == "" {
		return "", errors.New("fetching over ssh needs a file for known hosts")
	}
	if _, err := exec.LookPath("ssh"); err != nil {
		return "", refuse("this server has no ssh, and ssh:// addresses need it; have the operator install openssh-client")
	}
	words := []string{
		"ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes",
		"-o", "StrictHostKeyChecking=accept-new", "-o", "GlobalKnownHostsFile=/dev/null", "-o", `UserKnownHostsFile="` + req.KnownHosts + `"`,
	}
	if key := req.Credential.DeployKey; len(key) > 0 {
		dir, err := os.MkdirTemp("", "slipway-key-")
		if err != nil {
			return "", fmt.Errorf("keep the deploy key: %w", err)
		}
		a.secret = dir
		file := filepath.Join(dir, "key")
		// ssh refuses a key without a newline at its end.
		if err := os.WriteFile(file, append(bytes.TrimSpace(key), '\n'), 0o600); err != nil {
			return "", fmt.Errorf("keep the deploy key: %w", err)
		}
		words = append(words, "-i", file)
	}
	for i, word := range words {
		words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return strings.Join(words, " "), nil
}
