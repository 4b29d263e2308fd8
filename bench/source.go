package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// source is a working copy of somebody who pushes the app: a program, in an
// image FROM scratch, and the version that it says it is.
type source struct {
	dir   string
	count int
}

const dockerfile = "FROM scratch\nCOPY app /app\nCOPY version /version\nENV PORT=8080%s\nEXPOSE 8080\nCMD [\"/app\"]\n"

// newSource makes a working copy. Settings are of the image's environment, as
// in " NAME=value".
func (b *bench) newSource(ctx context.Context, name, settings string) (*source, error) {
	s := &source{dir: filepath.Join(b.dir, "source-"+name)}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, err
	}
	program, err := os.ReadFile(b.app)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(s.dir, "app"), program, 0o755); err != nil {
		return nil, err
	}
	for file, content := range map[string]string{"Dockerfile": fmt.Sprintf(dockerfile, settings), ".dockerignore": "notes\n"} {
		if err := writeFile(filepath.Join(s.dir, file), content); err != nil {
			return nil, err
		}
	}
	if err := s.git(ctx, "init", "-q", "-b", "main"); err != nil {
		return nil, err
	}
	_, err = s.commit(ctx, true)
	return s, err
}

// commit makes a commit: one that changes a layer of the image, or one that
// changes what the image does not hold. It gives the version that is in it.
func (s *source) commit(ctx context.Context, layer bool) (string, error) {
	s.count++
	version := fmt.Sprintf("%d-%d", s.count, time.Now().UnixNano()) // the build cache outlives us
	file := "notes"
	if layer {
		file = "version"
	}
	if err := writeFile(filepath.Join(s.dir, file), version+"\n"); err != nil {
		return "", err
	}
	if err := s.git(ctx, "add", "-A"); err != nil {
		return "", err
	}
	return version, s.git(ctx, "commit", "-q", "-m", "Version "+version)
}

// push pushes main with a password that may be empty.
func (s *source) push(ctx context.Context, url, password string) error {
	return s.git(ctx, "-c", "credential.helper=", "-c", "credential.helper=!f() { echo username=x; echo password="+password+"; }; f",
		"-c", "http.postBuffer=104857600", "push", "-q", url, "main")
}

func (s *source) git(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(),
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w\n%.2000s", args[len(args)-1], err, out)
	}
	return nil
}

// pushApp pushes to an app of the installation.
func (in *installation) pushApp(ctx context.Context, s *source, app string) error {
	return s.push(ctx, in.url+"/"+app+".git", in.token)
}
