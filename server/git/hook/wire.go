// Package hook is the two ends of the talk between git's pre-receive hook and
// the server: a small program that git starts, and the words they exchange over
// a unix socket. The program decides nothing. It says which push it belongs to
// and what that push wants to change, shows what the server answers and exits
// as the server says. It uses the standard library only and starts in a few
// milliseconds, because every push waits for it.
package hook

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The environment variables that the server gives to git and git to the hook.
const (
	EnvSocket = "SLIPWAY_HOOK_SOCKET" // path of the server's unix socket
	EnvPush   = "SLIPWAY_PUSH_ID"     // the push's secret name
)

// MaxRequest bounds what a hook may send, in bytes. It holds several thousand
// ref updates.
const MaxRequest = 1 << 20

// MaxText bounds one line of an answer, in bytes.
const MaxText = 64 << 10

// Request is what the hook sends: one JSON object on one line.
type Request struct {
	Push       string `json:"push"`       // the push's secret name
	Quarantine string `json:"quarantine"` // folder of the pushed objects until they are accepted, "" if there are none
	Updates    string `json:"updates"`    // what git gave on standard input: lines of "old new ref"
}

// ReadRequest reads a request of at most MaxRequest bytes, and nothing after it.
func ReadRequest(r io.Reader) (Request, error) {
	line, err := readLine(bufio.NewReader(io.LimitReader(r, MaxRequest+1)), MaxRequest)
	if err != nil {
		return Request{}, fmt.Errorf("reading the hook's request: %w", err)
	}
	var req Request
	if err := json.Unmarshal(line, &req); err != nil {
		return Request{}, fmt.Errorf("the hook's request is not JSON: %w", err)
	}
	return req, nil
}

// WriteRequest sends a request.
func WriteRequest(w io.Writer, req Request) error {
	line, err := json.Marshal(req)
	if err != nil {
		return err
	}
	if len(line) >= MaxRequest {
		return errors.New("too many refs in one push")
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// An answer is lines. The first byte says what a line is: a text for the
// pusher, or the exit code, which is the last one.
const (
	tagText = ' '
	tagExit = '='
)

// WriteText sends a text for the pusher; each line of it becomes a line there.
func WriteText(w io.Writer, text string) error {
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		for len(line) >= MaxText-2 {
			out.WriteByte(tagText)
			out.WriteString(line[:MaxText-2] + "\n")
			line = line[MaxText-2:]
		}
		out.WriteByte(tagText)
		out.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// WriteExit ends the answer: the hook exits with the code.
func WriteExit(w io.Writer, code int) error {
	_, err := fmt.Fprintf(w, "%c%d\n", tagExit, code)
	return err
}

// ReadAnswer shows every text on w as it comes, and gives the exit code. An
// answer that ends without one is an error.
func ReadAnswer(r io.Reader, w io.Writer) (int, error) {
	in := bufio.NewReader(r)
	for {
		line, err := readLine(in, MaxText)
		if err != nil {
			return 1, err
		}
		if len(line) == 0 {
			return 1, errors.New("an empty line in the answer")
		}
		switch line[0] {
		case tagText:
			if _, err := fmt.Fprintf(w, "%s\n", line[1:]); err != nil {
				return 1, err
			}
		case tagExit:
			code, err := strconv.Atoi(string(line[1:]))
			if err != nil || code < 0 || code > 255 {
				return 1, fmt.Errorf("%q is no exit code", line[1:])
			}
			return code, nil
		default:
			return 1, fmt.Errorf("unknown line %q in the answer", line[:1])
		}
	}
}

// readLine reads up to a newline, which it leaves out, and refuses more than
// limit bytes.
func readLine(in *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > limit {
			return nil, fmt.Errorf("a line of more than %d bytes", limit)
		}
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		default:
			return nil, err
		}
	}
}
