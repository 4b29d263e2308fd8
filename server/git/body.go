package git

import (
	"compress/gzip"
	"io"
	"net/http"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// idle is how long a client may neither send nor take anything while it is its
// turn.
const idle = 2 * time.Minute

// maxFetchRequest bounds what a fetch asks with, in bytes: the names of the
// commits it wants and has.
const maxFetchRequest = 32 << 20

// body gives a request's body unpacked, and refuses more than limit bytes of
// what it unpacks to.
func body(w http.ResponseWriter, r *http.Request, limit int64) (io.Reader, error) {
	var in io.Reader = &patient{body: r.Body, control: http.NewResponseController(w)}
	switch r.Header.Get("Content-Encoding") {
	case "", "identity":
	case "gzip", "x-gzip":
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, models.Invalid("body", "the request is not gzip, as it claims")
		}
		in = unpacked
	default:
		return nil, models.Invalid("body", "send the request as it is or as gzip")
	}
	return &bounded{in: in, left: limit}, nil
}

// patient reads a body with a deadline for every piece, not for the whole. The
// deadline is taken off at the end, because it would end the request later, when
// nobody is expected to send.
type patient struct {
	body    io.Reader
	control *http.ResponseController
}

func (p *patient) Read(b []byte) (int, error) {
	// Not every kind of connection has deadlines; without one, the operating
	// system's keep-alive finds a dead peer.
	_ = p.control.SetReadDeadline(time.Now().Add(idle))
	n, err := p.body.Read(b)
	if err != nil {
		_ = p.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

type bounded struct {
	in   io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.in.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return 0, models.Errorf(models.KindTooLarge, "the request is too large")
	}
	return n, err
}

// live writes every piece to the client at once, so that a pusher sees the
// build as it happens.
type live struct {
	w       http.ResponseWriter
	control *http.ResponseController
	failed  func(error) // hears that the client takes nothing any more
}

func (l *live) Write(p []byte) (int, error) {
	_ = l.control.SetWriteDeadline(time.Now().Add(idle))
	n, err := l.w.Write(p)
	if err == nil {
		err = l.control.Flush()
	}
	_ = l.control.SetWriteDeadline(time.Time{})
	if err != nil {
		l.failed(err)
	}
	return n, err
}
