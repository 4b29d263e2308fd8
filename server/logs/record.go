package logs

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"time"
	"unicode/utf8"
)

// A record is one line on disk:
//
//	4 bytes  length of the payload, little-endian, never 0
//	4 bytes  CRC-32C of the payload
//	payload  flags, seq, seconds, nanoseconds, then the strings, each with its length
const (
	headerBytes = 8
	maxPayload  = 1 << 20

	// What a line may hold, so that a record stays within maxPayload. Text of
	// an instance arrives in pieces of at most 64 KiB anyway.
	maxText  = 256 << 10
	maxField = 4 << 10
)

const (
	flagStep     = 1 << 0
	flagInternal = 1 << 1
	flagsKnown   = flagStep | flagInternal
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)

	// errBadRecord is a torn write or a damaged disk.
	errBadRecord = errors.New("bad record")
)

// appendRecord adds l's record to b. Strings that are too long are cut.
func appendRecord(b []byte, l *Line) []byte {
	start := len(b)
	b = append(b, make([]byte, headerBytes)...)
	var flags byte
	if l.Step != nil {
		flags |= flagStep
		if l.Step.Internal {
			flags |= flagInternal
		}
	}
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(l.Seq))
	b = binary.AppendVarint(b, l.Time.Unix())
	b = binary.AppendUvarint(b, uint64(l.Time.Nanosecond()))
	b = appendString(b, string(l.Source), maxField)
	b = appendString(b, l.Process, maxField)
	b = appendString(b, l.Instance, maxField)
	b = appendString(b, l.Stream, maxField)
	b = appendString(b, l.StepID, maxField)
	b = appendString(b, l.State, maxField)
	b = appendString(b, l.Text, maxText)
	if l.Step != nil {
		b = appendString(b, l.Step.ID, maxField)
		b = appendString(b, l.Step.Name, maxText)
		b = appendString(b, l.Step.Status, maxField)
		b = appendString(b, l.Step.Error, maxText)
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(l.Step.DurationMS))
	}
	payload := b[start+headerBytes:]
	binary.LittleEndian.PutUint32(b[start:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(b[start+4:], crc32.Checksum(payload, castagnoli))
	return b
}

// cutMark ends a string that was too long.
const cutMark = "… (cut)"

func appendString(b []byte, s string, limit int) []byte {
	if len(s) <= limit {
		b = binary.AppendUvarint(b, uint64(len(s)))
		return append(b, s...)
	}
	end := limit - len(cutMark)
	for i := 0; i < utf8.UTFMax && !utf8.RuneStart(s[end]); i++ { // not within a character
		end--
	}
	b = binary.AppendUvarint(b, uint64(end+len(cutMark)))
	b = append(b, s[:end]...)
	return append(b, cutMark...)
}

// splitRecord checks the record at the start of b and gives its payload and
// whole length. It asks for more bytes by a need beyond len(b).
func splitRecord(b []byte) (payload []byte, need int, err error) {
	if len(b) < headerBytes {
		return nil, headerBytes, nil
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0 || n > maxPayload {
		return nil, 0, errBadRecord
	}
	need = headerBytes + int(n)
	if len(b) < need {
		return nil, need, nil
	}
	payload = b[headerBytes:need]
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, 0, errBadRecord
	}
	return payload, need, nil
}

// recordBytes gives the whole length of the record at the start of b, which is
// known to be good.
func recordBytes(b []byte) int { return headerBytes + int(binary.LittleEndian.Uint32(b)) }

// seqOf reads only the sequence number of a payload.
func seqOf(payload []byte) (int64, error) {
	d := decoder{rest: payload}
	d.byte()
	seq := int64(d.uvarint())
	if d.bad || seq < 1 {
		return 0, errBadRecord
	}
	return seq, nil
}

// decodeLine reads a payload into l. Strings that are the same as those in l
// before are kept and not made again, since neighbours share most of them.
func decodeLine(payload []byte, l *Line) error {
	d := decoder{rest: payload}
	flags := d.byte()
	seq := int64(d.uvarint())
	sec := d.varint()
	nsec := d.uvarint()
	if d.bad || flags&^flagsKnown != 0 || seq < 1 || nsec >= uint64(time.Second) {
		return errBadRecord
	}
	l.Seq, l.Time = seq, time.Unix(sec, int64(nsec)).UTC()
	l.Source = Source(d.string(string(l.Source)))
	l.Process = d.string(l.Process)
	l.Instance = d.string(l.Instance)
	l.Stream = d.string(l.Stream)
	l.StepID = d.string(l.StepID)
	l.State = d.string(l.State)
	l.Text = d.string("")
	l.Step = nil
	if flags&flagStep != 0 {
		l.Step = &Step{ID: d.string(""), Name: d.string(""), Status: d.string(""), Error: d.string(""), Internal: flags&flagInternal != 0}
		l.Step.DurationMS = math.Float64frombits(d.uint64())
	}
	if d.bad || len(d.rest) > 0 {
		return errBadRecord
	}
	return nil
}

// decoder takes values off the front of a payload. It turns bad instead of
// failing, so that callers check once.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.bad = true
		return 0
	}
	v := d.rest[0]
	d.rest = d.rest[1:]
	return v
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) uint64() uint64 {
	if len(d.rest) < 8 {
		d.bad, d.rest = true, nil
		return 0
	}
	v := binary.LittleEndian.Uint64(d.rest)
	d.rest = d.rest[8:]
	return v
}

func (d *decoder) string(known string) string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.bad, d.rest = true, nil
		return ""
	}
	raw := d.rest[:n]
	d.rest = d.rest[n:]
	if string(raw) == known {
		return known
	}
	return string(raw)
}
