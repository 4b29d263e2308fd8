package router

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"time"
)

const (
	tunnelBuffer = 8 << 10
	// halfOpen is how long one direction of an upgraded connection may go on
	// after the other has ended.
	halfOpen = time.Minute
)

var errBadUpgrade = errors.New("the backend switched to a protocol that was not asked for")

// tunnel joins client and backend after both agreed to leave HTTP. It counts
// as in flight until it closes, over any number of table changes.
func (ex *exchange) tunnel() {
	u, c := ex.up, ex.conn
	defer ex.release(false)
	agreed := u.res.protocol()
	if c == nil || ex.upgrade == nil || agreed == nil || !bytes.EqualFold(agreed, ex.upgrade) {
		ex.fail(errBadUpgrade)
		return
	}
	ex.begin(http.StatusSwitchingProtocols)
	ex.proxy.stats.upgrades.Add(1)
	ex.tunnelled = true
	c.wait(func(l *link) { l.tunnel = true })
	if ex.switchProtocol(agreed) != nil {
		return
	}
	ex.bytes = join(ex.ctx, c.Conn, u.Conn)
}

// switchProtocol says so to the client, and passes on what either side has
// already said in the new protocol.
func (ex *exchange) switchProtocol(agreed []byte) error {
	u, c := ex.up, ex.conn
	c.out = appendStatus(append(c.out, "HTTP/1.1 "...), u.res.status, u.res.reason)
	for i := range u.res.fields {
		if f := &u.res.fields[i]; u.res.passes(f) {
			c.out = appendField(c.out, f)
		}
	}
	c.out = append(append(c.out, "Connection: Upgrade\r\nUpgrade: "...), agreed...)
	c.out = append(append(append(c.out, "\r\n"+requestIDHeader+": "...), ex.id...), "\r\n\r\n"...)
	c.out = append(c.out, u.src.ready()...)
	if err := c.flush(); err != nil {
		return err
	}
	if early := c.src.ready(); len(early) > 0 {
		if _, err := u.Write(early); err != nil {
			return err
		}
		c.src.r = c.src.w
	}
	// An upgraded connection may stay for days. The buffer of the client's is
	// still referred to by the request, for the access line.
	u.src.giveBack()
	c.out = nil
	return nil
}

// join copies both ways until both are done, one fails, or ctx ends. It gives
// the number of bytes that went to the client.
func join(ctx context.Context, client net.Conn, backend io.ReadWriteCloser) int64 {
	closeBoth := func() {
		_ = client.Close()
		_ = backend.Close()
	}
	release := context.AfterFunc(ctx, closeBoth)
	defer release()
	half := time.AfterFunc(math.MaxInt64, closeBoth) // started by the first end
	defer half.Stop()
	ended := func(other io.Closer, err error) {
		if err != nil {
			closeBoth()
			return
		}
		half.Reset(halfOpen)
		closeWrite(other)
	}

	up := make(chan struct{})
	go func() {
		defer close(up)
		_, err := pump(backend, client)
		ended(backend, err)
	}()
	n, err := pump(client, backend)
	ended(client, err)
	<-up
	return n
}

func pump(to io.Writer, from io.Reader) (int64, error) {
	buffer := make([]byte, tunnelBuffer)
	var total int64
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			m, werr := to.Write(buffer[:n])
			total += int64(m)
			if werr != nil {
				return total, werr
			}
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// closeWrite says that no more comes, or closes what cannot say it.
func closeWrite(c io.Closer) {
	if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		return
	}
	_ = c.Close()
}
