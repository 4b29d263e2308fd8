package examples

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestEachExampleIsItsFolder(t *testing.T) {
	if len(All()) == 0 {
		t.Fatal("no examples")
	}
	for _, example := range All() {
		found, ok := Find(example.Name)
		if !ok || found != example || example.Title == "" || example.Description == "" || example.Builder == "" {
			t.Errorf("%+v", example)
		}
		var packed bytes.Buffer
		if err := example.Tar(&packed); err != nil {
			t.Fatal(err)
		}
		files := 0
		for in := tar.NewReader(&packed); ; files++ {
			head, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join(example.Name, head.Name))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s of %s is not what the folder holds: %v", head.Name, example.Name, err)
			}
		}
		inFolder, err := os.ReadDir(example.Name)
		if err != nil || files < len(inFolder) {
			t.Errorf("%s: %d files packed, %d in the folder, %v", example.Name, files, len(inFolder), err)
		}
	}
	if _, ok := Find("../static-site"); ok {
		t.Error("a name that is no example's was found")
	}
}
