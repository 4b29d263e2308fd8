// Package web holds the built dashboard. The files are made by `npm run build`
// in this folder; a clean clone has none of them, and then Dist is empty but
// for a placeholder, which the server answers with a word on how to build it.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist gives the built files with index.html at the root. Beside each text
// asset stand a .gz and a .br of it where they are smaller. Names under
// assets/ hold a hash of their content and may be cached for ever. Safe for
// concurrent use.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		return dist // cannot happen: "dist" is a valid path
	}
	return sub
}
