package router

import "syscall"

// quiet says whether the other side neither closed an idle connection nor said
// anything on it unasked.
func (u *upstream) quiet() bool {
	if u.raw == nil {
		return true
	}
	quiet := false
	err := u.raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = err == syscall.EAGAIN
		return true
	})
	return err == nil && quiet
}
