// Package source takes source trees in and out: it unpacks archives that
// strangers sent, packs directories, and fetches from git remotes. Whatever is
// wrong with what somebody sent is a *builder.Failure in words for them.
package source

import (
	"archive/tar"
	"bufio"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"

	"github.com/slipway-paas/slipway/builder"
)

// Limits bound a source tree. Zero values mean the defaults.
type Limits struct {
	Files int   // files, directories and links; 200,000
	Bytes int64 // of all files together, unpacked; 2 GiB
}

const (
	defaultFiles = 200_000
	defaultBytes = 2 << 30
	maxDepth     = 100  // directories within each other
	maxPath      = 1024 // bytes of a path inside a source
)

func (l Limits) orDefault() Limits {
	if l.Files <= 0 {
		l.Files = defaultFiles
	}
	if l.Bytes <= 0 {
		l.Bytes = defaultBytes
	}
	return l
}

// Extract unpacks a tar or tar.gz archive into dir, which must not exist or be
// empty. It refuses whatever would reach outside of dir: absolute paths, "..",
// links that lead out; and devices, too much, and names that cannot be kept.
// Anything named .git is left out. Of modes only "executable" is kept. On an
// error, dir is as it was before.
func Extract(ctx context.Context, r io.Reader, dir string, limits Limits) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make room for the source: %w", err)
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), ".partial-")
	if err != nil {
		return fmt.Errorf("make room for the source: %w", err)
	}
	defer func() { _ = os.RemoveAll(partial) }() // it is not there any more after success
	if err := extractInto(ctx, r, partial, limits.orDefault()); err != nil {
		return err
	}
	if err := os.Chmod(partial, 0o755); err != nil {
		return fmt.Errorf("unpack the source: %w", err)
	}
	if err := os.Rename(partial, dir); err != nil {
		return fmt.Errorf("put the source in its place: %w", err)
	}
	return nil
}

func extractInto(ctx context.Context, r io.Reader, dir string, limits Limits) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpack the source: %w", err)
	}
	defer func() { _ = root.Close() }()
	plain, err := decompress(r)
	if err != nil {
		return err
	}
	// Headers and padding have their own allowance; without a bound on the
	// whole stream, entries that are left out could go on for ever.
	whole := limits.Bytes + int64(limits.Files)*2048 + 1<<20
	bounded := &boundedReader{ctx: ctx, r: plain, left: whole}
	x := &extraction{root: root, limits: limits, kinds: map[string]byte{}}
	archive := tar.NewReader(bounded)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return x.checkLinks()
		}
		if err != nil {
			return readError(ctx, err, limits)
		}
		if err := x.entry(header, archive); err != nil {
			return readError(ctx, err, limits)
		}
	}
}

// decompress looks at the first bytes rather than at what the sender claims.
func decompress(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	magic, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	if len(magic) == 0 {
		return nil, refuse("the archive is empty")
	}
	if len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return buffered, nil
	}
	unzipped, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, refuse("the archive is not a valid tar.gz")
	}
	return unzipped, nil
}

var errTooLarge = errors.New("too large")

type boundedReader struct {
	ctx  context.Context
	r    io.Reader
	left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if b.left <= 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, err
}

func readError(ctx context.Context, err error, limits Limits) error {
	var failure *builder.Failure
	switch {
	case errors.As(err, &failure):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errTooLarge):
		return refuse("the source is over %d MB unpacked", limits.Bytes>>20)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return refuse("the archive ends early")
	case errors.Is(err, tar.ErrHeader), errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), isFlate(err):
		return refuse("the archive is damaged, or is not a tar or tar.gz")
	}
	return fmt.Errorf("unpack the source: %w", err)
}

func refuse(format string, args ...any) *builder.Failure {
	return &builder.Failure{Message: fmt.Sprintf(format, args...)}
}

// extraction is one archive being unpacked. kinds knows every path that was
// made, so that nothing is ever written through a link.
type extraction struct {
	root   *os.Root
	limits Limits
	kinds  map[string]byte // tar.TypeReg, TypeDir or TypeSymlink, by clean path
	links  []string
	bytes  int64
}

