//go:build !linux

package api

import "net"

func limitUnsent(net.Conn) {}
