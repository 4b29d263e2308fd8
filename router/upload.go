package router

import (
	"errors"
	"io"
	"sync"
	"time"
)

var errUploadOver = errors.New("the request is over")

// bodySource gives a body piece by piece, large ones by way of scratch.
type bodySource interface {
	next(scratch []byte) ([]byte, error)
}

// upload is a request's body on its way to a backend. It knows whether a byte
// of it was taken, after which it cannot be sent to another backend, and cuts
// off a client that stops sending before the app has begun to answer.
type upload struct {
	body    bodySource
	whole   []byte                                        // all of it, when it came together with the header
	control interface{ SetReadDeadline(time.Time) error } // nil when the protocol is not HTTP/1
	stall   time.Duration

	mu       sync.Mutex
	touched  bool
	ended    bool
	answered bool
	closed   bool
	armed    bool
	failure  error
}

// next takes a piece from the client.
func (u *upload) next(scratch []byte) ([]byte, error) {
	if err := u.begin(); err != nil {
		return nil, err
	}
	piece, err := u.body.next(scratch)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.armed && !u.closed {
		u.armed = false
		_ = u.control.SetReadDeadline(time.Time{}) // or it would end the request later
	}
	switch {
	case err == io.EOF:
		u.ended = true
	case err != nil && u.failure == nil && !u.closed:
		u.failure = err
	}
	return piece, err
}

func (u *upload) begin() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return errUploadOver
	}
	u.touched = true
	if u.control != nil && !u.answered && !u.ended && u.stall > 0 {
		u.armed = u.control.SetReadDeadline(time.Now().Add(u.stall)) == nil
	}
	return nil
}

// sent notes that a backend has the whole body.
func (u *upload) sent() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.touched, u.ended = true, true
}

// untouched says whether the whole body can still be sent to someone else.
func (u *upload) untouched() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return !u.touched
}

// failed gives the error with which the client's bytes ended, if they did.
func (u *upload) failed() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.failure
}

// answer notes that the answer begins, after which the client may take its
// time: the two may be talking. It reports whether the body is still coming;
// then the connection cannot serve another request after this one.
func (u *upload) answer() (unfinished bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answered = true
	if u.armed {
		u.armed = false
		_ = u.control.SetReadDeadline(time.Time{})
	}
	return !u.ended && u.whole == nil
}

// finish makes a read that waits for the client fail, and all that follow.
func (u *upload) finish() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	if !u.ended && u.control != nil {
		_ = u.control.SetReadDeadline(time.Unix(1, 0))
	}
}

// over says whether the body has been read to its end.
func (u *upload) over() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ended || u.whole != nil
}
