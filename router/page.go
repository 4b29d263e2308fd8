package router

import (
	"encoding/json"
	"html"
	"net/http"
	"strconv"
	"strings"
)

// page is an answer that the router gives by itself.
type page struct {
	status     int
	code       string // for programs, in the header X-Slipway-Error
	title      string
	text       string
	retryAfter int  // seconds, 0 for no such header
	refresh    bool // a browser asks again by itself
}

var (
	pageNoTable = page{status: 503, code: "router_starting", title: "Starting", text: "The router has just started and does not know its apps yet.", retryAfter: 2, refresh: true}
	pageUnknown = page{status: 404, code: "no_such_app", title: "No such app", text: "No app answers under this name. Check the address, or add it to an app as a domain."}
	pageNew     = page{status: 503, code: "app_new", title: "Nothing deployed yet", text: "This app exists and has no release yet. Push something to it, and it appears here.", retryAfter: 10, refresh: true}
	pageStart   = page{status: 503, code: "app_starting", title: "Starting", text: "This app is coming up.", retryAfter: 2, refresh: true}
	pageDown    = page{status: 503, code: "app_down", title: "Down", text: "This app should be running and no instance of it answers. Its logs say why.", retryAfter: 10}
	pageStopped = page{status: 503, code: "app_stopped", title: "Stopped", text: "This app has been scaled to nothing on purpose.", retryAfter: 60}
	pageHeld    = page{status: 503, code: "app_held", title: "Not back yet", text: "This app is being replaced, and its new instance was not ready in time.", retryAfter: 5, refresh: true}
	pageBroken  = page{status: 502, code: "app_broke_off", title: "No proper answer", text: "The app took the request and closed the connection without a proper answer. Its logs may say why."}
	pageServer  = page{status: 503, code: "server_down", title: "Slipway is away", text: "The dashboard and the API are not answering just now. Apps are not affected.", retryAfter: 5, refresh: true}
	pageBadBody = page{status: 400, code: "bad_body", title: "Bad request", text: "The request's body could not be read to its end."}
	pageStalled = page{status: 408, code: "upload_stalled", title: "Too slow", text: "The rest of the request's body did not arrive in time."}
	pageConnect = page{status: 405, code: "method_not_allowed", title: "Not allowed", text: "This is not a forward proxy: CONNECT is refused."}
)

// pageFor gives what to answer for an app that has no backend.
func pageFor(status AppStatus) *page {
	switch status {
	case AppNew:
		return &pageNew
	case AppStarting:
		return &pageStart
	case AppStopped:
		return &pageStopped
	default: // live without a backend is down
		return &pageDown
	}
}

// write answers in what the client reads best: HTML for browsers, JSON for
// those who ask for it, plain text for the rest. It gives the length of what
// was written.
func (p *page) write(ex *exchange, last bool) (int, error) {
	id := string(ex.id)
	own := append(make([]ownField, 0, 7), ownField{"Cache-Control", "no-store"}, ownField{"X-Content-Type-Options", "nosniff"}, ownField{"X-Slipway-Error", p.code})
	if p.retryAfter > 0 {
		own = append(own, ownField{"Retry-After", strconv.Itoa(p.retryAfter)})
	}
	var body string
	switch accept := ex.req.accept(); {
	case strings.Contains(accept, "text/html"):
		own = append(own, ownField{"Content-Type", "text/html; charset=utf-8"},
			ownField{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"})
		body = p.html(string(ex.req.host), id)
	case strings.Contains(accept, "json"):
		own = append(own, ownField{"Content-Type", "application/problem+json"})
		body = p.json(id)
	default:
		own = append(own, ownField{"Content-Type", "text/plain; charset=utf-8"})
		body = strconv.Itoa(p.status) + " " + p.title + "\n" + p.text + "\n"
	}
	return ex.say(&answer{own: own, status: p.status, last: last}, body)
}

// say gives an answer of the router's own.
func (ex *exchange) say(a *answer, body string) (int, error) {
	a.id, a.length, a.bodiless = ex.id, int64(len(body)), ex.req.name == http.MethodHead
	if err := ex.client.begin(a); err != nil {
		return 0, err
	}
	if a.bodiless {
		return 0, ex.client.finish(nil)
	}
	if err := ex.client.write([]byte(body)); err != nil {
		return 0, err
	}
	return len(body), ex.client.finish(nil)
}

// accept gives what the client wants to read.
func (r *request) accept() string {
	all := ""
	for i := range r.fields {
		if r.fields[i].kind == kindAccept {
			all += string(r.fields[i].value) + ","
		}
	}
	return all
}

func (p *page) json(id string) string {
	out, _ := json.Marshal(struct {
		Type      string `json:"type"`
		Title     string `json:"title"`
		Status    int    `json:"status"`
		Detail    string `json:"detail"`
		Code      string `json:"code"`
		RequestID string `json:"request_id"`
	}{"about:blank", p.title, p.status, p.text, p.code, id}) // strings and a number always encode
	return string(out) + "\n"
}

func (p *page) html(host, id string) string {
	refresh := ""
	if p.refresh {
		refresh = `<meta http-equiv="refresh" content="` + strconv.Itoa(p.retryAfter) + `">`
	}
	return strings.NewReplacer(
		"{refresh}", refresh,
		"{status}", strconv.Itoa(p.status),
		"{title}", html.EscapeString(p.title),
		"{text}", html.EscapeString(p.text),
		"{host}", html.EscapeString(host),
		"{id}", html.EscapeString(id),
	).Replace(pageHTML)
}

const pageHTML = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark">{refresh}<title>{title}</title>
<style>
:root{--bg:#f6f7f9;--fg:#16202c;--dim:#586473;--line:#d9dee5;--card:#fff}
@media (prefers-color-scheme:dark){:root{--bg:#0e141b;--fg:#e8edf3;--dim:#93a1b2;--line:#25303c;--card:#151d26}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
main{box-sizing:border-box;width:min(30rem,100vw - 2rem);padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:12px}
h1{margin:.2rem 0 .6rem;font-size:1.5rem}p{margin:0}small{color:var(--dim)}
footer{margin-top:1.6rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--dim);font:12px/1.6 ui-monospace,monospace;overflow-wrap:anywhere}
</style></head>
<body><main><small>{status}</small><h1>{title}</h1><p>{text}</p><footer>{host}<br>{id}</footer></main></body></html>
`
