// Command tool stands in for a shell in images made from nothing: tests of
// builders run it in RUN steps and as an app.
package main

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
)

func main() {
	if len(os.Args) < 2 {
		fail("usage: tool echo|warn|exit|cat|list|append|hang|progress|serve …")
	}
	args := os.Args[2:]
	switch os.Args[1] {
	case "echo":
		for _, text := range args {
			fmt.Println(text)
		}
	case "warn":
		for _, text := range args {
			fmt.Fprintln(os.Stderr, text)
		}
	case "exit":
		code, err := strconv.Atoi(args[0])
		check(err)
		os.Exit(code)
	case "cat":
		data, err := os.ReadFile(args[0])
		check(err)
		fmt.Printf("%s\n", data)
	case "list":
		check(filepath.Walk(args[0], func(path string, _ os.FileInfo, err error) error {
			if err == nil {
				fmt.Println(path)
			}
			return err
		}))
	case "append":
		file, err := os.OpenFile(args[0], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		check(err)
		_, err = file.WriteString(args[1])
		check(err)
		check(file.Close())
	case "progress":
		fmt.Print("10%\r50%\r100%\n")
	case "hang": // the argument lets a test find the process
		fmt.Println("hanging")
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM) // and is deaf to it
		select {}
	case "serve":
		http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "hello") })
		check(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
	default:
		fail("unknown word " + os.Args[1])
	}
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(2)
}
