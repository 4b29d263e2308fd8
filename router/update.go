package router

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
)

// DecodeUpdate reads one line of the server's stream and checks all of it, so
// that an update which is not wholly right changes nothing.
func DecodeUpdate(line []byte) (Update, error) {
	var u Update
	if err := json.Unmarshal(line, &u); err != nil {
		return Update{}, fmt.Errorf("read an update: %w", err)
	}
	return u, u.check()
}

func (u *Update) check() error {
	set := 0
	for _, is := range []bool{u.Table != nil, u.App != nil, u.RemoveApp != "", u.Ping} {
		if is {
			set++
		}
	}
	if set != 1 {
		return fmt.Errorf("an update must carry exactly one of table, app, remove_app and ping, this has %d", set)
	}
	switch {
	case u.Table != nil:
		if u.Table.Version != u.Version {
			return fmt.Errorf("the update to version %d carries a table of version %d", u.Version, u.Table.Version)
		}
		return u.Table.check()
	case u.App != nil:
		return u.App.check()
	}
	return nil
}

func (t *Table) check() error {
	seen := make(map[string]bool, len(t.Apps))
	for i := range t.Apps {
		app := &t.Apps[i]
		if err := app.check(); err != nil {
			return err
		}
		if seen[app.ID] {
			return fmt.Errorf("app %s is in the table twice", app.ID)
		}
		seen[app.ID] = true
	}
	if t.Platform != nil {
		return t.Platform.check()
	}
	return nil
}

func (p *Platform) check() error {
	if key, ok := hostPattern(p.Host); !ok || key != p.Host {
		return fmt.Errorf("the platform's host %q is not a host name", p.Host)
	}
	u, err := url.Parse(p.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("the platform's URL %q is not an http or https URL", p.URL)
	}
	return nil
}

func (a *App) check() error {
	if a.ID == "" {
		return fmt.Errorf("an app in the table has no ID")
	}
	switch a.Status {
	case AppNew, AppStarting, AppLive, AppDown, AppStopped:
	default:
		return fmt.Errorf("app %s has the unknown status %q", a.ID, a.Status)
	}
	for _, host := range a.Hosts {
		if _, ok := hostPattern(host); !ok {
			return fmt.Errorf("app %s: %q is not a host name in lower case without port", a.ID, host)
		}
	}
	for _, b := range a.Backends {
		if b.ID == "" || b.Workload == "" {
			return fmt.Errorf("app %s has a backend without ID or workload", a.ID)
		}
		if at, err := netip.ParseAddrPort(b.Address); err != nil || at.Port() == 0 {
			return fmt.Errorf("app %s: backend %s has the address %q, which is not ip:port", a.ID, b.ID, b.Address)
		}
	}
	return nil
}

// ValidHost says whether the table may have a host: lower case, no port, the
// first label may be "*".
func ValidHost(host string) bool {
	_, ok := hostPattern(host)
	return ok
}
