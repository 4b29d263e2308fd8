package router

// client is whoever sent a request, on the way back. An answer is begin, any
// number of writes, and finish.
type client interface {
	// early passes an interim answer (1xx) on.
	early(res *response) error
	// begin gives the header of the answer. It need not be sent yet.
	begin(a *answer) error
	// write gives a piece of the body. It need not be sent before flush.
	write(p []byte) error
	// flush sends all that was given.
	flush() error
	// finish gives what follows the body, and sends all that was given.
	finish(trailer *head) error
}

// answer is the header of an answer on its way to the client.
type answer struct {
	head     *head // of the app's answer; nil when the router answers itself
	own      []ownField
	status   int
	reason   []byte // nil for the usual one
	length   int64  // of the body, -1 when that is not known
	bodiless bool   // no body follows, whatever the length says
	id       []byte // of the request
	last     bool   // the connection closes after it
}

// ownField is a field of an answer of the router's own.
type ownField struct{ name, value string }

// forbidden says whether a field may not come after the body.
func forbidden(f *field) bool {
	return f.kind != kindPlain && f.kind != kindAccept || foldEqual(f.name, "content-type") || foldEqual(f.name, "content-encoding") || foldEqual(f.name, "set-cookie")
}
