// Package router is the data plane: it terminates HTTP and TLS and balances
// straight onto instances. It subscribes to the server for its table, keeps
// the last good one on disk, and goes on serving while the server and Postgres
// are away.
//
// This file is the contract between server and router, as JSON over HTTP:
//
//	GET  /internal/router/v1/table    → Update objects, one a line, for ever
//	POST /internal/router/v1/reports  ← one Report
//
// Both carry "Authorization: Bearer <router token>" and "X-Router-Id".
package router

import "time"

// Table is everything a router knows. Version only ever goes up, also over
// restarts of the server.
type Table struct {
	Version  uint64    `json:"version"`
	Apps     []App     `json:"apps"`
	Platform *Platform `json:"platform,omitempty"`
}

// Platform is the dashboard and API, served under their own host.
type Platform struct {
	Host string `json:"host"`
	URL  string `json:"url"` // where the server listens, http://127.0.0.1:8000
}

// AppStatus says what to answer when there is no backend.
type AppStatus string

// The statuses.
const (
	AppNew      AppStatus = "new"      // never deployed: "nothing deployed yet"
	AppStarting AppStatus = "starting" // its instances are coming up
	AppLive     AppStatus = "live"
	AppDown     AppStatus = "down"    // it should run and no instance does
	AppStopped  AppStatus = "stopped" // scaled to nothing on purpose
)

// App is one app's routes.
type App struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Hosts    []string  `json:"hosts"` // exact names, or *.example.com; lower case, no port
	Status   AppStatus `json:"status"`
	Release  int       `json:"release"`  // live release, for the access log
	Backends []Backend `json:"backends"` // may be empty

	// Hold lets requests wait, up to the router's limits, while no backend
	// takes them: the old instances have to stop before the new ones start.
	Hold bool `json:"hold,omitempty"`
}

// Backend is one instance that takes requests.
type Backend struct {
	ID       string `json:"id"`       // the instance's ID
	Name     string `json:"name"`     // hello.web.v3.1
	Address  string `json:"address"`  // ip:port
	Workload string `json:"workload"` // "<app ID>/<process>/<release>": what Drained asks about
}

// Update is one message from server to router. Exactly one of Table, App,
// RemoveApp and Ping is set. An update is applied whole or not at all.
type Update struct {
	Version   uint64 `json:"version"`              // the table's version after it
	Table     *Table `json:"table,omitempty"`      // replaces everything; the first message that is no ping
	App       *App   `json:"app,omitempty"`        // adds or replaces one app
	RemoveApp string `json:"remove_app,omitempty"` // an app's ID
	Ping      bool   `json:"ping,omitempty"`       // keep-alive, every 10 s
}

// Report is one message from router to server. Sent at once when something is
// acknowledged or drained, and otherwise when there are access log lines.
type Report struct {
	Applied  uint64         `json:"applied"`            // newest version in force
	InFlight map[string]int `json:"in_flight"`          // requests in flight by workload, 0 left out; an upgraded connection counts until it closes
	Draining map[string]int `json:"draining,omitempty"` // the same by backend ID, for backends that have left the table
	Access   []Access       `json:"access,omitempty"`
	Windows  []Window       `json:"windows,omitempty"` // what was counted, oldest first
	Dropped  int            `json:"dropped,omitempty"` // access lines lost to a full buffer since the last report
	Leaving  bool           `json:"leaving,omitempty"` // the last report: nothing is in flight any more, and nothing will be
}

// Access is one served request.
type Access struct {
	AppID     string        `json:"app_id"`
	Time      time.Time     `json:"time"`
	Method    string        `json:"method"`
	Host      string        `json:"host"`
	Path      string        `json:"path"` // without the query, which may hold secrets
	Status    int           `json:"status"`
	Bytes     int64         `json:"bytes"`
	Duration  time.Duration `json:"duration"`          // nanoseconds, to the last byte
	HeldMS    int64         `json:"held_ms,omitempty"` // milliseconds of it that the request waited for an instance
	Backend   string        `json:"backend"`           // the instance's name, "" when the router answered itself
	Release   int           `json:"release"`
	RemoteIP  string        `json:"remote_ip"`
	RequestID string        `json:"request_id"`
	Error     string        `json:"error,omitempty"` // why the router answered itself
}
