// Package forge hears from the forges that hold apps' sources: it checks and
// reads their webhooks. What a webhook says is only a hint that something
// changed; what is deployed is asked of the repository itself.
package forge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/slipway-paas/slipway/models"
)

// ErrSignature is a signature that does not belong to the body and the secret.
var ErrSignature = errors.New("the signature does not match")

// VerifyGitHub checks the X-Hub-Signature-256 header of a raw body, in a time
// that does not depend on how wrong it is. An empty secret matches nothing.
func VerifyGitHub(secret, body []byte, header string) error {
	hexadecimal, ok := strings.CutPrefix(header, "sha256=")
	given, err := hex.DecodeString(hexadecimal)
	if !ok || err != nil {
		given = nil
	}
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write(body) // a hash takes everything
	if !hmac.Equal(mac.Sum(nil), given) || len(secret) == 0 {
		return ErrSignature
	}
	return nil
}

// Push is what a forge says was pushed.
type Push struct {
	Ref           string // refs/heads/main
	Branch        string // main; "" when it was no branch
	After         string // the commit it stands at now, in full
	Deleted       bool   // the ref is gone
	Repository    string // clone URL, "" when not told
	DefaultBranch string // of the repository, "" when not told
	Message       string // first line of the newest commit's
	Pusher        string
}

// ParseGitHubPush reads the JSON of GitHub's push event. What is not one is a
// KindInvalid error.
func ParseGitHubPush(body []byte) (Push, error) {
	var event struct {
		Ref        *string `json:"ref"`
		After      string  `json:"after"`
		Deleted    bool    `json:"deleted"`
		Repository struct {
			CloneURL      string `json:"clone_url"`
			DefaultBranch string `json:"default_branch"`
		} `json:"repository"`
		HeadCommit *struct {
			Message string `json:"message"`
		} `json:"head_commit"`
		Pusher struct {
			Name string `json:"name"`
		} `json:"pusher"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		return Push{}, &models.Error{Kind: models.KindInvalid, Message: "the body is not the JSON of a push event", Err: err}
	}
	if event.Ref == nil {
		return Push{}, models.Invalid("ref", "the push event names no ref")
	}
	push := Push{
		Ref: *event.Ref, After: event.After, Repository: event.Repository.CloneURL,
		DefaultBranch: event.Repository.DefaultBranch, Pusher: firstLine(event.Pusher.Name),
		Deleted: event.Deleted || (event.After != "" && strings.Trim(event.After, "0") == ""),
	}
	if !printable(push.Ref) || len(push.Ref) > 300 || !strings.HasPrefix(push.Ref, "refs/") {
		return Push{}, models.Invalid("ref", "the push event's ref is not a ref")
	}
	if !push.Deleted && !isHash(push.After) {
		return Push{}, models.Invalid("after", "the push event names no commit")
	}
	if !printable(push.Repository) || !printable(push.DefaultBranch) {
		return Push{}, models.Invalid("repository", "the push event's repository cannot be read")
	}
	push.Branch, _ = strings.CutPrefix(push.Ref, "refs/heads/")
	if push.Branch == push.Ref {
		push.Branch = ""
	}
	if event.HeadCommit != nil {
		push.Message = firstLine(event.HeadCommit.Message)
	}
	return push, nil
}

// isHash says whether s is a commit's full name: SHA-1 or SHA-256 in hex.
func isHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError })
}

// firstLine gives at most 200 bytes of a text's first line, without anything
// that would steer a terminal.
func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}
