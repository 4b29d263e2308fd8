package source

import (
	"net"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/slipway-paas/slipway/builder"
)

var (
	scpLike = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9._-]*)@([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):(.+)$`)
	sshUser = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)
	dnsHost = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
	urlPath = regexp.MustCompile(`^[A-Za-z0-9._~%!$&'()+,;=:@/-]+$`)
)

const urlForms = "use https://host/path, ssh://user@host/path or git@host:path"

// CheckURL says what is wrong with the URL of a git remote, as a
// *builder.Failure whose message never repeats a password. Local paths in the
// form file:///path are only for those who run the server.
func CheckURL(raw string, allowFile bool) error {
	_, err := parseURL(raw, allowFile)
	return err
}

// remote is a git URL taken apart as far as anyone needs it.
type remote struct {
	raw    string
	scheme string // https, http, ssh or file
	host   string // with the port, "" for file
}

func parseURL(raw string, allowFile bool) (remote, error) {
	switch {
	case raw == "":
		return remote{}, refuse("the git URL is empty; %s", urlForms)
	case len(raw) > 2000:
		return remote{}, refuse("the git URL has over 2000 characters")
	case strings.HasPrefix(raw, "-"), strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' }):
		return remote{}, refuse("the git URL starts with a hyphen or has characters that no URL has")
	}
	if m := scpLike.FindStringSubmatch(raw); m != nil {
		host := strings.Trim(m[2], "[]")
		if !validHost(host) || !validPath(m[3]) {
			return remote{}, refuse("the git URL has an odd host or path; %s", urlForms)
		}
		return remote{raw: raw, scheme: "ssh", host: host}, nil
	}
	u, err := url.Parse(raw)
	if err != nil { // its text would repeat the URL, and with it a password
		return remote{}, refuse("the git URL is not well-formed; %s", urlForms)
	}
	if !strings.HasPrefix(raw, u.Scheme+"://") {
		return remote{}, refuse("the git URL has a form that is not supported; %s", urlForms)
	}
	if err := checkParsed(u, allowFile); err != nil {
		return remote{}, err
	}
	return remote{raw: raw, scheme: u.Scheme, host: u.Host}, nil
}

func checkParsed(u *url.URL, allowFile bool) error {
	if u.RawQuery != "" || u.Fragment != "" || u.ForceQuery || u.Opaque != "" {
		return refuse("the git URL has parts that no remote needs; %s", urlForms)
	}
	switch u.Scheme {
	case "https", "http":
		if u.User != nil {
			return refuse("leave user and password out of the git URL, and give the token as the app's credential")
		}
	case "ssh":
		if _, has := u.User.Password(); has {
			return refuse("leave the password out of the git URL, and give a deploy key as the app's credential")
		}
		if name := u.User.Username(); name != "" && !sshUser.MatchString(name) {
			return refuse("the git URL has an odd user; %s", urlForms)
		}
	case "file":
		switch {
		case !allowFile:
			return refuse("git URLs of the form file:// are not allowed here; %s", urlForms)
		case u.Host != "" || u.User != nil || len(u.Path) < 2 || !path.IsAbs(u.Path) || !validPath(u.Path):
			return refuse("write a local git URL as file:///path")
		}
		return nil
	default:
		return refuse("the git URL has a form that is not supported; %s", urlForms)
	}
	if !validHost(u.Hostname()) {
		return refuse("the git URL has no host, or an odd one; %s", urlForms)
	}
	if strings.Trim(u.Path, "/") == "" || !validPath(u.EscapedPath()) {
		return refuse("the git URL has no path, or an odd one; %s", urlForms)
	}
	return nil
}

func validHost(host string) bool {
	return net.ParseIP(host) != nil || len(host) <= 253 && dnsHost.MatchString(host) && !strings.Contains(host, "..")
}

// validPath keeps out what git or ssh would take for an option.
func validPath(p string) bool {
	return urlPath.MatchString(p) && !strings.HasPrefix(p, "-") && !strings.HasPrefix(p, "/-") &&
		!strings.Contains("/"+p+"/", "/../")
}

// loopback says whether the remote is on this very machine.
func (r remote) loopback() bool {
	host := r.host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

var refName = regexp.MustCompile(`^[A-Za-z0-9_][^\x00-\x20\x7f~^:?*\[\\]*$`)

// CheckRef says what is wrong with the name of a branch, tag or other ref, or
// a commit's full hash, as a *builder.Failure. "" stands for the remote's HEAD.
func CheckRef(ref string) error {
	if ref == "" {
		return nil
	}
	bad := len(ref) > 250 || !refName.MatchString(ref) ||
		strings.Contains(ref, "..") || strings.Contains(ref, "//") || strings.Contains(ref, "/.") || strings.Contains(ref, "@{") ||
		strings.HasSuffix(ref, "/") || strings.HasSuffix(ref, ".") || strings.HasSuffix(ref, ".lock") || strings.Contains(ref, ".lock/")
	if bad {
		return &builder.Failure{Message: "the ref is not one that git allows; give a branch, a tag or a full commit hash"}
	}
	return nil
}
