package api

import (
	"net"
	"syscall"
)

const (
	tcpNotSentLowat = 25 // TCP_NOTSENT_LOWAT, which package syscall does not name
	maxUnsent       = 64 << 10
)

// limitUnsent keeps the kernel from taking in more than it can send soon: up to
// megabytes for each client that does not read. What is on its way is not
// limited, so that a long fast line is used to the full.
func limitUnsent(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotSentLowat, maxUnsent) // an old kernel does without
	})
}
