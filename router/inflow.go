package router

import (
	"bytes"
	"io"
)

// framing is how a message says where its body ends.
type framing uint8

const (
	framedNone framing = iota
	framedLength
	framedChunked
	framedByClose
)

// inflow is the body of a message on its way in.
type inflow struct {
	src     *source
	framing framing
	left    int64 // of the body, or of the chunk
	step    chunkStep
	ended   bool
	trailer head
}

// chunkStep is what comes next in a chunked body.
type chunkStep uint8

const (
	stepSize chunkStep = iota
	stepData
	stepDataEnd
)

func (b *inflow) begin(src *source, how framing, length int64) {
	*b = inflow{src: src, framing: how, left: length, trailer: b.trailer}
	b.trailer.reset()
	b.ended = how == framedNone
}

// whole gives the whole body if it has been read from the connection, nil
// otherwise. It is not used by that: skip does so.
func (b *inflow) whole() []byte {
	if ready := b.src.ready(); b.framing == framedLength && int64(len(ready)) >= b.left {
		return ready[:b.left]
	}
	return nil
}

// skip uses the whole body.
func (b *inflow) skip() {
	b.src.r += int(b.left)
	b.left, b.ended = 0, true
}

// next gives the next piece of the body, valid until the next call, and io.EOF
// at its end. Large pieces are read into scratch.
func (b *inflow) next(scratch []byte) ([]byte, error) {
	for {
		if b.ended {
			return nil, io.EOF
		}
		switch {
		case b.framing == framedByClose:
			return b.unbounded(scratch)
		case b.framing == framedLength || b.step == stepData:
			return b.bounded(scratch)
		}
		if err := b.chunk(); err != nil {
			return nil, err
		}
	}
}

// Read implements io.Reader.
func (b *inflow) Read(p []byte) (int, error) {
	piece, err := b.next(p)
	if len(piece) == 0 {
		return 0, err
	}
	if &piece[0] == &p[0] {
		return len(piece), nil
	}
	n := copy(p, piece)
	if n < len(piece) { // it comes again
		b.src.r -= len(piece) - n
		if b.framing != framedByClose {
			b.left += int64(len(piece) - n)
			b.ended = false
			if b.framing == framedChunked {
				b.step = stepData
			}
		}
	}
	return n, nil
}

func (b *inflow) unbounded(scratch []byte) ([]byte, error) {
	if ready := b.src.ready(); len(ready) > 0 {
		b.src.r = b.src.w
		return ready, nil
	}
	n, err := b.src.wait(scratch)
	if n > 0 {
		return scratch[:n], nil
	}
	if err == io.EOF {
		b.ended = true
	}
	return nil, err
}

func (b *inflow) bounded(scratch []byte) ([]byte, error) {
	ready := b.src.ready()
	if len(ready) == 0 {
		if int64(len(scratch)) < b.left || b.framing == framedLength {
			n, err := b.src.wait(scratch[:min(int64(len(scratch)), b.left)])
			if n == 0 {
				return nil, unexpected(err)
			}
			b.took(n)
			return scratch[:n], nil
		}
		// A small chunk: the one after it is likely to come with it.
		if err := b.src.fill(b.src.kept + 2*sourceSize); err != nil {
			return nil, unexpected(err)
		}
		ready = b.src.ready()
	}
	piece := ready[:min(int64(len(ready)), b.left)]
	b.src.r += len(piece)
	b.took(len(piece))
	return piece, nil
}

func (b *inflow) took(n int) {
	if b.left -= int64(n); b.left > 0 {
		return
	}
	if b.framing == framedLength {
		b.ended = true
	} else {
		b.step = stepDataEnd
	}
}

// chunk reads what stands between two chunks, and what follows the last one.
func (b *inflow) chunk() error {
	line, err := b.src.line()
	if err != nil {
		return err
	}
	if b.step == stepDataEnd {
		b.step = stepSize
		if len(line) != 0 {
			return errChunk
		}
		return nil
	}
	if b.left, err = parseChunkSize(line); err != nil {
		return err
	}
	if b.left > 0 {
		b.step = stepData
		return nil
	}
	return b.readTrailer()
}

// parseChunkSize reads the line before a chunk. What follows the size is
// checked and not passed on.
func parseChunkSize(line []byte) (int64, error) {
	digits := line
	if i := bytes.IndexAny(line, "; \t"); i >= 0 {
		digits = line[:i]
		rest := trimSpace(line[i:])
		if len(rest) > 0 && rest[0] != ';' || !isValue(rest) {
			return 0, errChunk
		}
	}
	if len(digits) == 0 || len(digits) > 15 {
		return 0, errChunk
	}
	var n int64
	for _, c := range digits {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, errChunk
		}
		n = n<<4 | int64(c)
	}
	return n, nil
}

// readTrailer reads the fields after the last chunk. They are copied: the
// buffer is used for what comes next.
func (b *inflow) readTrailer() error {
	var text []byte
	for {
		line, err := b.src.line()
		if err != nil {
			return err
		}
		if len(text)+len(line) > trailerMost {
			return errHeadTooLong
		}
		if len(line) == 0 {
			break
		}
		text = append(append(text, line...), '\r', '\n')
	}
	b.ended = true
	if len(text) == 0 {
		return nil
	}
	return b.trailer.readFields(append(text, '\r', '\n'), false)
}
