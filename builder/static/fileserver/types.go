package fileserver

import (
	"net/http"
	"path"
	"regexp"
	"strings"
)

// types maps file endings to content types. The table is our own because an
// image made from nothing has no /etc/mime.types.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".htm": "text/html; charset=utf-8",
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
	".json": "application/json", ".map": "application/json", ".jsonld": "application/ld+json", ".webmanifest": "application/manifest+json",
	".xml": "application/xml", ".rss": "application/rss+xml", ".atom": "application/atom+xml", ".xhtml": "application/xhtml+xml",
	".txt": "text/plain; charset=utf-8", ".md": "text/markdown; charset=utf-8", ".csv": "text/csv; charset=utf-8", ".ics": "text/calendar; charset=utf-8",
	".yaml": "application/yaml", ".yml": "application/yaml", ".toml": "application/toml", ".vtt": "text/vtt; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
	".avif": "image/avif", ".ico": "image/x-icon", ".bmp": "image/bmp", ".tif": "image/tiff", ".tiff": "image/tiff", ".jxl": "image/jxl",
	".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".otf": "font/otf", ".eot": "application/vnd.ms-fontobject",
	".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg", ".wav": "audio/wav", ".flac": "audio/flac",
	".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".ogv": "video/ogg", ".mov": "video/quicktime",
	".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t",
	".wasm": "application/wasm", ".pdf": "application/pdf", ".zip": "application/zip", ".gz": "application/gzip", ".tgz": "application/gzip",
	".tar": "application/x-tar", ".7z": "application/x-7z-compressed", ".xz": "application/x-xz", ".zst": "application/zstd",
	".epub": "application/epub+zip", ".glb": "model/gltf-binary", ".gltf": "model/gltf+json",
	".doc": "application/msword", ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".asc": "text/plain; charset=utf-8", ".log": "text/plain; charset=utf-8", ".sh": "text/plain; charset=utf-8",
}

// TypeOf gives the content type of a file by its name, or by its first bytes
// when the name says nothing.
func TypeOf(name string, head []byte) string {
	if known, ok := types[strings.ToLower(path.Ext(name))]; ok {
		return known
	}
	// The sniffer finds markup in nameless text; browsers must not run that.
	if sniffed := http.DetectContentType(head); !strings.HasPrefix(sniffed, "text/") && !strings.Contains(sniffed, "xml") {
		return sniffed
	}
	return "text/plain; charset=utf-8"
}

// Compressible says whether files of a content type get smaller.
func Compressible(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch kind {
	case "image/svg+xml", "image/x-icon", "image/bmp", "application/wasm", "font/ttf", "font/otf", "application/vnd.ms-fontobject", "application/toml", "application/yaml":
		return true
	}
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "xml")
}

var (
	hexHash    = regexp.MustCompile(`[.-]([0-9a-f]{8,})\.`)
	base64Hash = regexp.MustCompile(`[.-]([0-9A-Za-z_]{8,})\.`)
)

// HashedName says whether a name carries a hash of the content, as bundlers
// write it: app.3f2a9c1b.js, index-BkX3f9aD.css. It errs on the side of no,
// since a yes keeps browsers from ever asking again.
func HashedName(name string) bool {
	base := path.Base(name)
	if ext := path.Ext(base); ext == "" || strings.HasPrefix(types[ext], "text/html") {
		return false
	}
	if m := hexHash.FindStringSubmatch(base); m != nil {
		return strings.ContainsAny(m[1], "0123456789") && strings.ContainsAny(m[1], "abcdef")
	}
	if m := base64Hash.FindStringSubmatch(base); m != nil {
		word := m[1]
		return strings.ContainsAny(word, "0123456789") && strings.ToLower(word) != word && strings.ToUpper(word) != word
	}
	return false
}
