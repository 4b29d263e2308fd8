package docker

import (
	"bytes"
	"encoding/json"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// entry is one line of an engine's json-file: a line that an instance wrote, or
// a piece of one without its newline, as the engine reads long ones.
//
//	{"log":"hello\n","stream":"stdout","time":"2026-01-02T03:04:05.000000006Z"}
type entry = frame

var (
	entryBegin  = []byte(`{"log":"`)
	entryStream = []byte(`","stream":"std`)
	entryTime   = []byte(`,"time":"`)
)

// entryParser reads entries. It takes apart by hand what engines write, which
// is some twenty times as fast as encoding/json, and leaves to that what looks
// different.
type entryParser struct {
	text   []byte // of the newest entry with escapes in it
	second []byte // the newest time up to its seconds
	unix   int64  // that second
}

// parse reads one line of the file, without its newline. The entry's text is
// valid until the next call. What is no entry was torn by a crash: what follows
// in the same line is looked at.
func (p *entryParser) parse(line []byte) (entry, bool) {
	line = bytes.TrimLeft(line, "\x00") // a file that was truncated underneath the engine
	for {
		if e, ok := p.whole(line); ok {
			return e, true
		}
		if len(line) == 0 {
			return entry{}, false
		}
		next := bytes.Index(line[1:], entryBegin)
		if next < 0 {
			return entry{}, false
		}
		line = line[1+next:]
	}
}

// whole reads a line that is one entry.
func (p *entryParser) whole(line []byte) (entry, bool) {
	if e, ok := p.usual(line); ok {
		return e, true
	}
	var other struct {
		Log    string    `json:"log"`
		Stream string    `json:"stream"`
		Time   time.Time `json:"time"`
	}
	if err := json.Unmarshal(line, &other); err != nil || other.Time.IsZero() {
		return entry{}, false
	}
	return entry{at: other.Time, stderr: other.Stream == "stderr", text: []byte(other.Log)}, true
}

// usual reads what engines write.
func (p *entryParser) usual(line []byte) (entry, bool) {
	rest, ok := bytes.CutPrefix(line, entryBegin)
	if !ok {
		return entry{}, false
	}
	var e entry
	if e.text, rest, ok = p.string(rest); !ok {
		return entry{}, false
	}
	if rest, ok = bytes.CutPrefix(rest, entryStream); !ok {
		return entry{}, false
	}
	switch {
	case bytes.HasPrefix(rest, []byte(`out"`)):
	case bytes.HasPrefix(rest, []byte(`err"`)):
		e.stderr = true
	default:
		return entry{}, false
	}
	if rest, ok = bytes.CutPrefix(rest[4:], entryTime); !ok {
		return entry{}, false
	}
	if rest, ok = bytes.CutSuffix(rest, []byte(`"}`)); !ok {
		return entry{}, false
	}
	e.at, ok = p.time(rest)
	return e, ok
}

// string reads the text of an entry, and gives what follows from its closing
// quote on. Most have one escape, the newline at their end.
func (p *entryParser) string(b []byte) (text, rest []byte, ok bool) {
	quote := bytes.IndexByte(b, '"')
	if quote < 0 {
		return nil, nil, false
	}
	escape := bytes.IndexByte(b[:quote], '\\')
	if escape < 0 {
		return b[:quote], b[quote:], true
	}
	p.text = append(p.text[:0], b[:escape]...)
	b = b[escape:]
	for {
		i := bytes.IndexAny(b, `"\`)
		if i < 0 || i+1 >= len(b) {
			return nil, nil, false
		}
		p.text = append(p.text, b[:i]...)
		if b[i] == '"' {
			return p.text, b[i:], true
		}
		if b, ok = p.unescape(b[i+1:]); !ok {
			return nil, nil, false
		}
	}
}

var escapes = [256]byte{'n': '\n', 't': '\t', 'r': '\r', '"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f'}

// unescape adds what an escape without its backslash stands for, and gives
// what follows it.
func (p *entryParser) unescape(b []byte) ([]byte, bool) {
	if c := escapes[b[0]]; c != 0 {
		p.text = append(p.text, c)
		return b[1:], true
	}
	r, ok := hex4(b)
	if !ok {
		return nil, false
	}
	b = b[5:]
	if utf16.IsSurrogate(r) {
		low, isLow := rune(0), false
		if len(b) > 0 && b[0] == '\\' {
			low, isLow = hex4(b[1:])
		}
		if r = utf16.DecodeRune(r, low); isLow && r != utf8.RuneError {
			b = b[6:]
		}
	}
	p.text = utf8.AppendRune(p.text, r)
	return b, true
}

// hex4 reads u and four hexadecimal digits.
func hex4(b []byte) (rune, bool) {
	if len(b) < 5 || b[0] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[1:5] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// secondBytes is the length of 2006-01-02T15:04:05.
const secondBytes = 19

// time reads a time in UTC. Neighbours share their second, so that only the
// first of them is taken apart.
func (p *entryParser) time(b []byte) (time.Time, bool) {
	if len(b) <= secondBytes || b[len(b)-1] != 'Z' {
		return anyTime(b)
	}
	if !bytes.Equal(b[:secondBytes], p.second) {
		at, ok := anyTime(b)
		if !ok {
			return time.Time{}, false
		}
		p.second, p.unix = append(p.second[:0], b[:secondBytes]...), at.Unix()
		return at, true
	}
	fraction := b[secondBytes : len(b)-1]
	if len(fraction) == 0 {
		return time.Unix(p.unix, 0).UTC(), true
	}
	if fraction[0] != '.' || len(fraction) < 2 || len(fraction) > 10 {
		return anyTime(b)
	}
	nanos := int64(0)
	for i := 1; i < 10; i++ {
		digit := byte('0')
		if i < len(fraction) {
			digit = fraction[i]
		}
		if digit < '0' || digit > '9' {
			return time.Time{}, false
		}
		nanos = nanos*10 + int64(digit-'0')
	}
	return time.Unix(p.unix, nanos).UTC(), true
}

func anyTime(b []byte) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339Nano, string(b))
	return at, err == nil
}
