package source

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/slipway-paas/slipway/builder"
)

// ignoreFile lists what not to pack, in the syntax of a .dockerignore.
const ignoreFile = ".slipwayignore"

// Packed says what Pack wrote.
type Packed struct {
	Files int
	Bytes int64 // of all files together, before compression
	Git   bool  // git chose the files
}

// Pack writes a directory to w as a tar.gz that Extract takes. Within a git
// work tree it packs what git tracks or would track, elsewhere everything;
// less what .slipwayignore names. Symlinks are packed as links, never
// followed, and one that leads out of dir is refused.
func Pack(ctx context.Context, dir string, w io.Writer, limits Limits) (Packed, error) {
	limits = limits.orDefault()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Packed{}, fmt.Errorf("open %s: %w", dir, err)
	}
	defer func() { _ = root.Close() }()
	names, byGit, err := list(ctx, root, dir)
	if err != nil {
		return Packed{}, err
	}
	names, err = withoutIgnored(root, names)
	if err != nil {
		return Packed{}, err
	}
	if len(names) > limits.Files {
		return Packed{}, refuse("there are over %d files to send; name what is not needed in %s", limits.Files, ignoreFile)
	}
	zipped, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return Packed{}, err
	}
	p := &packing{ctx: ctx, root: root, archive: tar.NewWriter(zipped), limits: limits, packed: Packed{Git: byGit}}
	for _, name := range names {
		if err := p.add(name); err != nil {
			return p.packed, err
		}
	}
	return p.packed, errors.Join(p.archive.Close(), zipped.Close())
}

// list names the files of dir in order, with slashes.
func list(ctx context.Context, root *os.Root, dir string) (names []string, byGit bool, err error) {
	names, err = listGit(ctx, dir)
	if err == nil {
		names, err = unfold(root, names)
		return names, true, err
	}
	if inWorkTree(dir) {
		return nil, false, fmt.Errorf("ask git for the files to send: %w", err)
	}
	names, err = walk(root, ".")
	return names, false, err
}

func listGit(ctx context.Context, dir string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--")
	cmd.Dir = dir
	// These would make git look elsewhere when a git hook calls us.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, "GIT_DIR=") || strings.HasPrefix(entry, "GIT_WORK_TREE=") || strings.HasPrefix(entry, "GIT_INDEX_FILE=")
	})
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("git ls-files: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	names := strings.Split(strings.TrimSuffix(out.String(), "\x00"), "\x00")
	if out.Len() == 0 {
		names = nil
	}
	slices.Sort(names)
	return slices.Compact(names), nil // a conflict lists a file several times
}

// unfold walks what git lists as one name though it is a directory: submodules
// and repositories within the repository. It drops what was deleted.
func unfold(root *os.Root, names []string) ([]string, error) {
	var all []string
	for _, name := range names {
		name = strings.TrimSuffix(name, "/")
		info, err := root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			all = append(all, name)
			continue
		}
		within, err := walk(root, name)
		if err != nil {
			return nil, err
		}
		all = append(all, within...)
	}
	return all, nil
}

func inWorkTree(dir string) bool {
	for at, err := filepath.Abs(dir); err == nil; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return true
		}
		if at == filepath.Dir(at) {
			return false
		}
	}
	return false
}

func walk(root *os.Root, from string) ([]string, error) {
	var names []string
	err := fs.WalkDir(root.FS(), from, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case isGit(name) && entry.IsDir():
			return fs.SkipDir
		case isGit(name) || entry.IsDir():
			return nil
		}
		names = append(names, name)
		return nil
	})
	return names, err
}

func withoutIgnored(root *os.Root, names []string) ([]string, error) {
	text, err := root.ReadFile(ignoreFile)
	if errors.Is(err, fs.ErrNotExist) {
		return names, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ignoreFile, err)
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(text))
	if err != nil {
		return nil, refuse("%s: %v", ignoreFile, err)
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, refuse("%s: %v", ignoreFile, err)
	}
	var kept []string
	for _, name := range names {
		ignored, err := matcher.MatchesOrParentMatches(name)
		if err != nil {
			return nil, refuse("%s: %v", ignoreFile, err)
		}
		if !ignored {
			kept = append(kept, name)
		}
	}
	return kept, nil
}

type packing struct {
	ctx     context.Context
	root    *os.Root
	archive *tar.Writer
	limits  Limits
	packed  Packed
}

func (p *packing) add(name string) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	if _, err := cleanName(name); err != nil {
		return err
	}
	info, err := p.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was deleted meanwhile
	}
	if err != nil {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		err = p.link(name, info)
	case info.Mode().IsRegular():
		err = p.file(name, info)
	default:
		return nil // sockets and pipes are nobody's source
	}
	p.packed.Files++
	return err
}

func (p *packing) link(name string, info fs.FileInfo) error {
	target, err := p.root.Readlink(name)
	if err != nil {
		return err
	}
	if path.IsAbs(target) || !filepath.IsLocal(path.Join(path.Dir(name), target)) {
		return &builder.Failure{Message: fmt.Sprintf("the link %q leads out of the directory, to %q; name it in %s to leave it out", name, target, ignoreFile)}
	}
	return p.archive.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777, ModTime: info.ModTime()})
}

func (p *packing) file(name string, info fs.FileInfo) error {
	p.packed.Bytes += info.Size()
	if p.packed.Bytes > p.limits.Bytes {
		return refuse("there is over %d MB to send; name what is not needed in %s", p.limits.Bytes>>20, ignoreFile)
	}
	mode := int64(0o644)
	if info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	file, err := p.root.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: mode, ModTime: info.ModTime()}
	if err := p.archive.WriteHeader(header); err != nil {
		return err
	}
	n, err := io.Copy(p.archive, io.LimitReader(file, info.Size()))
	if err == nil && n < info.Size() {
		return fmt.Errorf("%s became shorter while it was packed", name)
	}
	return err
}
