package static

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/builder/static/fileserver"
)

const (
	minCompress = 512      // bytes; below it the headers outweigh what is saved
	maxCompress = 32 << 20 // bytes; held in memory while compressed
)

// leftOut are files at the root of a source that are about the site and not of
// it. Names that start with a dot are left out everywhere, but .well-known.
var leftOut = []string{"slipway.yaml", "Procfile", "Dockerfile", "node_modules"}

// preparation turns a folder of a source into what the image holds.
type preparation struct {
	plan  builder.StaticPlan
	stage string

	mu      sync.Mutex
	site    fileserver.Site
	skipped []string
	plain   int64 // bytes of the files that were compressed, before
	packed  int64 // and the smallest form of each
}

func (p *preparation) run(ctx context.Context, src, dir string) error {
	root, err := os.OpenRoot(src)
	if err != nil {
		return fmt.Errorf("open the source: %w", err)
	}
	defer func() { _ = root.Close() }()
	names, err := p.list(root, dir)
	if err != nil {
		return err
	}
	p.site.Files = make(map[string]fileserver.File, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, name := range names {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return p.file(root, dir, name)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := p.settle(dir); err != nil {
		return err
	}
	manifest, err := json.Marshal(p.site)
	if err != nil {
		return err
	}
	return p.write(fileserver.ManifestName, bytes.NewReader(manifest))
}

// list names the files of the site, relative to its folder.
func (p *preparation) list(root *os.Root, dir string) ([]string, error) {
	var names []string
	err := fs.WalkDir(root.FS(), dir, func(full string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if full == dir {
			return nil
		}
		name := full
		if dir != "." {
			name = strings.TrimPrefix(full, dir+"/")
		}
		if hidden(dir, name) {
			p.skipped = append(p.skipped, name)
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return nil
		}
		info, err := root.Stat(full)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ELOOP):
			p.skipped = append(p.skipped, name) // a link to nothing
		case err != nil:
			return &builder.Failure{Message: fmt.Sprintf("%s is a link that leads out of the source", full), Err: err}
		case info.Mode().IsRegular():
			names = append(names, name)
		default:
			p.skipped = append(p.skipped, name)
		}
		return nil
	})
	return names, err
}

func hidden(dir, name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, ".") && base != ".well-known" || dir == "." && slices.Contains(leftOut, name)
}

func (p *preparation) file(root *os.Root, dir, name string) error {
	in, err := root.Open(path.Join(dir, name))
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	defer func() { _ = in.Close() }()
	head := make([]byte, 512)
	n, err := io.ReadFull(in, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read %s: %w", name, err)
	}
	head = head[:n]
	file := fileserver.File{Type: fileserver.TypeOf(name, head), Immutable: fileserver.HashedName(name)}
	sum, count := sha256.New(), &counter{}
	var content bytes.Buffer
	sinks := []io.Writer{sum, count}
	if fileserver.Compressible(file.Type) {
		sinks = append(sinks, &capped{&content, maxCompress})
	}
	if err := p.write(path.Join(fileserver.PlainDir, name), io.TeeReader(io.MultiReader(bytes.NewReader(head), in), io.MultiWriter(sinks...))); err != nil {
		return err
	}
	file.Size, file.Hash = count.n, hex.EncodeToString(sum.Sum(nil)[:16])
	if int64(content.Len()) == file.Size && file.Size >= minCompress {
		if err := p.compress(name, content.Bytes(), &file); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.site.Files[name] = file
	return nil
}

// compress keeps a compressed form where it saves at least a twentieth.
func (p *preparation) compress(name string, content []byte, file *fileserver.File) error {
	smallest := file.Size
	for _, encoding := range []string{"gzip", "zstd"} {
		var out bytes.Buffer
		if err := encode(encoding, &out, content); err != nil {
			return fmt.Errorf("compress %s: %w", name, err)
		}
		size := int64(out.Len())
		if size > file.Size-file.Size/20 {
			continue
		}
		if err := p.write(path.Join(encoding, name), &out); err != nil {
			return err
		}
		if file.Encoded == nil {
			file.Encoded = map[string]int64{}
		}
		file.Encoded[encoding] = size
		smallest = min(smallest, size)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if smallest < file.Size {
		p.plain, p.packed = p.plain+file.Size, p.packed+smallest
	}
	return nil
}

func encode(encoding string, out io.Writer, content []byte) error {
	var w io.WriteCloser
	var err error
	if encoding == "zstd" {
		// Browsers refuse windows of over 8 MiB.
		w, err = zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(8<<20), zstd.WithEncoderConcurrency(1))
	} else {
		w, err = gzip.NewWriterLevel(out, gzip.BestCompression)
	}
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return errors.Join(err, w.Close())
}

func (p *preparation) write(name string, content io.Reader) error {
	full := filepath.Join(p.stage, "srv", filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// settle decides what depends on all files being known.
func (p *preparation) settle(dir string) error {
	p.site.SPA = p.plan.SPA
	p.site.NotFound = p.plan.NotFound
	_, hasIndex := p.site.Files["index.html"]
	switch {
	case len(p.site.Files) == 0:
		return &builder.Failure{Message: fmt.Sprintf("the folder %s has no files to serve", dir)}
	case p.site.SPA && !hasIndex:
		return &builder.Failure{Message: fmt.Sprintf("slipway.yaml asks for spa, and there is no index.html in %s", dir)}
	case p.site.NotFound == "":
		if _, ok := p.site.Files["404.html"]; ok {
			p.site.NotFound = "404.html"
		}
	default:
		if _, ok := p.site.Files[p.site.NotFound]; !ok {
			return &builder.Failure{Message: fmt.Sprintf("slipway.yaml names the page %s for what is not found, and it is not in %s", p.site.NotFound, dir)}
		}
	}
	return nil
}

func (p *preparation) summary() []string {
	lines := []string{fmt.Sprintf("%d files", len(p.site.Files))}
	if p.plain > 0 {
		lines[0] += fmt.Sprintf(", text compressed from %d to %d KB", (p.plain+1023)>>10, (p.packed+1023)>>10)
	}
	if n := len(p.skipped); n > 0 {
		shown := p.skipped[:min(n, 5)]
		more := ""
		if n > len(shown) {
			more = fmt.Sprintf(" and %d more", n-len(shown))
		}
		lines = append(lines, "left out: "+strings.Join(shown, ", ")+more)
	}
	if _, ok := p.site.Files["index.html"]; !ok {
		lines = append(lines, "there is no index.html: the site's root will answer 404")
	}
	return lines
}

type counter struct{ n int64 }

// Write counts.
func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// capped keeps up to its limit and drops the rest.
type capped struct {
	kept  *bytes.Buffer
	limit int
}

// Write never fails.
func (c *capped) Write(p []byte) (int, error) {
	c.kept.Write(p[:min(len(p), c.limit-c.kept.Len())])
	return len(p), nil
}
