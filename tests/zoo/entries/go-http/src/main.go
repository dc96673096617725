// A server on net/http alone, which does what Go servers do: each file is a topic.
package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

//go:embed static
var static embed.FS

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child(os.Args[2:])
		return
	}
	listen := flag.String("listen", ":8080", "address")
	flag.Parse()

	mux := http.NewServeMux()
	pages, err := fs.Sub(static, "static")
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/static/", http.StripPrefix("/static/", http.FileServer(http.FS(pages))))
	registerBasic(mux)
	registerConcurrency(mux)
	registerFaults(mux)
	registerData(mux)
	registerNetwork(mux)
	registerProcess(mux)

	server := &http.Server{Addr: *listen, Handler: logged(compressed(mux)), ReadHeaderTimeout: 10 * time.Second}
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	go func() {
		<-stop.Done()
		within, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = server.Shutdown(within)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

func logged(next http.Handler) http.Handler {
	logger := log.New(os.Stdout, "", log.LstdFlags|log.Lmicroseconds)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		since := time.Now()
		defer func() { logger.Printf("%s %s %v", r.Method, r.URL.Path, time.Since(since)) }()
		next.ServeHTTP(w, r)
	})
}
