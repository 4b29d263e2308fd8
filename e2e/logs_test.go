package e2e

import (
	"fmt"
	"strings"
)

// logLine is a line of a log as the API gives it.
type logLine struct {
	Seq                                     int64
	Source, Process, Instance, Stream, Text string
	State                                   string
}

// logOf reads all of a log: "apps/hello/logs" or "apps/hello/deployments/1/logs".
func (c *client) logOf(path string) []logLine {
	c.t.Helper()
	var all []logLine
	for after := int64(0); ; {
		var page struct {
			Lines []logLine
			Next  int64
		}
		c.get(fmt.Sprintf("/api/v1/%s?after=%d&limit=1000", path, after)).want(200).into(&page)
		if len(page.Lines) == 0 {
			return all
		}
		all, after = append(all, page.Lines...), page.Next
	}
}

// textOf gives what a log says, a line of text a line.
func (c *client) textOf(path string) string {
	c.t.Helper()
	var text strings.Builder
	for _, line := range c.logOf(path) {
		text.WriteString(line.Text + "\n")
	}
	return text.String()
}
