package router

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
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
func (ex *exchange) tunnel(res *http.Response) {
	backend, ok := res.Body.(io.ReadWriteCloser)
	if !ok || ex.upgrade == "" || !strings.EqualFold(upgradeOf(res.Header), ex.upgrade) {
		_ = res.Body.Close()
		ex.fail(errBadUpgrade)
		return
	}
	defer func() { _ = backend.Close() }() // its end is told by reading
	client, buffered, err := http.NewResponseController(ex.out.ResponseWriter).Hijack()
	if err != nil {
		ex.fail(err)
		return
	}
	defer client.Close()
	ex.out.begin(http.StatusSwitchingProtocols)
	ex.proxy.stats.upgrades.Add(1)

	h := http.Header{}
	responseHeader(h, res.Header)
	delete(h, "Content-Type")
	h["Connection"] = []string{"Upgrade"}
	h["Upgrade"] = []string{res.Header.Get("Upgrade")}
	h[requestIDHeader] = []string{ex.id}
	_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	_ = h.Write(buffered)
	_, _ = buffered.WriteString("\r\n")
	if buffered.Flush() != nil { // tells of the errors before it too
		return
	}
	early := io.LimitReader(buffered.Reader, int64(buffered.Reader.Buffered()))
	if _, err := io.Copy(backend, early); err != nil {
		return
	}
	ex.out.bytes = join(ex.in.Context(), client, backend)
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
