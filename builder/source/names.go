package source

import (
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cleanName brings the name of an entry into the form a/b/c.
func cleanName(name string) (string, error) {
	if err := checkText(name); err != nil {
		return "", err
	}
	if path.IsAbs(name) {
		return "", refuse("the path %q is absolute", name)
	}
	clean := path.Clean(name)
	switch {
	case name == "" || !filepath.IsLocal(clean) || strings.Contains("/"+name+"/", "/../"):
		return "", refuse("the path %q leads out of the source", name)
	case len(clean) > maxPath || strings.Count(clean, "/") >= maxDepth:
		return "", refuse("the path %.60q… is too long or too deep", clean)
	}
	for part := range strings.SplitSeq(clean, "/") {
		if len(part) > 255 {
			return "", refuse("the name %.60q… has over 255 bytes", part)
		}
	}
	return clean, nil
}

func checkText(name string) error {
	if !utf8.ValidString(name) {
		return refuse("the name %q is not UTF-8", name)
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return refuse("the name %q has control characters", name)
	}
	return nil
}

// isGit says whether a path is git's own: the repository itself, or the file
// that points to one in a submodule.
func isGit(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.EqualFold(part, ".git") {
			return true
		}
	}
	return false
}
