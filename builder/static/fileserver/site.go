// Package fileserver serves a static site from an image that holds nothing
// else. Whatever can be known beforehand stands in a manifest that is made
// with the image, so that serving needs no guesses: only files of the manifest
// exist. It uses the standard library alone, to keep the binary small.
package fileserver

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Where things lie below the directory that a Handler serves.
const (
	ManifestName = "site.json"
	PlainDir     = "plain" // the files as they are
)

// Site is the manifest.
type Site struct {
	SPA      bool            `json:"spa,omitempty"`       // unknown paths get index.html
	NotFound string          `json:"not_found,omitempty"` // page for unknown paths, a key of Files
	Files    map[string]File `json:"files"`               // by path without a leading slash
}

// File is one file of a site.
type File struct {
	Type      string           `json:"type"` // content type
	Size      int64            `json:"size"` // bytes
	Hash      string           `json:"hash"` // of the content, for the ETag
	Immutable bool             `json:"immutable,omitempty"`
	Encoded   map[string]int64 `json:"encoded,omitempty"` // content encoding to bytes; the file lies below a directory of that name
}

// Load reads the manifest below dir.
func Load(dir string) (Site, error) {
	data, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if err != nil {
		return Site{}, fmt.Errorf("read the site's manifest: %w", err)
	}
	var site Site
	if err := json.Unmarshal(data, &site); err != nil {
		return Site{}, fmt.Errorf("read the site's manifest: %w", err)
	}
	return site, nil
}
