package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// dashboard is the built UI: files, and index.html for every other address,
// since the page finds its own way.
type dashboard struct {
	files fs.FS
	index []byte // nil when the UI has not been built
	etag  string
}

func newDashboard(files fs.FS) (*dashboard, error) {
	if files == nil {
		return &dashboard{}, nil
	}
	index, err := fs.ReadFile(files, "index.html")
	if errors.Is(err, fs.ErrNotExist) {
		return &dashboard{}, nil
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(index)
	return &dashboard{files: files, index: index, etag: `"` + hex.EncodeToString(sum[:12]) + `"`}, nil
}

func (a *API) serveUI(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		a.fail(w, r, httpError(http.StatusMethodNotAllowed, "%s cannot be used on %.200s", r.Method, r.URL.Path))
		return
	}
	if a.ui.index == nil {
		a.fail(w, r, httpError(http.StatusNotFound, "this program was built without the dashboard; the API is under %s", apiBase))
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if name != "" && name != "index.html" && fs.ValidPath(name) && a.ui.serveFile(w, r, name) {
		return
	}
	// To git, a page in place of a repository would be a repository in ruins.
	if under("/"+name, "/assets") || strings.Contains(name+"/", ".git/") {
		a.fail(w, r, errNoRoute(r))
		return
	}
	a.ui.serveIndex(w, r)
}

func (d *dashboard) serveIndex(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", d.etag)
	if r.Header.Get("If-None-Match") == d.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	d.send(w, r, d.index)
}

// serveFile serves a file, precompressed if there is such a one beside it and
// the browser takes it. It gives false when there is no such file.
func (d *dashboard) serveFile(w http.ResponseWriter, r *http.Request, name string) bool {
	if info, err := fs.Stat(d.files, name); err != nil || info.IsDir() {
		return false
	}
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	content, encoding := []byte(nil), ""
	for _, c := range []struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !accepts(r.Header.Get("Accept-Encoding"), c.encoding) {
			continue
		}
		if packed, err := fs.ReadFile(d.files, name+c.suffix); err == nil {
			content, encoding = packed, c.encoding
			break
		}
	}
	if encoding == "" {
		var err error
		if content, err = fs.ReadFile(d.files, name); err != nil {
			return false
		}
	}
	contentType := mime.TypeByExtension(path.Ext(name))
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	h.Set("Content-Type", contentType)
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	// The bundler puts a hash of the content into the names under assets/.
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
		sum := sha256.Sum256(content)
		etag := fmt.Sprintf(`"%x"`, sum[:12])
		h.Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	d.send(w, r, content)
	return true
}

func (d *dashboard) send(w http.ResponseWriter, r *http.Request, content []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // that it cannot be sent is the client's doing
	}
}

// accepts says whether an Accept-Encoding header names an encoding and does not
// rule it out with q=0.
func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		q, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		if !ok {
			return true
		}
		weight, err := strconv.ParseFloat(q, 64)
		return err == nil && weight > 0
	}
	return false
}
