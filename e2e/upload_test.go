package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive makes a tar of headers; regular files hold text of their size.
func archive(t *testing.T, entries ...tar.Header) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	for _, h := range entries {
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write(bytes.Repeat([]byte("x"), int(h.Size))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// header makes the first block of a tar, and no more.
func header(t *testing.T, h tar.Header) []byte {
	t.Helper()
	var packed bytes.Buffer
	if err := tar.NewWriter(&packed).WriteHeader(&h); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func (c *client) upload(app string, content []byte) *reply {
	c.t.Helper()
	return c.send("POST", "/api/v1/apps/"+app+"/sources", content, map[string]string{"Content-Type": "application/gzip"})
}

// A source can be uploaded as a tar and deployed by its ID.
func TestUpload(t *testing.T) {
	in := installed(t)
	api := in.api(t)
	api.post("/api/v1/apps", map[string]any{"name": "upped"}).want(201)
	for _, content := range [][]byte{
		archive(t, tar.Header{Name: "index.html", Typeflag: tar.TypeReg, Size: 100}),
		gzipped(t, archive(t, tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755}, tar.Header{Name: "./index.html", Typeflag: tar.TypeReg, Size: 200})),
	} {
		var made struct {
			ID string `json:"source_id"`
		}
		api.upload("upped", content).want(201).into(&made)
		api.deployed(api.post("/api/v1/apps/upped/deployments", map[string]any{"source_id": made.ID}).want(202))
	}
	in.shows(t, "upped", "/", strings.Repeat("x", 200))
	for _, body := range []map[string]any{
		{"source_id": "nowhere"},
		{"source_id": "../../secret-key"},
		{"source_id": strings.Repeat("0", 26)},
		{},
		{"source_id": "x", "image": "y"},
		{"image": "--privileged"},
		{"git": map[string]string{"ref": "--upload-pack=evil"}},
	} {
		if r := api.post("/api/v1/apps/upped/deployments", body); r.status < 400 || r.status >= 500 {
			t.Errorf("%v: %d %s", body, r.status, r.body)
		}
	}
}

// Tars that mean harm are refused in words and leave nothing behind.
func TestHostileUploads(t *testing.T) {
	in := installed(t)
	api := in.api(t)
	api.post("/api/v1/apps", map[string]any{"name": "target"}).want(201)
	before := sources(t, in)
	good := archive(t, tar.Header{Name: "index.html", Typeflag: tar.TypeReg, Size: 5000})
	for name, content := range map[string][]byte{
		"climbs":             archive(t, tar.Header{Name: "../escaped", Typeflag: tar.TypeReg, Size: 1}),
		"climbs inside":      archive(t, tar.Header{Name: "a/../../escaped", Typeflag: tar.TypeReg, Size: 1}),
		"absolute":           archive(t, tar.Header{Name: "/etc/escaped", Typeflag: tar.TypeReg, Size: 1}),
		"symlink out":        archive(t, tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}),
		"symlink up":         archive(t, tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "../../x"}),
		"through a symlink":  archive(t, tar.Header{Name: "d", Typeflag: tar.TypeSymlink, Linkname: "/tmp"}, tar.Header{Name: "d/escaped", Typeflag: tar.TypeReg, Size: 1}),
		"hard link out":      archive(t, tar.Header{Name: "link", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}),
		"hard link up":       archive(t, tar.Header{Name: "link", Typeflag: tar.TypeLink, Linkname: "../../secret-key"}),
		"device":             archive(t, tar.Header{Name: "null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}),
		"pipe":               archive(t, tar.Header{Name: "pipe", Typeflag: tar.TypeFifo}),
		"too deep":           archive(t, tar.Header{Name: strings.Repeat("d/", 200) + "f", Typeflag: tar.TypeReg, Size: 1}),
		"cut short":          good[:700],
		"not a tar":          []byte("this is no archive at all, however long it goes on"),
		"nothing":            {},
		"no file":            archive(t, tar.Header{Name: "a/", Typeflag: tar.TypeDir, Mode: 0o755}),
		"cut-off gzip":       gzipped(t, good)[:40],
		"gzip of not a tar":  gzipped(t, bytes.Repeat([]byte("no"), 4000)),
		"file and directory": archive(t, tar.Header{Name: "a", Typeflag: tar.TypeReg, Size: 1}, tar.Header{Name: "a/b", Typeflag: tar.TypeReg, Size: 1}),
		"ends in a header":   archive(t, tar.Header{Name: "x", Typeflag: tar.TypeReg, Size: 10})[:512],
		"claims to be large": header(t, tar.Header{Name: "x", Typeflag: tar.TypeReg, Size: 1 << 40}),
	} {
		t.Run(name, func(t *testing.T) {
			api := in.api(t)
			api.upload("target", content).refused(422)
		})
	}
	api.upload("nobody", good).refused(404)
	if after := sources(t, in); after != before {
		t.Errorf("refused uploads leave files: %s, before %s", after, before)
	}
	for _, escaped := range []string{"/etc/escaped", "/tmp/escaped", filepath.Join(in.data, "escaped"), filepath.Join(in.data, "sources", "escaped")} {
		if _, err := os.Lstat(escaped); !os.IsNotExist(err) {
			t.Errorf("%s is there", escaped)
		}
	}
}

// sources lists what is kept of sources.
func sources(t *testing.T, in *installation) string {
	t.Helper()
	var all []string
	for _, dir := range []string{"sources", "work"} {
		entries, err := os.ReadDir(filepath.Join(in.data, dir))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, entry := range entries {
			all = append(all, entry.Name())
		}
	}
	return strings.Join(all, " ")
}

// A creating request with an Idempotency-Key happens once, however often it is
// sent, and at once.
func TestIdempotencyKey(t *testing.T) {
	in := installed(t)
	api := in.api(t)
	newRepository(t, files{"index.html": "once"}).deploy(in, "onceonly")
	key := map[string]string{"Idempotency-Key": "restart-once"}
	type outcome struct {
		reply *reply
		err   error
	}
	answers := make(chan outcome, 8)
	for range cap(answers) {
		go func() {
			r, err := in.api(t).try("POST", "/api/v1/apps/onceonly/restart", nil, key)
			answers <- outcome{r, err}
		}()
	}
	for range cap(answers) {
		// Those that come while the first is under way may be told to wait.
		if a := <-answers; a.err != nil || a.reply.status != 202 && a.reply.status != 409 {
			t.Errorf("%v, %+v", a.err, a.reply)
		}
	}
	var first, again deployment
	api.send("POST", "/api/v1/apps/onceonly/restart", nil, key).want(202).into(&first)
	r := api.send("POST", "/api/v1/apps/onceonly/restart", nil, key).want(202)
	r.into(&again)
	if first.ID != again.ID || r.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%+v and %+v, %v", first, again, r.header)
	}
	if n := len(api.deployments("onceonly")); n != 2 {
		t.Errorf("%d deployments, want the push's and one more", n)
	}
	if r := api.send("POST", "/api/v1/apps", map[string]any{"name": "onceonly2"}, key); r.status != 409 && r.status != 422 {
		t.Errorf("the key of another request is taken: %d %s", r.status, r.body)
	}
}
