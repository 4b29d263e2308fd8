package metrics

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/slipway-paas/slipway/router"
)

// A record is one point in a file: the length of its content in two bytes, the
// content's checksum in four, then the content as a row of varints. One that
// was torn by a crash has a wrong checksum or is too short.
const (
	headSize      = 6
	maxRecord     = 2 << 10 // bytes with its head
	maxInstances  = 64      // in one point; more are left out
	maxProcessLen = 64      // bytes of a process's name
)

var checksum = crc32.MakeTable(crc32.Castagnoli)

// appendRecord adds a point to buf. Instances for which there is no room are
// left out.
func appendRecord(buf []byte, p *point) []byte {
	start := len(buf)
	buf = append(buf, make([]byte, headSize)...)
	put := func(values ...int64) {
		for _, v := range values {
			buf = binary.AppendUvarint(buf, uint64(min(max(v, 0), largest)))
		}
	}
	put(p.slot, int64(p.source), p.covered)
	put(p.traffic.Responses[:]...)
	put(p.traffic.Errors, p.traffic.Own, p.traffic.Bytes)
	used := int64(0)
	for _, n := range p.traffic.Latency {
		if n > 0 {
			used++
		}
	}
	put(used)
	for i, n := range p.traffic.Latency {
		if n > 0 {
			put(int64(i), n)
		}
	}
	for i := range p.usage[:min(len(p.usage), maxInstances)] {
		u := &p.usage[i]
		before := len(buf)
		name := u.process[:min(len(u.process), maxProcessLen)]
		put(int64(len(name)))
		buf = append(buf, name...)
		put(int64(u.release), int64(u.index), u.cpu+1, u.memory, u.limit, u.cpuLimit)
		if len(buf)-start > maxRecord {
			buf = buf[:before]
			break
		}
	}
	content := buf[start+headSize:]
	binary.LittleEndian.PutUint16(buf[start:], uint16(len(content)))
	binary.LittleEndian.PutUint32(buf[start+2:], crc32.Checksum(content, checksum))
	return buf
}

// parseRecords reads the points of a file up to its end or to the first record
// that is not whole, and gives how many bytes were good.
func parseRecords(raw []byte) (points []point, good int) {
	for {
		rest := raw[good:]
		if len(rest) < headSize {
			return points, good
		}
		size := headSize + int(binary.LittleEndian.Uint16(rest))
		if size > maxRecord || size > len(rest) {
			return points, good
		}
		content := rest[headSize:size]
		if crc32.Checksum(content, checksum) != binary.LittleEndian.Uint32(rest[2:]) {
			return points, good
		}
		p, ok := parsePoint(content)
		if !ok {
			return points, good
		}
		points = append(points, p)
		good += size
	}
}

// reader takes varints off the front of a record. After the first that is not
// there, or beyond what a figure can be, it gives 0 for ever.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) next(most int64) int64 {
	v, n := binary.Uvarint(r.rest)
	if r.bad || n <= 0 || v > uint64(most) {
		r.bad = true
		return 0
	}
	r.rest = r.rest[n:]
	return int64(v)
}

func (r *reader) text(most int64) string {
	n := r.next(most)
	if r.bad || n > int64(len(r.rest)) {
		r.bad = true
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

// largest bounds a figure, so that sums of them cannot overflow.
const largest = int64(1) << 50

func parsePoint(content []byte) (point, bool) {
	r := &reader{rest: content}
	p := point{slot: r.next(largest), source: uint32(r.next(math.MaxUint32)), covered: r.next(largest)}
	for i := range p.traffic.Responses {
		p.traffic.Responses[i] = r.next(largest)
	}
	p.traffic.Errors, p.traffic.Own, p.traffic.Bytes = r.next(largest), r.next(largest), r.next(largest)
	for range r.next(router.LatencyBuckets) {
		bucket, n := r.next(router.LatencyBuckets-1), r.next(largest)
		if short := int(bucket) + 1 - len(p.traffic.Latency); short > 0 {
			p.traffic.Latency = append(p.traffic.Latency, make([]int64, short)...)
		}
		p.traffic.Latency[bucket] = n
	}
	for len(r.rest) > 0 && !r.bad {
		p.usage = append(p.usage, usage{
			process: r.text(maxProcessLen), release: int(r.next(math.MaxInt32)), index: int(r.next(math.MaxInt32)),
			cpu: r.next(largest) - 1, memory: r.next(largest), limit: r.next(largest), cpuLimit: r.next(largest),
		})
	}
	return p, !r.bad
}
