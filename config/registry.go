package config

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
)

var registryPath = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)

// checkRegistry gives what is wrong about where clusters pull images from.
func (c Config) checkRegistry() (wrong []string) {
	complain := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	host, path, deep := strings.Cut(c.Registry, "/")
	complain(c.Registry == "" || isRegistryHost(host) && (!deep || registryPath.MatchString(path)) && len(c.Registry) <= 100,
		"SLIPWAY_REGISTRY %q is not host[:port][/path], without a scheme and in lower case", c.Registry)
	complain(c.RegistryAddress == "" || isRegistryHost(c.RegistryAddress), "SLIPWAY_REGISTRY_ADDRESS %q is not host[:port] without a scheme", c.RegistryAddress)
	complain(c.Registry == "" || c.RegistryAddress == "", "SLIPWAY_REGISTRY_ADDRESS is of the server's own registry, which SLIPWAY_REGISTRY replaces: set one of them")
	for _, only := range []struct{ name, value string }{
		{"SLIPWAY_REGISTRY_USERNAME", c.RegistryUsername},
		{"SLIPWAY_REGISTRY_PASSWORD", c.RegistryPassword},
		{"SLIPWAY_REGISTRY_PASSWORD_FILE", c.RegistryPasswordFile},
	} {
		complain(only.value == "" || c.Registry != "", "%s is for the registry that SLIPWAY_REGISTRY names, which is not set", only.name)
	}
	complain(c.RegistryPassword == "" || c.RegistryPasswordFile == "", "SLIPWAY_REGISTRY_PASSWORD and SLIPWAY_REGISTRY_PASSWORD_FILE: set one of them")
	complain((c.RegistryUsername == "") == (c.RegistryPassword == "" && c.RegistryPasswordFile == ""),
		"SLIPWAY_REGISTRY_USERNAME needs SLIPWAY_REGISTRY_PASSWORD or SLIPWAY_REGISTRY_PASSWORD_FILE, and they it")
	return wrong
}

// isRegistryHost says whether an image's reference can begin with a text so
// that it is taken for a registry, not for a folder of the engine's usual one.
func isRegistryHost(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return domainName.MatchString(text) && (strings.Contains(text, ".") || text == "localhost")
	}
	number, err := strconv.Atoi(port)
	if err != nil || number < 1 || number > 65535 || strconv.Itoa(number) != port {
		return false
	}
	if strings.Contains(host, ":") {
		return net.ParseIP(host) != nil
	}
	return domainName.MatchString(host)
}

// maxPassword bounds what is read as a password, in bytes.
const maxPassword = 64 << 10

// readPasswordFile takes the registry's password from its file.
func (c *Config) readPasswordFile() error {
	if c.RegistryPasswordFile == "" {
		return nil
	}
	info, err := os.Stat(c.RegistryPasswordFile)
	if err != nil || !info.Mode().IsRegular() {
		return errors.New("SLIPWAY_REGISTRY_PASSWORD_FILE is not a file that can be read")
	}
	file, err := os.Open(c.RegistryPasswordFile)
	if err != nil {
		return errors.New("SLIPWAY_REGISTRY_PASSWORD_FILE is not a file that can be read")
	}
	defer func() { _ = file.Close() }() // only read from
	content, err := io.ReadAll(io.LimitReader(file, maxPassword+1))
	password := strings.TrimRight(string(content), "\r\n")
	if err != nil || password == "" || len(content) > maxPassword {
		return errors.New("SLIPWAY_REGISTRY_PASSWORD_FILE is empty, too large, or cannot be read")
	}
	c.RegistryPassword = password
	return nil
}
