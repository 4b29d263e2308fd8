package hook

import (
	"bytes"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// talk runs the hook against a server that answers with reply, and gives what
// the server heard, what the pusher saw and the exit code.
func talk(t *testing.T, stdin string, reply func(net.Conn)) (Request, string, int) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	heard := make(chan Request, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		req, err := ReadRequest(conn)
		if err != nil {
			t.Error(err)
		}
		heard <- req
		reply(conn)
	}()
	var out strings.Builder
	env := map[string]string{EnvSocket: socket, EnvPush: "secret", "GIT_QUARANTINE_PATH": "/q"}
	code := Run(strings.NewReader(stdin), &out, func(key string) string { return env[key] })
	return <-heard, out.String(), code
}

func TestRun(t *testing.T) {
	req, out, code := talk(t, "a b refs/heads/main\n", func(conn net.Conn) {
		_ = WriteText(conn, "one\ntwo")
		_ = WriteText(conn, strings.Repeat("x", 2*MaxText))
		_ = WriteExit(conn, 3)
	})
	if (req != Request{Push: "secret", Quarantine: "/q", Updates: "a b refs/heads/main\n"}) {
		t.Errorf("heard %+v", req)
	}
	if !strings.HasPrefix(out, "one\ntwo\nxxx") || strings.Count(out, "x") != 2*MaxText || code != 3 {
		t.Errorf("exit %d after %d bytes", code, len(out))
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	if _, out, code := talk(t, "x", func(net.Conn) {}); code == 0 || !strings.Contains(out, "the connection to Slipway was cut") {
		t.Errorf("a server that dies: exit %d, %q", code, out)
	}
	var out strings.Builder
	if code := Run(strings.NewReader(""), &out, func(string) string { return "" }); code == 0 || !strings.Contains(out.String(), "through Slipway only") {
		t.Errorf("outside of a push: exit %d, %q", code, out.String())
	}
	out.Reset()
	if code := Run(strings.NewReader(""), &out, func(string) string { return filepath.Join(t.TempDir(), "nobody") }); code == 0 || !strings.Contains(out.String(), "not answering") {
		t.Errorf("without a server: exit %d, %q", code, out.String())
	}
}

func FuzzReadRequest(f *testing.F) {
	f.Add([]byte(`{"push":"p","quarantine":"/q","updates":"a b c\n"}` + "\n"))
	f.Add([]byte("{}"))
	f.Add([]byte("\n"))
	f.Add([]byte("null\n"))
	f.Add(bytes.Repeat([]byte("x"), MaxRequest+1))
	f.Fuzz(func(t *testing.T, data []byte) {
		req, err := ReadRequest(bytes.NewReader(data))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := WriteRequest(&again, req); err != nil {
			return // JSON may grow by writing it anew
		}
		if same, err := ReadRequest(&again); err != nil || same != req {
			t.Fatalf("%+v became %+v, %v", req, same, err)
		}
	})
}

func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte(" text\n=0\n"))
	f.Add([]byte("=999\n"))
	f.Add([]byte("=-1\n"))
	f.Add([]byte("\n"))
	f.Add([]byte("!x\n"))
	f.Add(append(bytes.Repeat([]byte(" "), MaxText+1), '\n'))
	f.Fuzz(func(t *testing.T, data []byte) {
		var shown bytes.Buffer
		code, err := ReadAnswer(bytes.NewReader(data), &shown)
		if code < 0 || code > 255 || (err != nil && code == 0) {
			t.Fatalf("exit %d, %v", code, err)
		}
		if shown.Len() > len(data) {
			t.Fatalf("%d bytes shown of %d", shown.Len(), len(data))
		}
	})
}
