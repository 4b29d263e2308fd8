package git

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/slipway-paas/slipway/models"
)

const (
	heads = "refs/heads/"
	tags  = "refs/tags/"
)

// update is one ref that a push wants to change. All zeros stand for no object:
// the ref is made, or deleted.
type update struct{ old, new, ref string }

func (u update) deletes() bool  { return isZero(u.new) }
func (u update) branch() string { return strings.TrimPrefix(u.ref, heads) }

// plan is what a push will do.
type plan struct {
	deploy *update  // nil when nothing is deployed
	branch string   // the tracked branch, as it is or as this push makes it
	notes  []string // what happens to the other refs, for the pusher
}

// parseUpdates reads what git tells its hook: lines of "old new ref".
func parseUpdates(text string) ([]update, error) {
	var updates []update
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		if len(parts) != 3 || !isHash(parts[0]) || !isHash(parts[1]) {
			return nil, models.Invalid("ref", "the list of refs is not what git sends")
		}
		updates = append(updates, update{old: parts[0], new: parts[1], ref: parts[2]})
	}
	if len(updates) == 0 {
		return nil, models.Invalid("ref", "the push changes nothing")
	}
	return updates, nil
}

// decide says what a push to an app does, given the branch that the app tracks
// ("" when it tracks none yet). What must not be pushed is a KindInvalid or
// KindConflict error, and then nothing of the push is done.
func decide(tracked string, updates []update) (plan, error) {
	decided := plan{branch: tracked}
	if tracked == "" {
		decided.branch = choose(updates)
	}
	seen := map[string]bool{}
	for _, u := range updates {
		if err := checkRef(u.ref); err != nil {
			return plan{}, err
		}
		if seen[u.ref] {
			return plan{}, models.Invalid("ref", "%s is pushed twice at once", u.ref)
		}
		seen[u.ref] = true
		isBranch := strings.HasPrefix(u.ref, heads)
		switch {
		case isBranch && u.branch() == decided.branch && u.deletes():
			return plan{}, models.Errorf(models.KindConflict,
				"%s is the branch that deploys, so it cannot be deleted; track another branch first, or destroy the app", decided.branch)
		case isBranch && u.branch() == decided.branch:
			decided.deploy = &u
		case u.deletes():
		case isBranch:
			decided.notes = append(decided.notes, fmt.Sprintf(
				"Stored %[1]s without deploying it, because %[2]s is the branch that deploys. To deploy it: git push slipway %[1]s:%[2]s", u.branch(), decided.branch))
		default:
			tag := strings.TrimPrefix(u.ref, tags)
			note := fmt.Sprintf("Stored tag %s. A tag is not deployed by itself", tag)
			if decided.branch != "" {
				note = fmt.Sprintf("%s. To deploy it: git push slipway '%s^{}:%s'", note, tag, decided.branch)
			}
			decided.notes = append(decided.notes, note)
		}
	}
	return decided, nil
}

// choose picks the branch to track from a first push.
func choose(updates []update) string {
	var branches []string
	for _, u := range updates {
		if strings.HasPrefix(u.ref, heads) && !u.deletes() {
			branches = append(branches, u.branch())
		}
	}
	for _, usual := range []string{"main", "master"} {
		if slices.Contains(branches, usual) {
			return usual
		}
	}
	if len(branches) == 0 {
		return ""
	}
	return branches[0]
}

// checkRef refuses every ref but branches and tags, and names that git, a shell
// or a page would stumble over.
func checkRef(ref string) error {
	name, isBranch := strings.CutPrefix(ref, heads)
	name, isTag := strings.CutPrefix(name, tags)
	if !isBranch && !isTag {
		return models.Invalid("ref", "%q cannot be pushed: push branches (refs/heads/…) and tags (refs/tags/…)", cut(ref))
	}
	bad := func(why string) error { return models.Invalid("ref", "%q cannot be pushed: %s", cut(ref), why) }
	switch {
	case name == "" || len(name) > 200:
		return bad("a name has 1 to 200 characters")
	case name == "HEAD" || name == "@":
		return bad("git uses this name itself")
	case !utf8.ValidString(name):
		return bad("the name is not UTF-8")
	case strings.HasPrefix(name, "-"):
		return bad("a name must not begin with a hyphen")
	case strings.ContainsAny(name, " ~^:?*[\\") || strings.ContainsFunc(name, unicode.IsControl):
		return bad("the name has a character that git does not allow")
	case strings.Contains(name, "..") || strings.Contains(name, "@{") || strings.HasSuffix(name, "."):
		return bad("git does not allow this name")
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return bad("git does not allow this name")
		}
	}
	return nil
}

func cut(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// isHash says whether s is an object's name: SHA-1 or SHA-256 in hex.
func isHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// isZero says whether an object's name stands for no object.
func isZero(s string) bool { return strings.Trim(s, "0") == "" }
