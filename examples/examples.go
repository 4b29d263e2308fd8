// Package examples holds the apps that the dashboard offers in one click: those
// of this folder that need neither a compiler nor an image from a registry.
package examples

import (
	"archive/tar"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"
)

//go:embed static-site spa broken
var folders embed.FS

// Example is an app to try.
type Example struct {
	Name        string // of its folder
	Title       string
	Description string // one sentence
	Builder     string // that makes its image
	Broken      bool   // fails on purpose: it is for an app that is live already
}

// All lists the examples, those to begin with first.
func All() []Example {
	return []Example{
		{
			Name: "static-site", Title: "Static site", Builder: "static",
			Description: "A folder of files: a page, its style, and what answers for an address that is not there.",
		},
		{
			Name: "spa", Title: "Single-page app", Builder: "static",
			Description: "One page that shows every address itself, switched on with two lines of slipway.yaml.",
		},
		{
			Name: "broken", Title: "A version that does not start", Builder: "dockerfile", Broken: true,
			Description: "Its image builds and its program is missing: what is live goes on serving.",
		},
	}
}

// Find gives the example of a name, and whether there is one.
func Find(name string) (Example, bool) {
	all := All()
	i := slices.IndexFunc(all, func(e Example) bool { return e.Name == name })
	if i < 0 {
		return Example{}, false
	}
	return all[i], true
}

// Tar writes the example's files as a plain tar, the same bytes each time. It
// fails only when w does.
func (e Example) Tar(w io.Writer) error {
	root, err := fs.Sub(folders, e.Name)
	if err != nil {
		return err
	}
	out := tar.NewWriter(w)
	err = fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		head := &tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: 0o644, Size: int64(len(content)), ModTime: time.Unix(0, 0)}
		if err := out.WriteHeader(head); err != nil {
			return err
		}
		_, err = out.Write(content)
		return err
	})
	if err != nil {
		return fmt.Errorf("packing the example %s: %w", e.Name, err)
	}
	return out.Close()
}
