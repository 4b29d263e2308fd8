package docker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// wire writes what an engine would send.
func wire(stream byte, text string) []byte {
	header := make([]byte, 8)
	header[0] = stream
	binary.BigEndian.PutUint32(header[4:], uint32(len(text)))
	return append(header, text...)
}

const stamp = "2026-01-02T03:04:05.000000006Z "

func TestLinesFromFrames(t *testing.T) {
	var stream []byte
	stream = append(stream, wire(1, stamp+"begin")...) // a piece
	stream = append(stream, wire(2, stamp+"other\n")...)
	stream = append(stream, wire(1, stamp+"end\n")...)
	stream = append(stream, wire(1, stamp+"\n")...)
	stream = append(stream, wire(1, stamp+strings.Repeat("x", maxLine)+"\n")...)
	stream = append(stream, wire(1, stamp+strings.Repeat("y", maxLine+1)+"\n")...)
	var lines []deployer.LogLine
	if err := readAll(bytes.NewReader(stream), func(line deployer.LogLine) bool { lines = append(lines, line); return true }); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	want := []deployer.LogLine{
		{Time: at, Stderr: true, Text: "other"},
		{Time: at, Text: "beginend"},
		{Time: at},
		{Time: at, Text: strings.Repeat("x", maxLine)},
		{Time: at, Text: strings.Repeat("y", maxLine), Partial: true},
		{Time: at, Text: "y"},
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d", len(lines), len(want))
	}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("line %d is %.40v, want %.40v", i, lines[i], want[i])
		}
	}
}

func readAll(r io.Reader, yield func(deployer.LogLine) bool) error {
	var buffers [2]lineBuffer
	in := newFrames(r)
	for {
		f, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		buffers[streamIndex(f.stderr)].add(f, yield)
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(wire(1, stamp+"hello\n"))
	f.Add(append(wire(1, stamp+"part"), wire(2, stamp+"\n")...))
	f.Add(wire(3, "log file is gone"))
	f.Add(wire(9, stamp+"what"))
	f.Add(wire(1, "no time\n"))
	f.Add(wire(1, ""))
	f.Add(wire(1, stamp+"cut off")[:20])
	f.Add([]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, stream []byte) {
		bytesOut := 0
		err := readAll(bytes.NewReader(stream), func(line deployer.LogLine) bool {
			if bytesOut += len(line.Text); len(line.Text) > maxLine {
				t.Errorf("a line of %d bytes", len(line.Text))
			}
			return true
		})
		if err == nil && bytesOut > len(stream) {
			t.Errorf("%d bytes became %d", len(stream), bytesOut)
		}
	})
}
