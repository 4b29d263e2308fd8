package clustertest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Doorway is an address that leads to an engine's and can be cut, so that a
// driver is put to an engine that goes away and comes back. It is safe for
// concurrent use.
type Doorway struct {
	network, target string

	mu    sync.Mutex
	conns map[net.Conn]bool
	shut  bool
}

// OpenDoorway lets what connects to a listener through to the target, until the
// test ends.
func OpenDoorway(t *testing.T, listener net.Listener, network, target string) *Doorway {
	d := &Doorway{network: network, target: target, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = listener.Close(); d.Cut(true) })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go d.lead(client)
		}
	}()
	return d
}

func (d *Doorway) lead(client net.Conn) {
	engine, err := net.Dial(d.network, d.target)
	d.mu.Lock()
	if err != nil || d.shut {
		d.mu.Unlock()
		_ = client.Close()
		if err == nil {
			_ = engine.Close()
		}
		return
	}
	d.conns[client], d.conns[engine] = true, true
	d.mu.Unlock()
	go func() { _, _ = io.Copy(engine, client); _ = engine.Close() }()
	_, _ = io.Copy(client, engine)
	_ = client.Close()
}

// Cut ends all connections, and lets none in while shut.
func (d *Doorway) Cut(shut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = shut
	for conn := range d.conns {
		_ = conn.Close()
		delete(d.conns, conn)
	}
}
