package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/gorilla/websocket"
)

const (
	burstLines  = 200_000 // written as fast as the app can
	steadyLines = 5_000   // at 1,000 a second
)

// logSides are two containers that write the same lines, each followed in one
// way: by a websocket of Slipway's, and by the engine's SDK.
type logSides struct {
	in        *installation
	engine    *engine
	container string // of the reference
	address   string // and where it listens
	runs      int
}

func (b *bench) logSides(ctx context.Context) (*logSides, error) {
	in, err := b.install(ctx)
	if err != nil {
		return nil, err
	}
	app, err := b.newSource(ctx, "log", "")
	if err != nil {
		return nil, err
	}
	if err := in.pushApp(ctx, app, "chatty"); err != nil {
		return nil, err
	}
	s := &logSides{in: in}
	if s.engine, err = b.engine(); err != nil {
		return nil, err
	}
	instance, err := s.engine.instanceOf(ctx, in, "chatty")
	if err != nil {
		return nil, err
	}
	// The same program, with the same driver for its log.
	const network = "slipway-bench-log"
	if err := s.engine.network(ctx, network, "10.218.254.0/24"); err != nil {
		return nil, err
	}
	s.container, s.address, err = s.engine.run(ctx, &container.Config{Image: instance.Image}, &container.HostConfig{LogConfig: instance.HostConfig.LogConfig}, network)
	if err != nil {
		return nil, err
	}
	return s, until(ctx, time.Minute, "the container answers", func() error { return answers(ctx, "http://"+s.address+"/", "") })
}

// measureLogThroughput counts lines from a container to a websocket's client.
func measureLogThroughput(ctx context.Context, b *bench) error {
	s, err := b.logSides(ctx)
	if err != nil {
		return err
	}
	var arrived []float64
	burst := func(follow func(context.Context, string, int, func([]byte)) error) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			s.runs++
			lines, began := 0, time.Now()
			mark := []byte(s.run() + " ")
			err := follow(ctx, fmt.Sprintf("n=%d", burstLines), burstLines, func(part []byte) { lines += bytes.Count(part, mark) })
			arrived = append(arrived, float64(lines)/burstLines)
			return float64(lines) / time.Since(began).Seconds(), err
		}
	}
	figures, err := b.interleave(ctx, "lines/s", side{"ours", burst(s.follow)}, side{"sdk", burst(s.followSDK)})
	if err != nil {
		return err
	}
	var share []float64
	for i := 0; i < len(arrived); i += 2 {
		share = append(share, arrived[i])
	}
	b.record("log_throughput", compared("lines/s", figures["ours"], figures["sdk"], "following by the engine's SDK").
		atLeast(ofRatio, 1.5).other("share of the lines that arrived", median(share)))
	return nil
}

// measureLogLatency takes the time from writing a line to having it. Of ours
// every line must come; the engine itself loses one now and then at the start.
func measureLogLatency(ctx context.Context, b *bench) error {
	s, err := b.logSides(ctx)
	if err != nil {
		return err
	}
	var middle []float64
	steady := func(least int, follow func(context.Context, string, int, func([]byte)) error) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			s.runs++
			var took []float64
			mark := []byte(s.run() + " ")
			err := follow(ctx, fmt.Sprintf("n=%d&every=1000", steadyLines), steadyLines, func(part []byte) {
				now := time.Now().UnixNano()
				for at := bytes.Index(part, mark); at >= 0; at = bytes.Index(part, mark) {
					part = part[at+len(mark):]
					if written, ok := writtenAt(part); ok {
						took = append(took, float64(now-written)/1e6)
					}
				}
			})
			if err == nil && len(took) < least {
				err = fmt.Errorf("of %d lines %d arrived", steadyLines, len(took))
			}
			middle = append(middle, median(took))
			return percentile(took, 0.99), err
		}
	}
	figures, err := b.interleave(ctx, "ms", side{"ours", steady(steadyLines, s.follow)}, side{"sdk", steady(steadyLines/2, s.followSDK)})
	if err != nil {
		return err
	}
	var ours []float64
	for i := 2; i < len(middle); i += 2 {
		ours = append(ours, middle[i])
	}
	b.record("log_latency_p99_ms", compared("ms", figures["ours"], figures["sdk"], "following by the engine's SDK").
		atMost(ofOurs, 50).other("median of ours ms", median(ours)))
	return nil
}

// writtenAt reads what follows a line's run: its number, and when it was
// written in nanoseconds.
func writtenAt(rest []byte) (int64, bool) {
	fields := strings.Fields(string(rest[:min(len(rest), 60)]))
	if len(fields) < 2 {
		return 0, false
	}
	at, err := strconv.ParseInt(fields[1], 10, 64)
	return at, err == nil
}

// run names the lines of one round.
func (s *logSides) run() string { return fmt.Sprintf("run%d.", s.runs) }

// follow has the app write n lines and gives all frames of Slipway's websocket
// until the last of them.
func (s *logSides) follow(ctx context.Context, what string, n int, see func([]byte)) error {
	header := http.Header{"Authorization": {"Bearer " + s.in.token}}
	url := strings.Replace(s.in.url, "http", "ws", 1) + "/api/v1/apps/chatty/logs/stream?tail=0"
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, url, header)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	last := fmt.Appendf(nil, "%s %d ", s.run(), n)
	asked := false
	for {
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			return err
		}
		_, frame, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		if !asked {
			var first struct{ Type string }
			if err := json.Unmarshal(frame, &first); err != nil {
				return err
			}
			if first.Type != "caught_up" {
				continue
			}
			asked = true
			status, _, err := s.in.visit(ctx, "chatty", "/lines?run="+s.run()+"&"+what)
			if err != nil || status != http.StatusOK {
				return fmt.Errorf("the app answers %d, %w", status, err)
			}
			continue
		}
		see(frame)
		if bytes.Contains(frame, last) {
			return nil
		}
	}
}

// followSDK does the same with the engine's SDK, and no server between.
func (s *logSides) followSDK(ctx context.Context, what string, n int, see func([]byte)) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	stream, err := s.engine.ContainerLogs(ctx, s.container, container.LogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Follow: true, Tail: "0"})
	if err != nil {
		return err
	}
	defer stream.Close()
	seen := &lastLine{see: see, last: fmt.Appendf(nil, "%s %d ", s.run(), n)}
	if err := answers(ctx, "http://"+s.address+"/lines?run="+s.run()+"&"+what, ""); err != nil {
		return err
	}
	if _, err := stdcopy.StdCopy(seen, seen, stream); !errors.Is(err, errLastLine) {
		return fmt.Errorf("the log ends without the last line: %w", errors.Join(err, io.ErrUnexpectedEOF))
	}
	return nil
}

var errLastLine = errors.New("that was the last line")

// lastLine passes on what is written to it up to a line. The SDK writes whole
// lines.
type lastLine struct {
	see  func([]byte)
	last []byte
}

func (l *lastLine) Write(p []byte) (int, error) {
	l.see(p)
	if bytes.Contains(p, l.last) {
		return len(p), errLastLine
	}
	return len(p), nil
}
