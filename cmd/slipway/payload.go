package main

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/slipway-paas/slipway/server"
)

// payload holds the small programs that the server hands out, gzipped. `make
// payload` puts them there; a build without it starts and says what is missing.
//
//go:embed all:payload
var payload embed.FS

func programs() server.Programs {
	return server.Programs{Router: packed("slipway-router"), FileServer: packed("slipway-static"), Hook: packed("slipway-hook")}
}

func packed(name string) server.Program {
	return func() ([]byte, error) { return unpack(name) }
}

func unpack(name string) ([]byte, error) {
	packed, err := payload.ReadFile("payload/" + name + ".gz")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("this build of slipway lacks %s; build it with make", name)
	}
	if err != nil {
		return nil, err
	}
	in, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return io.ReadAll(in)
}
