package metrics

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/router"
)

func samplePoints() []point {
	return []point{
		{slot: 180_000_000, source: fromEngine, usage: []usage{{process: "web", release: 3, index: 1, cpu: -1, memory: 1 << 30, limit: 2 << 30}, {process: "worker", release: 3, index: 2, cpu: 12, memory: 5, cpuLimit: 500}}},
		{slot: 180_000_001, source: math.MaxUint32, covered: 1, traffic: router.Traffic{Responses: [router.Classes]int64{1, 2, 3, 4, 5}, Errors: 5, Own: 1, Bytes: 1 << 40, Latency: []int64{0, 3, 0, 9}}},
		{slot: 1, covered: 30},
	}
}

func TestRecordsComeBack(t *testing.T) {
	var raw []byte
	want := samplePoints()
	for i := range want {
		raw = appendRecord(raw, &want[i])
	}
	got, good := parseRecords(raw)
	if good != len(raw) || !reflect.DeepEqual(got, want) {
		t.Errorf("%d of %d bytes: %+v", good, len(raw), got)
	}
	for cut := range raw { // torn anywhere, what stands before is there and nothing else
		got, good := parseRecords(raw[:cut])
		if good > cut || !reflect.DeepEqual(got, want[:len(got):len(got)]) && len(got) > 0 {
			t.Fatalf("cut at %d: %d bytes, %+v", cut, good, got)
		}
	}
}

// TestRecordsAreBounded writes figures beyond all measure.
func TestRecordsAreBounded(t *testing.T) {
	p := point{slot: math.MaxInt64, covered: math.MaxInt64, traffic: router.Traffic{Errors: math.MaxInt64, Bytes: -1, Latency: make([]int64, router.LatencyBuckets)}}
	for i := range p.traffic.Latency {
		p.traffic.Latency[i] = math.MaxInt64
	}
	for i := range 1000 {
		p.usage = append(p.usage, usage{process: strings.Repeat("p", 200), release: math.MaxInt32, index: i, cpu: math.MaxInt64 - 1, memory: math.MaxInt64})
	}
	raw := appendRecord(nil, &p)
	if len(raw) > maxRecord {
		t.Errorf("a record of %d bytes", len(raw))
	}
	if got, good := parseRecords(raw); good != len(raw) || len(got) != 1 || len(got[0].usage) == 0 || got[0].traffic.Errors != largest {
		t.Errorf("%d of %d bytes were read: %+v", good, len(raw), got)
	}
}

func FuzzParseRecords(f *testing.F) {
	var raw []byte
	for _, p := range samplePoints() {
		raw = appendRecord(raw, &p)
		f.Add(appendRecord(nil, &p))
	}
	f.Add(raw)
	f.Add(raw[:len(raw)-3])
	f.Add(append(bytes.Clone(raw[:20]), raw...))
	f.Add([]byte{})
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0x80})
	f.Fuzz(func(t *testing.T, raw []byte) {
		points, good := parseRecords(raw)
		if good > len(raw) {
			t.Fatalf("%d good bytes of %d", good, len(raw))
		}
		var again []byte
		for i := range points {
			if len(points[i].traffic.Latency) > router.LatencyBuckets {
				t.Fatalf("%d buckets", len(points[i].traffic.Latency))
			}
			again = appendRecord(again, &points[i])
		}
		if _, good := parseRecords(again); good != len(again) {
			t.Fatal("what was read cannot be written and read again")
		}
		for _, step := range []int64{1, 6, 30} { // what is read is summed up and shown
			series(tiers[0].step(), 0, 100, merge(once(points), step), nil)
		}
	})
}
