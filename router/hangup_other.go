//go:build !linux

package router

import (
	"errors"
	"syscall"
)

// hangups tells when clients go away, which it cannot here.
type hangups struct{}

func newHangups(func(id int64, reset bool)) (*hangups, error) {
	return nil, errors.New("this system has no epoll")
}

func (h *hangups) add(syscall.RawConn, int64) {}

func (h *hangups) remove(syscall.RawConn) {}

func (h *hangups) run() {}

func (h *hangups) close() {}

// isExhausted says whether an error of accepting goes away by itself.
func isExhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
