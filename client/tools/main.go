// Command tools writes the Go client from the API's description. Run it in
// this folder:
//
//	go -C client/tools run .
//
// It is a module of its own so that the generator's dependencies stay out of
// Slipway's.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/util"
)

func main() {
	root := filepath.Join("..", "..")
	if err := generate(filepath.Join(root, "web", "openapi.json"), filepath.Join(root, "client", "client.gen.go")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	spec, err := util.LoadSwagger(from)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	code, err := codegen.Generate(spec, codegen.Configuration{
		PackageName: "client",
		Generate:    codegen.GenerateOptions{Client: true, Models: true},
		OutputOptions: codegen.OutputOptions{
			SkipPrune:      true, // the frames of the websockets are used by no operation
			ExcludeTags:    []string{"Streams"},
			NameNormalizer: string(codegen.NameNormalizerFunctionToCamelCaseWithInitialisms),
		},
	}.UpdateDefaults())
	if err != nil {
		return fmt.Errorf("generating: %w", err)
	}
	// The two sums let a test see that the description has moved on, or that
	// somebody edited what is generated, without having the generator.
	head := "// spec sha256:" + sum(raw) + "\n// code sha256:" + sum([]byte(code)) + "\n\n"
	return os.WriteFile(to, []byte(head+code), 0o644)
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}
