package router

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// upload is a request's body on its way to a backend. It knows whether a byte
// of it was taken, after which it cannot be sent to another backend, and cuts
// off a client that stops sending before the app has begun to answer. It
// stays open when a backend's transport closes it, for the next backend.
type upload struct {
	src     io.ReadCloser
	control *http.ResponseController // nil when the protocol is not HTTP/1
	stall   time.Duration

	mu       sync.Mutex
	touched  bool
	ended    bool
	answered bool
	closed   bool
	armed    bool
	failure  error
}

// Read takes bytes from the client.
func (u *upload) Read(p []byte) (int, error) {
	if err := u.begin(); err != nil {
		return 0, err
	}
	n, err := u.src.Read(p)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.armed && !u.closed {
		u.armed = false
		_ = u.control.SetReadDeadline(time.Time{}) // or it would end the request later
	}
	switch {
	case err == io.EOF:
		u.ended = true
	case err != nil && u.failure == nil:
		u.failure = err
	}
	return n, err
}

func (u *upload) begin() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return http.ErrBodyReadAfterClose
	}
	u.touched = true
	if u.control != nil && !u.answered && !u.ended && u.stall > 0 {
		u.armed = u.control.SetReadDeadline(time.Now().Add(u.stall)) == nil
	}
	return nil
}

// Close does nothing, see above; finish does.
func (u *upload) Close() error { return nil }

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
	return !u.ended
}

// finish makes reads fail from now on and gives one that waits for the client
// a moment to end. The moment lets a client that is still sending see the
// answer before the connection closes.
func (u *upload) finish() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	if u.ended || u.control == nil {
		return
	}
	linger := time.Second
	if !u.touched {
		linger = 0 // it may be waiting for "100 Continue", which does not come
	}
	_ = u.control.SetReadDeadline(time.Now().Add(linger))
}
