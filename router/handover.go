package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	handoverSocket  = "handover.sock"
	handoverTimeout = 2 * time.Second
	handoverMost    = 8 // listeners
	// firstTable is how long a successor waits for the server's table before it
	// takes requests: its predecessor serves meanwhile.
	firstTable = 5 * time.Second
)

// offered is what a router says of the listeners it hands over, in the order
// of their descriptors.
type offered struct {
	Addresses []string `json:"addresses"` // as they were configured
}

// handover gives a successor with the same data folder the sockets that this
// router listens on. Both take connections from one queue then, so that none is
// refused or lost while the one starts and when the other stops.
type handover struct {
	listener *net.UnixListener
	offer    offered
	doors    []door
}

func handoverPath(data string) string { return filepath.Join(data, handoverSocket) }

// newHandover takes the place of an earlier router at the socket's path.
func newHandover(data string, doors []door) (*handover, error) {
	h := &handover{doors: doors}
	for _, d := range doors {
		h.offer.Addresses = append(h.offer.Addresses, d.configured)
	}
	path := handoverPath(data)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false) // a successor's may be there by then
	h.listener = listener
	return h, os.Chmod(path, 0o600)
}

// run serves successors until close is called.
func (h *handover) run() {
	for {
		c, err := h.listener.AcceptUnix()
		if err != nil {
			return
		}
		_ = h.give(c) // a successor that gets nothing listens by itself
		_ = c.Close()
	}
}

func (h *handover) close() { _ = h.listener.Close() }

func (h *handover) give(to *net.UnixConn) error {
	_ = to.SetDeadline(time.Now().Add(handoverTimeout))
	text, err := json.Marshal(h.offer)
	if err != nil {
		return err
	}
	return withDescriptors(h.doors, nil, func(descriptors []int) error {
		_, _, err := to.WriteMsgUnix(text, syscall.UnixRights(descriptors...), nil)
		return err
	})
}

// withDescriptors calls what with the descriptors of all doors, which stay open
// meanwhile.
func withDescriptors(doors []door, so []int, what func([]int) error) error {
	if len(doors) == 0 {
		return what(so)
	}
	conn, ok := doors[0].Listener.(syscall.Conn)
	if !ok {
		return fmt.Errorf("the listener on %s has no descriptor", doors[0].configured)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = raw.Control(func(fd uintptr) { inner = withDescriptors(doors[1:], append(so, int(fd)), what) })
	return errors.Join(err, inner)
}

// inherit asks a router that runs with the same data folder for its listeners.
// They are given by the addresses that they were configured with. That there is
// no such router is no error.
func inherit(ctx context.Context, data string) (map[string]net.Listener, error) {
	dialer := net.Dialer{Timeout: handoverTimeout}
	c, err := dialer.DialContext(ctx, "unix", handoverPath(data))
	if err != nil {
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EINVAL) {
			return nil, nil // EINVAL: the path is too long for anybody to listen there
		}
		return nil, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(handoverTimeout))
	text, rights := make([]byte, 4096), make([]byte, syscall.CmsgSpace(4*handoverMost))
	n, m, _, _, err := c.(*net.UnixConn).ReadMsgUnix(text, rights)
	if err != nil {
		return nil, err
	}
	descriptors, err := parseRights(rights[:m])
	if err != nil {
		return nil, err
	}
	return listenersOf(text[:n], descriptors)
}

func parseRights(raw []byte) ([]int, error) {
	messages, err := syscall.ParseSocketControlMessage(raw)
	if err != nil {
		return nil, err
	}
	var all []int
	for i := range messages {
		descriptors, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			return nil, err
		}
		all = append(all, descriptors...)
	}
	return all, nil
}

// listenersOf makes listeners of descriptors, or closes them all.
func listenersOf(text []byte, descriptors []int) (map[string]net.Listener, error) {
	files := make([]*os.File, len(descriptors))
	for i, fd := range descriptors {
		files[i] = os.NewFile(uintptr(fd), "listener")
		defer func() { _ = files[i].Close() }() // a listener has its own copy
	}
	var offer offered
	if err := json.Unmarshal(text, &offer); err != nil {
		return nil, fmt.Errorf("read what was handed over: %w", err)
	}
	if len(offer.Addresses) != len(files) {
		return nil, fmt.Errorf("%d addresses were handed over with %d listeners", len(offer.Addresses), len(files))
	}
	all := map[string]net.Listener{}
	for i, address := range offer.Addresses {
		listener, err := net.FileListener(files[i])
		if err != nil {
			for _, l := range all {
				_ = l.Close()
			}
			return nil, fmt.Errorf("take over the listener on %s: %w", address, err)
		}
		all[address] = listener
	}
	return all, nil
}
