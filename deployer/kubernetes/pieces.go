package kubernetes

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// maxPiece is the longest text of one deployer.LogLine.
const maxPiece = 64 << 10

var errNotALog = errors.New("the node's log has a line without a time")

// pieces reads lines that each begin with a time.
type pieces struct {
	in *bufio.Reader
	at time.Time // of the line that is not over, zero at the begin of one
}

func newPieces(r io.Reader) *pieces {
	return &pieces{in: bufio.NewReaderSize(r, maxPiece)}
}

// next gives one line, or a piece of a longer one.
func (p *pieces) next() (deployer.LogLine, error) {
	if p.at.IsZero() {
		if err := p.stamp(); err != nil {
			return deployer.LogLine{}, err
		}
	}
	text, err := p.in.ReadSlice('\n')
	line := deployer.LogLine{Time: p.at, Partial: errors.Is(err, bufio.ErrBufferFull)}
	switch {
	case line.Partial:
	case err == nil:
		p.at = time.Time{}
	case errors.Is(err, io.EOF): // the last line has no end
		p.at = time.Time{}
		if len(text) == 0 {
			return deployer.LogLine{}, io.EOF
		}
	default:
		return deployer.LogLine{}, err
	}
	line.Text = string(bytes.TrimSuffix(text, []byte{'\n'}))
	return line, nil
}

// stamp reads the time that a line begins with.
func (p *pieces) stamp() error {
	head, err := p.in.ReadSlice(' ')
	if err != nil {
		if errors.Is(err, io.EOF) && len(head) > 0 || errors.Is(err, bufio.ErrBufferFull) {
			return errNotALog
		}
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, string(head[:len(head)-1]))
	if err != nil {
		return errNotALog
	}
	p.at = at
	return nil
}
