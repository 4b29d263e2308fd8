package router

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
)

// gather is how much of an answer is gathered before it is sent.
const gather = 16 << 10

var errNotSpoken = errors.New("interim answers are not sent to HTTP/1.0")

// early implements client.
func (c *conn) early(res *response) error {
	if c.req.minor == 0 {
		return errNotSpoken
	}
	c.out = append(c.out, "HTTP/1.1 "...)
	c.out = appendStatus(c.out, res.status, res.reason)
	for i := range res.fields {
		if f := &res.fields[i]; res.passes(f) {
			c.out = appendField(c.out, f)
		}
	}
	c.out = append(c.out, '\r', '\n')
	return c.flush()
}

// begin implements client.
func (c *conn) begin(a *answer) error {
	c.closing = c.closing || a.last
	minor := byte('0' + c.req.minor)
	out := append(append(c.out, "HTTP/1."...), minor, ' ')
	out = appendStatus(out, a.status, a.reason)
	dated := false
	if a.head != nil {
		dated = a.head.dated
		for i := range a.head.fields {
			if f := &a.head.fields[i]; a.head.passes(f) {
				out = appendField(out, f)
			}
		}
	}
	for _, f := range a.own {
		out = append(append(append(append(out, f.name...), ": "...), f.value...), "\r\n"...)
	}
	if !dated {
		out = append(append(append(out, "Date: "...), *c.front.date.Load()...), "\r\n"...)
	}
	out = append(append(append(out, requestIDHeader+": "...), a.id...), "\r\n"...)
	c.chunked = false
	switch {
	case a.length >= 0 && a.status != http.StatusNoContent:
		out = append(strconv.AppendInt(append(out, "Content-Length: "...), a.length, 10), "\r\n"...)
	case a.bodiless:
	case c.req.minor == 0:
		c.closing = true
	default:
		c.chunked = true
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
		if a.head != nil && a.head.trailer {
			out = appendTrailerNames(out, a.head)
		}
	}
	switch {
	case c.closing:
		out = append(out, "Connection: close\r\n"...)
	case c.req.minor == 0:
		out = append(out, "Connection: keep-alive\r\n"...)
	}
	c.out = append(out, '\r', '\n')
	return nil
}

// write implements client.
func (c *conn) write(p []byte) error {
	if c.chunked {
		c.out = append(strconv.AppendInt(c.out, int64(len(p)), 16), '\r', '\n')
	}
	if len(c.out)+len(p) <= gather {
		c.out = append(c.out, p...)
		if c.chunked {
			c.out = append(c.out, '\r', '\n')
		}
		return nil
	}
	pieces := net.Buffers{c.out, p}
	if c.chunked {
		pieces = append(pieces, crlf)
	}
	_, err := pieces.WriteTo(c.Conn)
	c.out = c.out[:0]
	return err
}

var crlf = []byte("\r\n")

// flush implements client.
func (c *conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	_, err := c.Write(c.out)
	c.out = c.out[:0]
	return err
}

// finish implements client.
func (c *conn) finish(trailer *head) error {
	if c.chunked {
		c.out = append(c.out, "0\r\n"...)
		c.out = append(appendTrailer(c.out, trailer), '\r', '\n')
		c.chunked = false
	}
	return c.flush()
}

// splice moves a long body from one connection to the other inside the kernel.
func (c *conn) splice(from *net.TCPConn, length int64) (int64, error) {
	if err := c.flush(); err != nil {
		return 0, err
	}
	limited := &io.LimitedReader{R: from, N: length}
	n, err := c.tcp.ReadFrom(limited)
	if err == nil && n < length {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func appendStatus(out []byte, status int, reason []byte) []byte {
	out = append(strconv.AppendInt(out, int64(status), 10), ' ')
	if reason != nil {
		out = append(out, reason...)
	} else {
		out = append(out, statusText(status)...)
	}
	return append(out, '\r', '\n')
}

// statusText never is empty: a status without a reason confuses old programs.
func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "Status"
}

func appendField(out []byte, f *field) []byte {
	out = append(append(out, f.name...), ": "...)
	return append(append(out, f.value...), '\r', '\n')
}

// appendTrailerNames announces what may follow the body.
func appendTrailerNames(out []byte, h *head) []byte {
	for i := range h.fields {
		if f := &h.fields[i]; f.kind == kindTrailer {
			out = appendField(out, f)
		}
	}
	return out
}

// appendTrailer adds what follows a body.
func appendTrailer(out []byte, trailer *head) []byte {
	if trailer == nil {
		return out
	}
	for i := range trailer.fields {
		if f := &trailer.fields[i]; !forbidden(f) {
			out = appendField(out, f)
		}
	}
	return out
}
