package builder

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/google/shlex"
)

var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

func readProcfile(dir string) ([]Process, error) {
	data, err := ReadFile(dir, "Procfile", maxSettings)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseProcfile(string(data))
}

// parseProcfile reads lines of the form "name: command". A command that only a
// shell understands is run by the one in the app's own image.
func parseProcfile(text string) ([]Process, error) {
	var processes []Process
	seen := map[string]bool{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fail := func(format string, args ...any) error {
			return &Failure{Message: fmt.Sprintf("Procfile line %d: ", i+1) + fmt.Sprintf(format, args...)}
		}
		name, command, ok := strings.Cut(line, ":")
		name, command = strings.TrimSpace(name), strings.TrimSpace(command)
		if !ok || command == "" {
			return nil, fail("write it as “name: command”")
		}
		if seen[name] {
			return nil, fail("process %q is there twice", shorten(name))
		}
		seen[name] = true
		words, err := procfileCommand(command)
		if err != nil {
			return nil, fail("%v", err)
		}
		process := Process{Name: name, Command: words}
		if err := checkProcesses([]Process{process}); err != nil {
			return nil, fail("%v", err)
		}
		processes = append(processes, process)
	}
	if len(processes) > maxProcesses {
		return nil, &Failure{Message: fmt.Sprintf("Procfile: %d processes; at most %d", len(processes), maxProcesses)}
	}
	sortProcesses(processes)
	return processes, nil
}

func procfileCommand(command string) ([]string, error) {
	if needsShell(command) {
		return []string{"/bin/sh", "-c", command}, nil
	}
	words, err := shlex.Split(command)
	if err != nil {
		return nil, errors.New("a quote is not closed")
	}
	if len(words) == 0 {
		return nil, errors.New("the command is empty")
	}
	return words, nil
}

// needsShell says whether a command means something else to a shell than its
// words split at spaces: expansions, pipes, globs, leading assignments.
func needsShell(command string) bool {
	if assignment.MatchString(strings.TrimSpace(command)) {
		return true
	}
	var quote rune
	escaped := false
	for _, r := range command {
		switch {
		case escaped:
			escaped = false
		case r == '\\' && quote != '\'':
			escaped = true
		case quote != 0:
			if r == quote {
				quote = 0
			} else if quote == '"' && (r == '$' || r == '`') {
				return true
			}
		case r == '\'' || r == '"':
			quote = r
		case strings.ContainsRune("$`|&;<>()*?[]{}~#!\n", r):
			return true
		}
	}
	return false
}
