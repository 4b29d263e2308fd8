package models

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of failure an Error is. Each front door (HTTP, git, CLI)
// maps it to its own answer in exactly one place.
type Kind string

// The kinds of failure.
const (
	KindInvalid         Kind = "invalid"             // the input is wrong; the message says how
	KindUnauthenticated Kind = "unauthenticated"     // who is asking is not known
	KindForbidden       Kind = "forbidden"           // who is asking is known and may not
	KindNotFound        Kind = "not_found"           // no such thing, or none that the actor may see
	KindConflict        Kind = "conflict"            // the thing's present state does not allow it
	KindPrecondition    Kind = "precondition_failed" // it changed since the caller read it
	KindTooLarge        Kind = "too_large"           // the input is over a stated limit
	KindRateLimited     Kind = "rate_limited"        // too many attempts; see RetryAfter
	KindUnavailable     Kind = "unavailable"         // Postgres, the engine or the disk is away; it recovers by itself
	KindCancelled       Kind = "cancelled"           // somebody stopped it
	KindTimeout         Kind = "timeout"             // it did not end in the time it had
	KindFailed          Kind = "failed"              // the user's own build or app failed
	KindInternal        Kind = "internal"            // a defect of Slipway's
)

// Error is a failure with a message that is safe to show to whoever asked.
// What the message leaves out is in Err, which is logged and never shown.
type Error struct {
	Kind       Kind
	Message    string
	Field      string        // the input field at fault, "" if none
	RetryAfter time.Duration // when to ask again, 0 if unknown
	Err        error
}

// Error gives the safe message and, for logs, what caused it.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error of a kind with a safe message.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Invalid makes a KindInvalid error about one input field.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// NotFound makes a KindNotFound error: "no such app: hello".
func NotFound(what, name string) *Error {
	return Errorf(KindNotFound, "no such %s: %s", what, name)
}

// Wrap gives err a kind and a safe message. A nil err stays nil, and an err
// that is an Error already keeps its own kind and message.
func Wrap(err error, kind Kind, format string, args ...any) error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Err: err}
}

// KindOf gives the kind of err, KindInternal when it has none.
func KindOf(err error) Kind {
	var known *Error
	if errors.As(err, &known) {
		return known.Kind
	}
	return KindInternal
}

// SafeMessage gives the message of err that may be shown to anyone who may see
// that it failed at all.
func SafeMessage(err error) string {
	var known *Error
	if errors.As(err, &known) {
		return known.Message
	}
	return "something went wrong inside Slipway; the server's log has the details"
}
