package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
)

type named interface{ Name() string }

// failures are what a handler may do wrong; some are signals that the runtime makes panics of.
var failures = map[string]func(n int){
	"nil-pointer":    func(n int) { var p *[4]node; p[n].value = 1 },
	"nil-read":       func(n int) { var p *node; fmt.Println(p.left.right.value) },
	"nil-far":        func(n int) { var p *[1 << 24]byte; p[1<<20] = byte(n) },
	"nil-map":        func(n int) { var m map[string]int; m["a"] = n },
	"nil-func":       func(n int) { var f func(int); f(n) },
	"nil-interface":  func(n int) { var v named; _ = v.Name() },
	"divide":         func(n int) { fmt.Println(10 / (n - n)) },
	"divide-least":   func(n int) { least := -1 << 63; fmt.Println(least / (n - n)) },
	"index":          func(n int) { s := make([]int, n); s[n] = 1 },
	"slice":          func(n int) { s := make([]int, n); fmt.Println(s[n+1:]) },
	"assertion":      func(n int) { var v any = n; fmt.Println(v.(string)) },
	"closed-channel": func(n int) { c := make(chan int); close(c); c <- n },
	"error":          func(n int) { panic(fmt.Errorf("wrapped: %w", io.ErrUnexpectedEOF)) },
	"makeslice":      func(n int) { fmt.Println(len(make([]int, -n))) },
}

func registerFaults(mux *http.ServeMux) {
	mux.HandleFunc("/fault", func(w http.ResponseWriter, r *http.Request) {
		defer recovered(w)
		fail, ok := failures[r.URL.Query().Get("kind")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		deep(20, func() { fail(4) })
	})
	mux.HandleFunc("/faults", func(w http.ResponseWriter, r *http.Request) {
		caught := 0
		for i := 0; i < 300; i++ {
			func() {
				defer func() {
					if recover() != nil {
						caught++
					}
				}()
				failures[[]string{"nil-pointer", "divide", "index"}[i%3]](4)
			}()
		}
		writeJSON(w, 200, caught)
	})
	mux.HandleFunc("/panic", func(w http.ResponseWriter, r *http.Request) { panic("net/http closes the connection") })
	mux.HandleFunc("/abort", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("partial ", 4000))
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/stack", func(w http.ResponseWriter, r *http.Request) {
		deep(5, func() {
			callers := make([]uintptr, 32)
			frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers)])
			for {
				frame, more := frames.Next()
				if strings.HasPrefix(frame.Function, "main.") {
					fmt.Fprintf(w, "%s %d\n", frame.Function, frame.Line)
				}
				if !more {
					break
				}
			}
		})
	})
	mux.HandleFunc("/deep", func(w http.ResponseWriter, r *http.Request) {
		n := 0
		deep(200000, func() { n++ })
		writeJSON(w, 200, n)
	})
}

//go:noinline
func deep(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	deep(n-1, f)
	runtime.KeepAlive(n)
}

func recovered(w http.ResponseWriter) {
	value := recover()
	if value == nil {
		return
	}
	answer := map[string]any{"panic": fmt.Sprint(value)}
	if err, ok := value.(error); ok {
		var fault runtime.Error
		answer["runtime"] = errors.As(err, &fault)
		answer["eof"] = errors.Is(err, io.ErrUnexpectedEOF)
	}
	writeJSON(w, 500, answer)
}
