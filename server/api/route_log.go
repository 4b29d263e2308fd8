package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/slipway-paas/slipway/server/logs"
)

const tagLogs = "Logs"

func (a *API) logRoutes() {
	register(a, get("read-app-logs", "/apps/{app}/logs", tagLogs, "Read an app's runtime log"), a.readAppLogs)
	register(a, get("read-deployment-logs", "/apps/{app}/deployments/{number}/logs", tagLogs, "Read a deployment's log"), a.readDeploymentLogs)

	a.documentStream("stream-app-logs", "/apps/{app}/logs/stream", "Follow an app's runtime log", LogFrame{},
		pathParam("app", huma.TypeString), queryParam("after", "The last seq seen; lines after it follow", huma.TypeInteger),
		queryParam("tail", "How many lines of history to begin with, when after is not given", huma.TypeInteger))
	a.documentStream("stream-deployment-logs", "/apps/{app}/deployments/{number}/logs/stream", "Follow a deployment's log to its end", LogFrame{},
		pathParam("app", huma.TypeString), pathParam("number", huma.TypeInteger), queryParam("after", "The last seq seen; lines after it follow", huma.TypeInteger))
	a.documentStream("stream-live", "/live", "Hear what changes", LiveFrame{},
		queryParam("epoch", "From the hello frame of the connection before", huma.TypeString), queryParam("after", "The last seq seen", huma.TypeInteger))
}

// LogPage is a part of a log.
type LogPage struct {
	Lines []logs.Line `json:"lines" nullable:"false"`
	Gap   *logs.Gap   `json:"gap,omitempty" doc:"Lines that stood before these and are no longer kept"`
	Next  int64       `json:"next" doc:"Ask with after=next for what follows"`
}

// LogRange says which part of a log.
type LogRange struct {
	After int64 `query:"after" minimum:"0" doc:"The last seq seen; lines after it follow"`
	Limit int   `query:"limit" minimum:"1" maximum:"1000" default:"500"`
	Tail  int   `query:"tail" minimum:"0" maximum:"1000" doc:"Instead of after: the last so many lines"`
}

// LogFrame is one frame of a log stream.
type LogFrame struct {
	Type    string      `json:"type" enum:"lines,gap,caught_up,ping,end,error"`
	Lines   []logs.Line `json:"lines,omitempty" nullable:"false" doc:"lines: the next ones"`
	Gap     *logs.Gap   `json:"gap,omitempty" doc:"gap: lines that are missing here"`
	State   string      `json:"state,omitempty" doc:"end: the state the deployment ended in"`
	Reason  string      `json:"reason,omitempty" doc:"end: why it failed"`
	Problem *Problem    `json:"problem,omitempty" doc:"error: what went wrong; the connection closes"`
}

// LiveFrame is one frame of the stream of changes. Who gets an event fetches
// anew what it shows; who gets a reset fetches everything anew.
type LiveFrame struct {
	Type    string   `json:"type" enum:"hello,event,reset,ping,error"`
	Epoch   string   `json:"epoch,omitempty" doc:"hello, reset: which life of the server the numbers belong to"`
	Seq     int64    `json:"seq,omitempty" doc:"hello, event, reset: connect again with epoch and after=seq to miss nothing"`
	Topic   string   `json:"topic,omitempty" enum:"app,deployment,instance,release,config,domain,token,session,user,invitation,cluster,space"`
	App     string   `json:"app,omitempty" doc:"The app's name"`
	ID      string   `json:"id,omitempty"`
	Action  string   `json:"action,omitempty" enum:"created,changed,removed"`
	Problem *Problem `json:"problem,omitempty" doc:"error: what went wrong; the connection closes"`
}

func pathParam(name, kind string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: kind}}
}

func queryParam(name, doc, kind string) *huma.Param {
	return &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: kind}}
}

// documentStream puts a websocket into the document; huma cannot serve one.
func (a *API) documentStream(id, path, summary string, frame any, params ...*huma.Param) {
	t := reflect.TypeOf(frame)
	schema := a.huma.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: apiBase + path, Tags: []string{tagStreams}, Summary: summary, Parameters: params,
		Description: "A websocket. Each frame from the server is one " + t.Name() + "; the client sends nothing.",
		Responses: map[string]*huma.Response{
			"101":     {Description: "Frames, each a " + t.Name(), Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}},
			"default": a.problemResponse(),
		},
	})
}

const tagStreams = "Streams"

func (a *API) readAppLogs(ctx context.Context, who caller, in *struct {
	AppInput
	LogRange
},
) (*body[LogPage], error) {
	app, err := a.deps.Store.AppByName(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	return a.readLog(ctx, logs.AppStream(app.ID), in.LogRange)
}

func (a *API) readDeploymentLogs(ctx context.Context, who caller, in *struct {
	DeploymentInput
	LogRange
},
) (*body[LogPage], error) {
	d, err := a.deps.Pipeline.Deployment(ctx, who.Actor, in.App, in.Number)
	if err != nil {
		return nil, err
	}
	return a.readLog(ctx, logs.DeploymentStream(d.ID), in.LogRange)
}
