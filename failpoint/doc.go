// Package failpoint names the points of the program at which a test may stop
// it: the moments between two steps after which a crash would be the worst. A
// program built with the tag failpoint looks at each of them whether there is
// something to do; any other one holds nothing of it.
//
// What to do stands in the folder that SLIPWAY_FAILPOINTS names, in a file that
// is called as the point is:
//
//	kill   the process dies as by a power cut, once: the file goes first
//	wait   the process stands still there until the file is gone
package failpoint
