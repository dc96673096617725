package main

import (
	"compress/gzip"
	"html/template"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

var list = template.Must(template.New("list.tmpl").Funcs(template.FuncMap{
	"upper": strings.ToUpper,
	"even":  func(i int) bool { return i%2 == 0 },
}).ParseFS(static, "static/list.tmpl"))

type item struct {
	Name  string  `json:"name"`
	Price float64 `json:"price"`
	Note  string  `json:"note,omitempty"`
}

func registerBasic(mux *http.ServeMux) {
	mux.HandleFunc("/json", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, 200, map[string]any{"ok": true, "items": []item{{"tea", 2.5, ""}, {"Kaffee <süß>", 3.1, "hot"}}, "method": r.Method})
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		_, _ = io.Copy(w, r.Body)
	})
	mux.HandleFunc("/query", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, 200, r.URL.Query()) })
	mux.HandleFunc("/headers", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("X-Two", "one")
		w.Header().Add("X-Two", "two")
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes", Path: "/", HttpOnly: true})
		writeJSON(w, 200, map[string]any{"test": r.Header.Values("X-Test"), "agent": r.UserAgent(), "host": r.Host})
	})
	mux.HandleFunc("/template", func(w http.ResponseWriter, r *http.Request) {
		var items []item
		for i := 0; i < 5 && r.URL.Query().Get("empty") == ""; i++ {
			items = append(items, item{"item " + strconv.Itoa(i), float64(i) * 1.25, "<b>\"note\" & 'quote'</b>"})
		}
		_ = list.Execute(w, map[string]any{"Items": items})
	})
	mux.HandleFunc("/upload", upload)
	mux.HandleFunc("/stream", stream)
	mux.HandleFunc("/big", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		block := make([]byte, 64<<10)
		for i := range block {
			block[i] = byte(i * 7)
		}
		w.Header().Set("Content-Length", strconv.Itoa(n))
		for n > 0 {
			size := min(n, len(block))
			if _, err := w.Write(block[:size]); err != nil {
				return
			}
			n -= size
		}
	})
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/json?from=redirect", http.StatusFound)
	})
	mux.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) {
		dir, _ := os.Getwd()
		writeJSON(w, 200, map[string]any{"greeting": os.Getenv("GREETING"), "uid": os.Getuid(), "gid": os.Getgid(), "dir": dir, "args": os.Args})
	})
	mux.HandleFunc("/sleep", func(w http.ResponseWriter, r *http.Request) {
		ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
		time.Sleep(time.Duration(ms) * time.Millisecond)
		_, _ = io.WriteString(w, "slept\n")
	})
}

// upload answers with what a multipart form had.
func upload(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(1 << 16); err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	files := map[string]int64{}
	for _, headers := range r.MultipartForm.File {
		for _, header := range headers {
			files[header.Filename] = header.Size
		}
	}
	writeJSON(w, 200, map[string]any{"values": r.MultipartForm.Value, "files": files})
}

// stream sends server-sent events on a ticker until the client goes.
func stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	ticker := time.NewTicker(60 * time.Millisecond)
	defer ticker.Stop()
	for i := 0; i < 5; i++ {
		_, _ = io.WriteString(w, "id: "+strconv.Itoa(i)+"\ndata: {\"tick\":"+strconv.Itoa(i)+"}\n\n")
		_ = out.Flush()
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		}
	}
}

var writers = sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}

type gzipResponse struct {
	http.ResponseWriter
	to *gzip.Writer
}

func (g gzipResponse) Write(b []byte) (int, error) { return g.to.Write(b) }
func (g gzipResponse) Unwrap() http.ResponseWriter { return g.ResponseWriter }

// compressed compresses what asks for it by its path, for clients that take it.
func compressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/gzip/") || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			next.ServeHTTP(w, r)
			return
		}
		to := writers.Get().(*gzip.Writer)
		defer writers.Put(to)
		to.Reset(w)
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		http.StripPrefix("/gzip", next).ServeHTTP(gzipResponse{w, to}, r)
		_ = to.Close()
	})
}
