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

func programs() (server.Programs, error) {
	var p server.Programs
	for name, to := range map[string]*[]byte{
		"slipway-router": &p.Router,
		"slipway-static": &p.FileServer,
		"slipway-hook":   &p.Hook,
	} {
		program, err := unpack(name)
		if err != nil {
			return server.Programs{}, err
		}
		*to = program
	}
	return p, nil
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
