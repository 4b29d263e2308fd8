package router

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// cacheDelay gathers the changes of a moment into one write.
const cacheDelay = time.Second

// cache keeps the last good table on disk, for a start without the server.
type cache struct {
	file  string
	store *store
	log   *slog.Logger
}

// load puts the table on disk in force. That there is none is no error.
func (c *cache) load() error {
	raw, err := os.ReadFile(c.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the kept table: %w", err)
	}
	var t Table
	if err := json.Unmarshal(raw, &t); err != nil {
		return fmt.Errorf("read the kept table: %w", err)
	}
	if err := t.check(); err != nil {
		return fmt.Errorf("the kept table is not usable: %w", err)
	}
	_, err = c.store.apply(Update{Version: t.Version, Table: &t})
	return err
}

// run writes the table whenever it has changed, until ctx ends.
func (c *cache) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			select {
			case <-c.store.changed:
			default:
				return
			}
		case <-c.store.changed:
			select {
			case <-ctx.Done():
			case <-time.After(cacheDelay):
			}
		}
		if err := c.save(); err != nil {
			c.log.Error("the table cannot be kept on disk", "file", c.file, "err", err)
		}
	}
}

// save writes a new file beside the old one and then puts it in its place, so
// that there is always a whole one.
func (c *cache) save() error {
	t := c.store.table()
	file, err := os.CreateTemp(filepath.Dir(c.file), ".table-*.json")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // fails when it has its final name, as it should
	buffered := bufio.NewWriterSize(file, 64<<10)
	if err := writeTable(buffered, t); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := buffered.Flush(); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Sync(); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), c.file)
}

// writeTable encodes app by app, which takes little memory however many there
// are.
func writeTable(w io.Writer, t Table) error {
	platform, err := json.Marshal(t.Platform)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, `{"version":%d,"platform":%s,"apps":[`, t.Version, platform); err != nil {
		return err
	}
	separator := ""
	for _, app := range t.Apps {
		one, err := json.Marshal(app)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n%s", separator, one); err != nil {
			return err
		}
		separator = ","
	}
	_, err = io.WriteString(w, "\n]}\n")
	return err
}
