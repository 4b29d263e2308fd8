package kubernetes

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"regexp"
	"strings"

	"github.com/distribution/reference"

	"github.com/slipway-paas/slipway/deployer"
)

// maxName is the longest a DNS label may be.
const maxName = 63

var dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// label makes a DNS label of at most so many characters from any text. What is
// none already is cut and gets a part of its hash, so that two texts never make
// the same.
func label(text string, most int) string {
	if len(text) <= most && dnsLabel.MatchString(text) {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	mark := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:12])
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, text)
	clean = strings.Trim(clean[:min(len(clean), most-len(mark)-1)], "-")
	if clean == "" {
		return "x-" + mark
	}
	return clean + "-" + mark
}

// namespace is where an app lives. It follows from what never changes.
func (c *Cluster) namespace(app string) string {
	return label(c.options.Prefix+"-"+c.options.Installation+"-"+app, maxName)
}

// workloadName names a workload's Deployment and what belongs to it. Pods add 17
// characters to it, and what belongs to it five.
func workloadName(id deployer.WorkloadID) string {
	return label(fmt.Sprintf("%s-v%d", id.Process, id.Release), maxName-20)
}

// serviceName is what an app's other processes find a process under.
func serviceName(process string) string {
	if strings.Trim(process[:1], "0123456789") == "" {
		process = "p-" + process // a service's name begins with a letter
	}
	return label(process, maxName)
}

// claimName names a volume.
func claimName(volume string) string { return label("volume-"+volume, maxName) }

// instanceID names a pod in the whole cluster: neither part contains a dot.
func instanceID(namespace, pod string) string { return pod + "." + namespace }

// fromInstanceID gives nothing for what is no instance's ID.
func fromInstanceID(id string) (namespace, pod string) {
	pod, namespace, _ = strings.Cut(id, ".")
	if !dnsLabel.MatchString(pod) || !dnsLabel.MatchString(namespace) || len(namespace) > maxName {
		return "", ""
	}
	return namespace, pod
}

// engineID is what an image has on one container engine, and nowhere else.
var engineID = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// checkImage refuses what no node could fetch.
func checkImage(image string) error {
	if _, err := reference.ParseNormalizedNamed(image); err != nil || engineID.MatchString(image) {
		return fmt.Errorf("%w: %q is no reference that a node could fetch", deployer.ErrNoImage, image)
	}
	return nil
}
