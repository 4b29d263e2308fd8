package buildkit

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/slipway-paas/slipway/builder"
)

var (
	exitCode    = regexp.MustCompile(`exit code: (\d+)`)
	position    = regexp.MustCompile(`^\[([^\]]*\d+/\d+)\] (.*)$`)
	metadataFor = regexp.MustCompile(`load metadata for (\S+)`)
	configFor   = regexp.MustCompile(`resolve image config for (?:docker-image://)?(\S+)`)
	fromImage   = regexp.MustCompile(`\bFROM (\S+)`)
	syntaxLine  = regexp.MustCompile(`(?i)^#\s*syntax\s*=\s*(\S+)`)
)

// wrappers are what BuildKit puts before the words that matter to a person.
var wrappers = []string{
	"failed to solve with frontend dockerfile.v0: ",
	"failed to solve with frontend gateway.v0: ",
	"failed to solve: ",
	"failed to create LLB definition: ",
	"rpc error: code = Unknown desc = ",
	"failed to compute cache key: ",
	"failed to calculate checksum of ref ",
}

// engineFaults mark errors that no change to the source would cure.
var engineFaults = []string{
	"no active session for",
	"transport is closing",
	"error reading from server",
	"database not open",
}

// explain turns the error of a build into one that says what to do. failed is
// the step at fault, nil when the build did not come that far.
func explain(err error, failed *builder.Step, job Job) error {
	text := status.Convert(err).Message()
	switch status.Code(err) {
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded:
		return fmt.Errorf("%w: %w", builder.ErrUnavailable, err)
	}
	if strings.Contains(strings.ToLower(text), "no space left on device") {
		return fmt.Errorf("%w: %w: %s", builder.ErrDiskFull, builder.ErrUnavailable, unwrap(text))
	}
	for _, fault := range engineFaults {
		if strings.Contains(text, fault) {
			return fmt.Errorf("%w: %s", builder.ErrUnavailable, unwrap(text))
		}
	}
	failure := &builder.Failure{Err: err}
	if failed != nil {
		failure.StepID = failed.ID
		text = failed.Error
	}
	failure.Message = message(unwrap(text), failed, job)
	return failure
}

func message(text string, failed *builder.Step, job Job) string {
	if failed == nil {
		return "Dockerfile: " + text
	}
	if m := configFor.FindStringSubmatch(failed.Name); m != nil && syntaxOf(job.Dockerfile) != "" {
		return syntaxHint(syntaxOf(job.Dockerfile), text)
	}
	if m := metadataFor.FindStringSubmatch(failed.Name); m != nil {
		return noBase(m[1], text)
	}
	name := failed.Name
	if m := position.FindStringSubmatch(name); m != nil {
		name = m[1] + " " + m[2]
		if from := fromImage.FindStringSubmatch(m[2]); from != nil {
			return "step " + name + ": " + noBase(from[1], text)
		}
	}
	if m := exitCode.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("step %s: exit code %s", name, m[1])
	}
	return fmt.Sprintf("step %s: %s", name, text)
}

func noBase(image, reason string) string {
	image = strings.TrimPrefix(strings.TrimPrefix(image, "docker.io/library/"), "docker.io/")
	return fmt.Sprintf("the base image %s is neither on the engine nor could it be pulled (%s); "+
		"check its name, and that the engine can reach its registry", image, reason)
}

func syntaxHint(image, reason string) string {
	return fmt.Sprintf("the Dockerfile's first line asks for the frontend image %s, which could not be pulled (%s); "+
		"take the “# syntax=” line out to use the one built into the engine", image, reason)
}

// syntaxOf gives the image that a Dockerfile's "# syntax=" line names. Such a
// line only counts among the directives at the top.
func syntaxOf(dockerfile []byte) string {
	scanner := bufio.NewScanner(bytes.NewReader(dockerfile))
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		if m := syntaxLine.FindStringSubmatch(line); m != nil {
			return m[1]
		}
		if !strings.HasPrefix(line, "#") {
			return ""
		}
	}
	return ""
}

func unwrap(text string) string {
	for again := true; again; {
		again = false
		for _, wrapper := range wrappers {
			if rest, ok := strings.CutPrefix(text, wrapper); ok {
				text, again = rest, true
			}
		}
	}
	return clean([]byte(text))
}
