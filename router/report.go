package router

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// accessDelay gathers access lines into one report.
const accessDelay = 200 * time.Millisecond

// reporter tells the server what was applied, what has drained and what was
// served, and counted. Reports are sent one after the other, so the last one to arrive is
// the newest.
type reporter struct {
	server *server
	store  *store
	access *accessLog
	meter  *meter
	log    *slog.Logger

	acks    chan struct{} // holds one token when something was applied
	leaving bool          // only the last report is left to be sent
}

// run sends reports until ctx ends: at once for a change or a drain, and a
// little later for access lines. After a failure it tries again, and what
// is there by then goes with it.
func (r *reporter) run(ctx context.Context) {
	wait := backoff{}
	for {
		if !r.awaitReason(ctx) {
			return
		}
		err := r.send(ctx)
		if err == nil {
			wait = backoff{}
			continue
		}
		if ctx.Err() != nil {
			return
		}
		pause := wait.next()
		r.log.Warn("a report was not accepted", "err", err, "again_in", pause)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		notify(r.acks)
	}
}

func (r *reporter) awaitReason(ctx context.Context) bool {
	var later <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return false
		case <-r.acks:
			return true
		case <-r.store.drained:
			return true
		case <-r.meter.ready:
			return true
		case <-later:
			return true
		case <-r.access.ready:
			later = time.After(accessDelay)
		}
	}
}

func (r *reporter) send(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	report := Report{Applied: r.store.index.Load().version, Leaving: r.leaving}
	report.InFlight, report.Draining = r.store.inFlight()
	lines, dropped := r.access.take()
	report.Dropped = dropped
	report.Windows = r.meter.oldest()
	body, err := encodeReport(report, lines.text)
	if err != nil {
		return err
	}
	res, err := r.server.do(ctx, http.MethodPost, "/internal/router/v1/reports", body...)
	if err != nil {
		r.access.giveBack(lines, dropped)
		return err
	}
	r.meter.taken(report.Windows)
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<10)) // so the connection can be used again
	return res.Body.Close()
}

// encodeReport writes a report with access lines that are JSON already, as
// pieces of which they are one: there may be much of them.
func encodeReport(report Report, lines []byte) ([][]byte, error) {
	body, err := json.Marshal(report)
	if err != nil || len(lines) == 0 {
		return [][]byte{body}, err
	}
	body[len(body)-1] = ',' // instead of the closing brace
	return [][]byte{append(body, `"access":[`...), lines, []byte("]}")}, nil
}
