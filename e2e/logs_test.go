package e2e

// logLine is a line of a log as the API gives it.
type logLine struct {
	Seq                                     int64
	Source, Process, Instance, Stream, Text string
	State                                   string
}
