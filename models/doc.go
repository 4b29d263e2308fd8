// Package models is Slipway's vocabulary: the things it keeps, the states they
// go through, the errors it answers with and what an actor may do. It imports
// nothing but the standard library, so that every other package can share it.
package models
