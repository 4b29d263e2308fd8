package logs

import (
	"strings"
	"testing"
	"time"
)

func TestPlain(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.FixedZone("CET", 3600))
	for want, line := range map[string]Line{
		"2026-03-04T04:06:07.089Z app/hello.web.v3.1 red":               {Source: SourceApp, Process: "web", Instance: "hello.web.v3.1", Text: "\x1b[31mred\x1b[0m"},
		"2026-03-04T04:06:07.089Z router GET /":                         {Source: SourceRouter, Text: "GET /"},
		"2026-03-04T04:06:07.089Z build RUN x: failed (1.5 s): no such": {Source: SourceBuild, Text: "RUN x", Step: &Step{Name: "RUN x", Status: "failed", DurationMS: 1500, Error: "no such"}},
		"2026-03-04T04:06:07.089Z build RUN x: running":                 {Source: SourceBuild, Text: "RUN x", Step: &Step{Name: "RUN x", Status: "running"}},
		"2026-03-04T04:06:07.089Z slipway deployment is building":       {Source: SourceSlipway, State: "building"},
		"2026-03-04T04:06:07.089Z app 100%":                             {Source: SourceApp, Text: "1%\r100%\r"},
		"2026-03-04T04:06:07.089Z app titled":                           {Source: SourceApp, Text: "\x1b]0;evil\x07tit\x00led"},
	} {
		line.Time = at
		if got := line.Plain(false); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := (Line{Source: SourceApp, Text: "\x1b[31mred\x1b[2J", Time: at}).Plain(true); !strings.HasSuffix(got, "\x1b[31mred\x1b[0m") {
		t.Errorf("with colours: %q", got)
	}
}

func TestPick(t *testing.T) {
	line := Line{Process: "web", Instance: "hello.web.v3.1", Stream: "stderr"}
	for pick, want := range map[Pick]bool{
		{}:                           true,
		{Process: "web"}:             true,
		{Process: "worker"}:          false,
		{Instance: "hello.web.v3.1"}: true,
		{Instance: "web.1"}:          true,
		{Instance: "web.2"}:          false,
		{Instance: "worker.1"}:       false,
		{Stream: "stderr"}:           true,
		{Stream: "stdout"}:           false,
		{Process: "web", Instance: "web.1", Stream: "stderr"}: true,
	} {
		if pick.Takes(line) != want {
			t.Errorf("%+v takes it: %v", pick, !want)
		}
	}
	if (Pick{Instance: "router"}).Takes(Line{Source: SourceRouter}) {
		t.Error("the router is no instance")
	}
}
