package router

import (
	"errors"
	"os"
	"syscall"
)

// hangups tells when clients go away, for all connections at once and at no
// cost for a request: the kernel is told of a connection when it opens.
type hangups struct {
	fd   int
	file *os.File
	tell func(id int64, reset bool)
}

const edgeTriggered = 1 << 31

func newHangups(tell func(id int64, reset bool)) (*hangups, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // so that waiting for it takes no thread
		return nil, errors.Join(err, syscall.Close(fd))
	}
	return &hangups{fd: fd, file: os.NewFile(uintptr(fd), "hangups"), tell: tell}, nil
}

// add watches a connection until it is closed. An ID is given once.
func (h *hangups) add(c syscall.RawConn, id int64) {
	_ = c.Control(func(fd uintptr) {
		event := syscall.EpollEvent{Events: syscall.EPOLLRDHUP | edgeTriggered&0xffffffff, Fd: int32(id), Pad: int32(id >> 32)}
		// Without it, that the client goes away is found out by writing to it.
		_ = syscall.EpollCtl(h.fd, syscall.EPOLL_CTL_ADD, int(fd), &event)
	})
}

// remove stops watching a connection that goes on without the front.
func (h *hangups) remove(c syscall.RawConn) {
	_ = c.Control(func(fd uintptr) {
		_ = syscall.EpollCtl(h.fd, syscall.EPOLL_CTL_DEL, int(fd), nil) // a closed one is not watched either
	})
}

// run tells of connections until close is called.
func (h *hangups) run() {
	raw, err := h.file.SyscallConn()
	if err != nil {
		return
	}
	var events [64]syscall.EpollEvent
	for {
		n := 0
		err := raw.Read(func(fd uintptr) bool {
			for {
				var err error
				if n, err = syscall.EpollWait(int(fd), events[:], 0); err != syscall.EINTR {
					return n != 0 || err != nil
				}
			}
		})
		if err != nil || n < 0 {
			return
		}
		for _, e := range events[:n] {
			id := int64(uint32(e.Fd)) | int64(e.Pad)<<32
			h.tell(id, e.Events&(syscall.EPOLLHUP|syscall.EPOLLERR) != 0)
		}
	}
}

func (h *hangups) close() { _ = h.file.Close() }

// isExhausted says whether an error of accepting goes away by itself.
func isExhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM) || errors.Is(err, syscall.ECONNABORTED)
}