func (x *extraction) entry(header *tar.Header, content io.Reader) error {
	if header.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name, err := cleanName(header.Name)
	if err != nil {
		return err
	}
	if name == "." || isGit(name) {
		return nil
	}
	if len(x.kinds) >= x.limits.Files {
		return refuse("the source has over %d files", x.limits.Files)
	}
	if header.Typeflag == tar.TypeDir {
		return x.directory(name)
	}
	if err := x.directory(path.Dir(name)); err != nil {
		return err
	}
	// As in tar itself, a later entry takes the place of an earlier one.
	switch x.kinds[name] {
	case tar.TypeDir:
		return refuse("%q is in the archive as a directory and as a file", name)
	case tar.TypeReg, tar.TypeSymlink:
		if err := x.root.Remove(name); err != nil {
			return err
		}
		delete(x.kinds, name)
	}
	switch header.Typeflag {
	case tar.TypeReg, '\x00':
		return x.file(name, header, content)
	case tar.TypeSymlink:
		return x.symlink(name, header.Linkname)
	case tar.TypeLink:
		return x.hardlink(name, header.Linkname)
	}
	return refuse("%q is neither a file, a directory nor a link", name)
}

func (x *extraction) directory(name string) error {
	if name == "." {
		return nil
	}
	switch x.kinds[name] {
	case tar.TypeDir:
		return nil
	case 0:
	default:
		return refuse("%q is in the archive as a directory and as something else", name)
	}
	if err := x.directory(path.Dir(name)); err != nil {
		return err
	}
	x.kinds[name] = tar.TypeDir
	if err := x.root.Mkdir(name, 0o755); err != nil {
		return err
	}
	return x.root.Chmod(name, 0o755) // the server's umask must not decide who may read an image's files
}

func (x *extraction) file(name string, header *tar.Header, content io.Reader) error {
	if header.Size > x.limits.Bytes-x.bytes {
		return errTooLarge
	}
	mode := fs.FileMode(0o644)
	if header.Mode&0o111 != 0 {
		mode = 0o755
	}
	file, err := x.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	x.kinds[name] = tar.TypeReg
	n, err := io.Copy(file, content)
	x.bytes += n
	if err := errors.Join(err, file.Chmod(mode), file.Close()); err != nil {
		return err
	}
	if x.bytes > x.limits.Bytes {
		return errTooLarge
	}
	if at := header.ModTime; at.Unix() > 0 && at.Before(time.Now()) {
		return x.root.Chtimes(name, at, at)
	}
	return nil
}

func (x *extraction) symlink(name, target string) error {
	if err := checkText(target); err != nil || target == "" || len(target) > maxPath {
		return refuse("the link %q has a target that cannot be kept", name)
	}
	if path.IsAbs(target) || !filepath.IsLocal(path.Join(path.Dir(name), target)) {
		return leadsOut(name, target)
	}
	x.kinds[name] = tar.TypeSymlink
	x.links = append(x.links, name)
	return x.root.Symlink(target, name)
}

func (x *extraction) hardlink(name, target string) error {
	target, err := cleanName(target)
	if err != nil {
		return refuse("the link %q leads out of the source", name)
	}
	if x.kinds[target] != tar.TypeReg {
		return refuse("%q is a link to %q, which is not a file before it in the archive", name, target)
	}
	x.kinds[name] = tar.TypeReg
	return x.root.Link(target, name)
}

// checkLinks follows every symlink at the end, when all of them are there: a
// path that stays within the tree by its letters may still leave it through
// another link.
func (x *extraction) checkLinks() error {
	for _, name := range x.links {
		if x.kinds[name] != tar.TypeSymlink {
			continue
		}
		_, err := x.root.Stat(name)
		if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENOTDIR) {
			continue
		}
		target, _ := x.root.Readlink(name)
		return leadsOut(name, target)
	}
	return nil
}

func leadsOut(name, target string) error {
	return refuse("the link %q leads out of the source, to %q", name, target)
}

func isFlate(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.As(err, &corrupt)
}
