package router

import "time"

// WindowSeconds is how long a Window is. Windows begin at multiples of it, so
// those of several routers lie above each other.
const WindowSeconds = 10

// Window is what a router served in one stretch of time. A router gives each
// window once, oldest first, and again as long as its report is not accepted:
// who adds it up must know by router and Start which it has already.
type Window struct {
	Start int64              `json:"start"`          // Unix seconds, a multiple of WindowSeconds
	Apps  map[string]Traffic `json:"apps,omitempty"` // by app ID; without those that served nothing
}

// Classes is how many classes of status there are: 1xx, which is an upgraded
// connection, to 5xx.
const Classes = 5

// Traffic is what was served for one app. A request counts when it has ended.
type Traffic struct {
	Responses [Classes]int64 `json:"responses"`        // by class of status; a client that did not wait counts as 4xx
	Errors    int64          `json:"errors,omitempty"` // 5xx, and answers that the app broke off
	Own       int64          `json:"own,omitempty"`    // of these, those that the router answered itself or the app broke off
	Bytes     int64          `json:"bytes,omitempty"`  // of answers' bodies
	Latency   []int64        `json:"latency"`          // counts by LatencyBucket, without the zeros at the end
}

// Requests is how many there were.
func (t *Traffic) Requests() int64 {
	var n int64
	for _, class := range t.Responses {
		n += class
	}
	return n
}

// LatencyBuckets is how many buckets of latency there are. A latency is the
// time from the request's header to the answer's header, or to the client's
// going away: how long the app lets people wait, whatever the size of the
// answer and the speed of the line.
const LatencyBuckets = 34

// latencyBounds are the upper bounds of the buckets but the last, which has
// none: 0.5 ms, and each larger than the one before by the root of 2, up to 33 s.
var latencyBounds = func() (bounds [LatencyBuckets - 1]time.Duration) {
	for i := range bounds {
		bounds[i] = 500 * time.Microsecond << (i / 2)
		if i%2 == 1 {
			bounds[i] = bounds[i] * 1_414_214 / 1_000_000
		}
	}
	return bounds
}()

// LatencyBucket gives the bucket of a latency.
func LatencyBucket(d time.Duration) int {
	low, high := 0, len(latencyBounds)
	for low < high {
		if mid := (low + high) / 2; d > latencyBounds[mid] {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// LatencyBound gives the upper bound of a bucket; of the last, which has none,
// its lower one.
func LatencyBound(bucket int) time.Duration {
	return latencyBounds[min(max(bucket, 0), len(latencyBounds)-1)]
}
