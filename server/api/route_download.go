package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/slipway-paas/slipway/server/logs"
)

// stalledAfter is how long a download may make no headway.
const stalledAfter = time.Minute

func (a *API) downloadRoutes() {
	describe := "The lines that are kept, from the oldest to the newest there is now, as text: time, who wrote it, what. Where lines are missing it says so. format=jsonl gives one JSON document a line, a line of the log or a gap."
	r := get("download-app-logs", "/apps/{app}/logs/download", tagLogs, "Download an app's runtime log")
	r.description, r.download = describe, downloadMedia
	register(a, r, a.downloadAppLogs)
	r = get("download-deployment-logs", "/apps/{app}/deployments/{number}/logs/download", tagLogs, "Download a deployment's log")
	r.description, r.download = describe, downloadMedia
	register(a, r, a.downloadDeploymentLogs)
}

var downloadMedia = []string{"text/plain", "application/jsonl"}

// Download says how a log is written.
type Download struct {
	Format string `query:"format" enum:"text,jsonl" default:"text"`
	ANSI   string `query:"ansi" enum:"keep,strip" default:"strip" doc:"Whether colours stay in the text; JSON has the lines as they were written"`
}

// LogPick says which lines are wanted.
type LogPick struct {
	Process  string `query:"process" maxLength:"100" doc:"Only this process's lines" example:"web"`
	Instance string `query:"instance" maxLength:"200" doc:"Only this instance's lines, by its name, or as web.1 in whichever release"`
	Stream   string `query:"stream" enum:"stdout,stderr" doc:"Only what was written to it"`
}

// downloaded is an answer that is written as it is read.
type downloaded struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        func(huma.Context)
}

func (a *API) downloadAppLogs(ctx context.Context, who caller, in *struct {
	AppInput
	Download
	LogPick
},
) (*downloaded, error) {
	app, err := a.deps.Store.AppByName(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	return a.download(logs.AppStream(app.ID), app.Name, in.Download, logs.Pick(in.LogPick))
}

func (a *API) downloadDeploymentLogs(ctx context.Context, who caller, in *struct {
	DeploymentInput
	Download
},
) (*downloaded, error) {
	d, err := a.deps.Pipeline.Deployment(ctx, who.Actor, in.App, in.Number)
	if err != nil {
		return nil, err
	}
	return a.download(logs.DeploymentStream(d.ID), fmt.Sprintf("%s-deployment-%d", in.App, d.Number), in.Download, logs.Pick{})
}

// download answers with a stream up to the last line it has now. It holds one
// batch of lines at a time.
func (a *API) download(stream, name string, as Download, pick logs.Pick) (*downloaded, error) {
	last, err := a.deps.Logs.Last(stream)
	if err != nil {
		return nil, err
	}
	out := &downloaded{Type: "text/plain; charset=utf-8", Disposition: `attachment; filename="` + name + `.log"`}
	if as.Format == "jsonl" {
		out.Type, out.Disposition = "application/jsonl", `attachment; filename="`+name+`.jsonl"`
	}
	out.Body = func(ctx huma.Context) {
		ctx.SetStatus(http.StatusOK)
		if err := a.writeLog(ctx, stream, last, as, pick); err != nil {
			if ctx.Context().Err() == nil {
				c := humagin.Unwrap(ctx)
				a.deps.Logger.WarnContext(ctx.Context(), "a download broke off", "request", requestID(c), "error", err)
			}
			panic(http.ErrAbortHandler) // half a log must not look like a whole one
		}
	}
	return out, nil
}

func (a *API) writeLog(ctx huma.Context, stream string, last int64, as Download, pick logs.Pick) error {
	w := bufio.NewWriter(ctx.BodyWriter())
	deadline := http.NewResponseController(humagin.Unwrap(ctx).Writer)
	for after := int64(0); after < last; {
		_ = deadline.SetWriteDeadline(time.Now().Add(stalledAfter)) // an error says that there is none to move
		lines, gap, err := a.deps.Logs.Read(ctx.Context(), stream, after, frameLines)
		if err != nil {
			return err
		}
		if gap != nil {
			after = gap.To
			if err := writeGap(w, *gap, as); err != nil {
				return err
			}
		} else if len(lines) == 0 {
			break // a crash took the end
		}
		for _, line := range lines {
			after = line.Seq
			if line.Seq > last || !pick.Takes(line) {
				continue
			}
			if err := writeLine(w, line, as); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

func writeLine(w *bufio.Writer, line logs.Line, as Download) error {
	if as.Format == "jsonl" {
		return json.NewEncoder(w).Encode(line)
	}
	_, err := w.WriteString(line.Plain(as.ANSI == "keep") + "\n")
	return err
}

func writeGap(w *bufio.Writer, gap logs.Gap, as Download) error {
	if as.Format == "jsonl" {
		return json.NewEncoder(w).Encode(map[string]logs.Gap{"gap": gap})
	}
	_, err := w.WriteString(gap.Plain() + "\n")
	return err
}
