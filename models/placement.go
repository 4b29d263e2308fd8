package models

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Bounds of a placement.
const (
	maxPlacement = 10  // labels
	maxLabel     = 250 // characters of a label's name
)

var (
	nodeLabel = regexp.MustCompile(`^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`)
	nodeValue = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`)
)

// CheckPlacement says what is wrong with the labels that a node must have. They
// are what both a Swarm and a Kubernetes may know nodes by.
func CheckPlacement(labels map[string]string) error {
	if len(labels) > maxPlacement {
		return Invalid("placement", "at most %d labels", maxPlacement)
	}
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		switch {
		case len(label) > maxLabel || !nodeLabel.MatchString(label):
			return Invalid("placement", "label %q: use letters, digits, dots, hyphens and underscores, such as disk or example.com/zone", shorten(label))
		case !nodeValue.MatchString(labels[label]):
			return Invalid("placement", "the value %q of the label %s: use 1 to 63 letters, digits, dots, hyphens and underscores", shorten(labels[label]), label)
		}
	}
	return nil
}

// ParsePlacement reads labels from words such as disk=ssd. No words give no
// labels, and not nil.
func ParsePlacement(words []string) (map[string]string, error) {
	labels := map[string]string{}
	for _, word := range words {
		label, value, found := strings.Cut(word, "=")
		if !found {
			return nil, Invalid("placement", "%q is not LABEL=VALUE, such as disk=ssd", shorten(word))
		}
		if _, twice := labels[label]; twice {
			return nil, Invalid("placement", "the label %s is given twice", shorten(label))
		}
		labels[label] = value
	}
	return labels, CheckPlacement(labels)
}

// CheckReserve says what is wrong with what a node must have free for each
// instance: no more can be reserved than an instance may use. A limit of 0 is
// not known.
func CheckReserve(memoryMB, cpuMilli, memoryLimitMB, cpuLimitMilli int) error {
	switch {
	case memoryMB > 0 && memoryLimitMB > 0 && memoryMB > memoryLimitMB:
		return Invalid("reserve_memory_mb", "%d MiB cannot be reserved for an instance that may use %d MiB: raise its limit, or reserve less", memoryMB, memoryLimitMB)
	case cpuMilli > 0 && cpuLimitMilli > 0 && cpuMilli > cpuLimitMilli:
		return Invalid("reserve_cpu_milli", "%d thousandths of a core cannot be reserved for an instance that may use %d: raise its limit, or reserve less", cpuMilli, cpuLimitMilli)
	}
	return nil
}
