package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// logins is what login keeps: the server that verbs speak to, and a token for
// each server that was signed in to.
type logins struct {
	URL     string           `json:"url"`
	Servers map[string]login `json:"servers"`
}

type login struct {
	Token string `json:"token"`
}

// loginsPath gives where logins are kept.
func (c *cli) loginsPath() (string, error) {
	dir := c.getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) {
		home := c.getenv("HOME")
		if home == "" {
			return "", errors.New("neither XDG_CONFIG_HOME nor HOME is set, so there is no place to keep a login")
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "slipway", "config.json"), nil
}

func (c *cli) readLogins() (logins, error) {
	none := logins{Servers: map[string]login{}}
	path, err := c.loginsPath()
	if err != nil {
		return none, nil // without a home nobody has signed in
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return none, fmt.Errorf("reading the stored login: %w", err)
	}
	var l logins
	if err := json.Unmarshal(raw, &l); err != nil {
		return none, fail(exitFailed, `Delete it and sign in again with "slipway login".`, "%s is damaged: %v", path, err)
	}
	if l.Servers == nil {
		l.Servers = map[string]login{}
	}
	return l, nil
}

// writeLogins replaces the file as a whole, readable by its owner only.
func (c *cli) writeLogins(l logins) error {
	path, err := c.loginsPath()
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".config-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(append(raw, '\n'))
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("storing the login: %w", err)
	}
	return nil
}
