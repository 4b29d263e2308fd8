package fileserver

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Handler serves a site. It is safe for concurrent use.
type Handler struct {
	dir  string
	site Site
	dirs map[string]bool // directories that have an index.html
}

// NewHandler makes a Handler for the site whose manifest and files lie in dir.
func NewHandler(dir string, site Site) *Handler {
	h := &Handler{dir: dir, site: site, dirs: map[string]bool{}}
	for name := range site.Files {
		if path.Base(name) == indexName {
			h.dirs[path.Dir(name)] = true
		}
	}
	return h
}

const indexName = "index.html"

// ServeHTTP answers GET and HEAD.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if clean := cleanPath(r.URL.Path); clean != r.URL.Path {
		redirect(w, r, clean)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" || strings.HasSuffix(name, "/") {
		name += indexName
	}
	if file, ok := h.site.Files[name]; ok {
		h.serve(w, r, name, file)
		return
	}
	if h.dirs[name] {
		redirect(w, r, r.URL.Path+"/")
		return
	}
	h.missing(w, r)
}

// cleanPath removes what has no meaning in a path, and keeps a last slash.
func cleanPath(p string) string {
	clean := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

// redirect stays on this host: to begins with a single slash.
func redirect(w http.ResponseWriter, r *http.Request, to string) {
	target := url.URL{Path: to, RawQuery: r.URL.RawQuery}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Location", target.EscapedPath()+query(target.RawQuery))
	w.WriteHeader(http.StatusMovedPermanently)
}

func query(raw string) string {
	if raw == "" {
		return ""
	}
	return "?" + raw
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, name string, file File) {
	encoding := ""
	header := w.Header()
	if len(file.Encoded) > 0 {
		header.Set("Vary", "Accept-Encoding")
		// A part of a file is a part of it as it is: ranges of two encodings
		// would not fit together.
		if r.Header.Get("Range") == "" {
			encoding = negotiate(strings.Join(r.Header.Values("Accept-Encoding"), ","), file)
		}
	}
	content, err := h.open(name, encoding)
	if err != nil {
		fail(w, err)
		return
	}
	defer func() { _ = content.Close() }()
	header.Set("Content-Type", file.Type)
	header.Set("ETag", etag(file, encoding))
	header.Set("Cache-Control", "no-cache")
	if file.Immutable {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
		header.Set("Content-Length", strconv.FormatInt(file.Encoded[encoding], 10))
	}
	http.ServeContent(w, r, "", time.Time{}, content)
}

func etag(file File, encoding string) string {
	if encoding == "" {
		return `"` + file.Hash + `"`
	}
	return `"` + file.Hash + "-" + encoding + `"`
}

func (h *Handler) open(name, encoding string) (*os.File, error) {
	dir := PlainDir
	if encoding != "" {
		dir = encoding
	}
	return os.Open(filepath.Join(h.dir, dir, filepath.FromSlash(name)))
}

// missing answers for a path that no file has. In a single-page site the
// browser knows the way; but a missing script is not answered with a page.
func (h *Handler) missing(w http.ResponseWriter, r *http.Request) {
	_, isAsset := types[strings.ToLower(path.Ext(r.URL.Path))]
	if index, ok := h.site.Files[indexName]; ok && h.site.SPA && !isAsset {
		h.serve(w, r, indexName, index)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	file, ok := h.site.Files[h.site.NotFound]
	if !ok {
		http.Error(w, "404 page not found", http.StatusNotFound)
		return
	}
	content, err := h.open(h.site.NotFound, "")
	if err != nil {
		fail(w, err)
		return
	}
	defer func() { _ = content.Close() }()
	w.Header().Set("Content-Type", file.Type)
	w.Header().Set("Content-Length", strconv.FormatInt(file.Size, 10))
	w.WriteHeader(http.StatusNotFound)
	if r.Method == http.MethodGet {
		_, _ = io.Copy(w, content) // an error here is the client's going away
	}
}

func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, fs.ErrNotExist) {
		status = http.StatusNotFound
	}
	http.Error(w, http.StatusText(status), status)
}
