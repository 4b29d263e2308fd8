package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write web/openapi.json anew")

func TestDescriptionIsUpToDate(t *testing.T) {
	const path = "../../web/openapi.json"
	now, err := Spec()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, now, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(now, kept) {
		t.Errorf("%s is stale; run: make gen", path)
	}
}

func TestDescriptionIsWhole(t *testing.T) {
	raw, err := Spec()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string                     `json:"operationId"`
			Summary     string                     `json:"summary"`
			Responses   map[string]json.RawMessage `json:"responses"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || len(doc.Paths) < 30 {
		t.Errorf("OpenAPI %s with %d paths", doc.OpenAPI, len(doc.Paths))
	}
	seen := map[string]bool{}
	for path, item := range doc.Paths {
		for method, op := range item {
			if op.OperationID == "" || op.Summary == "" || seen[op.OperationID] {
				t.Errorf("%s %s: operation ID %q, summary %q", method, path, op.OperationID, op.Summary)
			}
			seen[op.OperationID] = true
			if !bytes.Contains(op.Responses["default"], []byte("application/problem+json")) {
				t.Errorf("%s %s does not say how it fails", method, path)
			}
		}
	}
	if _, ok := doc.Components.Schemas["ErrorModel"]; ok || doc.Components.Schemas["Problem"] == nil {
		t.Error("errors are described by another schema than Problem")
	}
	older, err := Spec30()
	if err != nil || !bytes.Contains(older, []byte(`"openapi":"3.0.`)) {
		t.Errorf("OpenAPI 3.0: %v", err)
	}
}
