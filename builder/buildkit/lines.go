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
		done = append(done, pieces(append(l.rest, chunk[:i]...))...)
		l.rest = nil
		chunk = chunk[i+1:]
	}
	l.rest = lastState(append(l.rest, chunk...))
	if len(l.rest) >= maxLine {
		full := len(l.rest) / maxLine * maxLine
		done = append(done, pieces(l.rest[:full])...)
		l.rest = bytes.Clone(l.rest[full:])
	}
	return done
}

// end gives what is left when the stream did not end with a newline.
func (l *lines) end() []string {
	if len(l.rest) == 0 {
		return nil
	}
	left := l.rest
	l.rest = nil
	return pieces(left)
}

// lastState drops what was written over. A carriage return at the end has not
// written over anything yet.
func lastState(line []byte) []byte {
	if i := bytes.LastIndexByte(bytes.TrimRight(line, "\r"), '\r'); i >= 0 {
		return line[i+1:]
	}
	return line
}

// pieces gives a line in as many pieces as its length needs, at least one.
func pieces(line []byte) []string {
	line = bytes.TrimRight(lastState(line), "\r")
	var done []string
	for len(line) > maxLine {
		done = append(done, clean(line[:maxLine]))
		line = line[maxLine:]
	}
	return append(done, clean(line))
}

// clean makes output storable as text: programs may write any bytes.
func clean(line []byte) string {
	text := strings.ToValidUTF8(string(line), "\uFFFD")
	return strings.ReplaceAll(text, "\x00", "\uFFFD")
}
