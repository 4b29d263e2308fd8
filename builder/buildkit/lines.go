package buildkit

import (
	"bytes"
	"strings"
)

// maxLine bounds a line of output in bytes; a longer one is told in pieces.
const maxLine = 64 << 10

// lines cuts a stream of output into lines. A line that was written over with
// carriage returns, as progress bars are, comes out as it last stood.
type lines struct {
	rest []byte
}

// add takes a chunk and gives the lines that it completes.
func (l *lines) add(chunk []byte) []string {
	var done []string
	for {
		i := bytes.IndexByte(chunk, '\n')
		if i < 0 {
			break
		}
		done = append(done, l.flush(chunk[:i]))
		chunk = chunk[i+1:]
	}
	l.rest = append(l.rest, chunk...)
	if i := bytes.LastIndexByte(bytes.TrimRight(l.rest, "\r"), '\r'); i >= 0 {
		l.rest = append(l.rest[:0], l.rest[i+1:]...)
	}
	for len(l.rest) >= maxLine {
		piece := l.rest[:maxLine]
		l.rest = append([]byte(nil), l.rest[maxLine:]...)
		done = append(done, clean(piece))
	}
	return done
}

// end gives the last line, if the stream did not end with a newline.
func (l *lines) end() (string, bool) {
	if len(l.rest) == 0 {
		return "", false
	}
	return l.flush(nil), true
}

func (l *lines) flush(tail []byte) string {
	line := append(l.rest, tail...)
	l.rest = nil
	line = bytes.TrimRight(line, "\r")
	if i := bytes.LastIndexByte(line, '\r'); i >= 0 {
		line = line[i+1:]
	}
	return clean(line)
}

// clean makes output storable as text: programs may write any bytes.
func clean(line []byte) string {
	text := strings.ToValidUTF8(string(line), "\uFFFD")
	return strings.ReplaceAll(text, "\x00", "\uFFFD")
}
