package docker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/pkg/stdcopy"

	"github.com/slipway-paas/slipway/deployer"
)

// maxLine is the length from which a line is handed on in pieces, in bytes.
const maxLine = 64 << 10

// maxFrame is far above what an engine sends (16 KiB of a line and its time):
// a longer one means that the stream is not what we think it is.
const maxFrame = 1 << 20

var errMalformedLog = errors.New("the engine's log stream is malformed")

// frame is what the engine sends at a time: a line, or a piece of one without
// its newline, each with the time it was written.
type frame struct {
	at     time.Time
	stderr bool
	text   []byte // valid until the next call of next
}

// frames reads the engine's multiplexed log stream with timestamps on. The
// frames are read one by one instead of through stdcopy.StdCopy: their
// boundaries tell the timestamp within a long line from the app's own text.
type frames struct {
	r   *bufio.Reader
	buf []byte
}

func newFrames(r io.Reader) *frames { return &frames{r: bufio.NewReaderSize(r, 64<<10)} }

// next gives io.EOF at the end, and io.ErrUnexpectedEOF when the stream was
// cut off inside a frame.
func (f *frames) next() (frame, error) {
	var header [8]byte
	if _, err := io.ReadFull(f.r, header[:]); err != nil {
		return frame{}, err
	}
	size := binary.BigEndian.Uint32(header[4:])
	if size > maxFrame {
		return frame{}, fmt.Errorf("%w: a frame of %d bytes", errMalformedLog, size)
	}
	if cap(f.buf) < int(size) {
		f.buf = make([]byte, size)
	}
	f.buf = f.buf[:size]
	if _, err := io.ReadFull(f.r, f.buf); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return frame{}, err
	}
	switch stdcopy.StdType(header[0]) {
	case stdcopy.Stdin, stdcopy.Stdout, stdcopy.Stderr:
	case stdcopy.Systemerr:
		return frame{}, fmt.Errorf("the engine could not read the log: %s", f.buf)
	default:
		return frame{}, fmt.Errorf("%w: stream %d", errMalformedLog, header[0])
	}
	stamp, text, ok := bytes.Cut(f.buf, []byte(" "))
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if !ok || err != nil {
		return frame{}, fmt.Errorf("%w: no timestamp", errMalformedLog)
	}
	return frame{at: at, stderr: stdcopy.StdType(header[0]) == stdcopy.Stderr, text: text}, nil
}

// lineBuffer puts the pieces of one stream's lines together again.
type lineBuffer struct {
	at   time.Time // of the first piece
	text []byte
}

// add calls yield for every line and piece of a line that f completes. Pieces
// are joined as long as they fit, so that a piece of 64 KiB or less is never
// cut in two.
func (b *lineBuffer) add(f frame, yield func(deployer.LogLine) bool) bool {
	text, ended := bytes.CutSuffix(f.text, []byte("\n"))
	if len(b.text) == 0 {
		if b.at = f.at; ended && len(text) <= maxLine { // most are whole
			return yield(deployer.LogLine{Time: f.at, Stderr: f.stderr, Text: string(text)})
		}
	} else if len(b.text)+len(text) > maxLine && !b.flush(f.stderr, true, yield) {
		return false
	}
	b.text = append(b.text, text...)
	for len(b.text) > maxLine {
		if !yield(deployer.LogLine{Time: b.at, Stderr: f.stderr, Text: string(b.text[:maxLine]), Partial: true}) {
			return false
		}
		b.text = append(b.text[:0], b.text[maxLine:]...)
	}
	if !ended {
		return true
	}
	return b.flush(f.stderr, false, yield)
}

func (b *lineBuffer) flush(stderr, partial bool, yield func(deployer.LogLine) bool) bool {
	line := deployer.LogLine{Time: b.at, Stderr: stderr, Text: string(b.text), Partial: partial}
	b.text = b.text[:0]
	return yield(line)
}
