package git

import (
	"bytes"
	"context"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/slipway-paas/slipway/models"
)

// maxCommit bounds a commit object, its headers and message, in bytes. A pack of
// a few KiB can hold one that fills the memory.
const maxCommit = 1 << 20

// subject gives the first line of a commit's message. It refuses an object that
// is no commit, and a commit over maxCommit, before reading it.
func (s *Server) subject(ctx context.Context, repository, hash string, env []string) (string, error) {
	ask := func(how string) ([]byte, error) {
		return s.runWith(ctx, env, strings.NewReader(hash+"\n"), "--git-dir="+repository, "cat-file", how)
	}
	out, err := ask("--batch-check")
	if err != nil {
		return "", err
	}
	kind, size, _, err := parseHead(out, hash)
	if err != nil {
		return "", err
	}
	if kind != "commit" {
		return "", models.Invalid("ref", "a branch must point at a commit; this is a %s", kind)
	}
	if size > maxCommit {
		return "", models.Errorf(models.KindTooLarge, "the commit %.12s has a message of %d bytes; at most %d are taken", hash, size, maxCommit)
	}
	if out, err = ask("--batch"); err != nil {
		return "", err
	}
	_, content, err := parseObject(out, hash)
	return parseSubject(content), err
}

// parseObject takes apart what cat-file says of one object: a line with its
// name, kind and size, then itself.
func parseObject(out []byte, hash string) (kind string, content []byte, err error) {
	kind, size, rest, err := parseHead(out, hash)
	if err == nil && size > len(rest) {
		err = models.Invalid("ref", "the pushed commit %.12s cannot be read", hash)
	}
	if err != nil {
		return "", nil, err
	}
	return kind, rest[:size], nil
}

// parseHead takes the first line off, which is all that cat-file says when it
// only checks.
func parseHead(out []byte, hash string) (kind string, size int, rest []byte, err error) {
	head, rest, found := bytes.Cut(out, []byte("\n"))
	fields := strings.Fields(string(head))
	if !found || len(fields) != 3 || fields[0] != hash {
		return "", 0, nil, models.Invalid("ref", "the pushed commit %.12s is not there", hash)
	}
	size, err = strconv.Atoi(fields[2])
	if err != nil || size < 0 {
		return "", 0, nil, models.Invalid("ref", "the pushed commit %.12s cannot be read", hash)
	}
	return fields[1], size, rest, nil
}

// parseSubject gives the first line of a commit's message, which stands behind
// its headers and an empty line.
func parseSubject(commit []byte) string {
	_, message, _ := bytes.Cut(commit, []byte("\n\n"))
	line, _, _ := strings.Cut(strings.TrimSpace(string(message)), "\n")
	line = strings.ToValidUTF8(strings.ReplaceAll(line, "\x00", ""), "�")
	if len(line) > 200 {
		line = strings.ToValidUTF8(line[:200], "") + "…"
	}
	return strings.TrimSpace(line)
}

// quarantine gives the environment in which git sees a push's objects before
// they are accepted. The folder comes from outside, so it must be one that git
// makes inside this repository.
func quarantine(repository, folder string) ([]string, error) {
	if folder == "" {
		return nil, nil
	}
	objects := filepath.Join(repository, "objects")
	if filepath.Dir(filepath.Clean(folder)) != objects {
		return nil, models.Errorf(models.KindInternal, "the pushed objects are not where git keeps them")
	}
	return []string{
		"GIT_OBJECT_DIRECTORY=" + folder,
		"GIT_ALTERNATE_OBJECT_DIRECTORIES=" + listed(objects),
		"GIT_QUARANTINE_PATH=" + folder,
	}, nil
}

// listed writes a path so that it is one element of a list of paths.
func listed(path string) string {
	if !strings.ContainsAny(path, ":\"\\\n") {
		return path
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(path) + `"`
}
