package fileserver

import (
	"strconv"
	"strings"
)

// preferred are the encodings that images have, the best first.
var preferred = []string{"zstd", "gzip"}

// negotiate chooses the encoding in which to send a file, "" for as it is. Of
// those that the client likes best it takes the one that we like best.
func negotiate(accept string, file File) string {
	if len(file.Encoded) == 0 || accept == "" {
		return ""
	}
	weights, star := parseAccept(accept)
	weight := func(encoding string) float64 {
		if q, ok := weights[encoding]; ok {
			return q
		}
		return star
	}
	best, bestWeight := "", 0.0
	if q, ok := weights["identity"]; ok {
		bestWeight = q
	}
	for i := len(preferred) - 1; i >= 0; i-- {
		encoding := preferred[i]
		if _, there := file.Encoded[encoding]; !there {
			continue
		}
		if q := weight(encoding); q > 0 && q >= bestWeight {
			best, bestWeight = encoding, q
		}
	}
	return best
}

// parseAccept gives the weight of each encoding named, and of all others.
func parseAccept(accept string) (weights map[string]float64, star float64) {
	weights = map[string]float64{}
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(part, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		q := 1.0
		for param := range strings.SplitSeq(params, ";") {
			key, value, _ := strings.Cut(strings.TrimSpace(param), "=")
			if strings.EqualFold(strings.TrimSpace(key), "q") {
				parsed, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				if err != nil || !(parsed >= 0 && parsed <= 1) {
					parsed = 0
				}
				q = parsed
			}
		}
		switch name {
		case "":
		case "*":
			star = q
		case "x-gzip":
			weights["gzip"] = q
		default:
			weights[name] = q
		}
	}
	return weights, star
}
