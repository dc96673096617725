package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func registerProcess(mux *http.ServeMux) {
	mux.HandleFunc("/exec", runChild)
	mux.HandleFunc("/kill", killChild)
	mux.HandleFunc("/signal", signals)
	mux.HandleFunc("/files", files)
	mux.HandleFunc("/self", self)
}

// child is what the program does when it runs itself.
func child(args []string) {
	switch args[0] {
	case "upper":
		text, _ := io.ReadAll(os.Stdin)
		fmt.Print(strings.ToUpper(string(text)), os.Getenv("EXTRA"), "\n")
	case "exit":
		code, _ := strconv.Atoi(args[1])
		fmt.Fprintln(os.Stderr, "leaving")
		os.Exit(code)
	case "wait":
		time.Sleep(time.Hour)
	}
}

// runChild runs the program itself as a child: a pipe to and from it, its exit code, its standard error.
func runChild(w http.ResponseWriter, r *http.Request) {
	command := exec.CommandContext(r.Context(), "/proc/self/exe", "child", "upper")
	command.Stdin = strings.NewReader("text for the child ")
	command.Env = append(os.Environ(), "EXTRA=extra")
	out, err := command.Output()
	failing := exec.Command("/proc/self/exe", "child", "exit", "3")
	var told bytes.Buffer
	failing.Stderr = &told
	failed := failing.Run()
	var exit *exec.ExitError
	code := -1
	if errors.As(failed, &exit) {
		code = exit.ExitCode()
	}
	missing := exec.Command("/bin/nothing").Run()
	writeJSON(w, 200, map[string]any{"out": string(out), "error": err, "code": code, "told": told.String(), "missing": fmt.Sprint(missing), "not-exist": errors.Is(missing, fs.ErrNotExist)})
}

func killChild(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	timed := exec.CommandContext(ctx, "/proc/self/exe", "child", "wait").Run()
	command := exec.Command("/proc/self/exe", "child", "wait")
	if err := command.Start(); err != nil {
		panic(err)
	}
	_ = command.Process.Signal(syscall.SIGTERM)
	ended := command.Wait()
	status := command.ProcessState.Sys().(syscall.WaitStatus)
	writeJSON(w, 200, map[string]any{"timed": fmt.Sprint(timed), "ended": fmt.Sprint(ended), "signal": int(status.Signal()), "again": fmt.Sprint(command.Process.Signal(syscall.SIGTERM))})
}

func signals(w http.ResponseWriter, r *http.Request) {
	got := make(chan os.Signal, 4)
	signal.Notify(got, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(got)
	var names []string
	for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2} {
		if err := syscall.Kill(os.Getpid(), s); err != nil {
			panic(err)
		}
		select {
		case s := <-got:
			names = append(names, s.String())
		case <-time.After(5 * time.Second):
			names = append(names, "nothing")
		}
	}
	writeJSON(w, 200, names)
}

func files(w http.ResponseWriter, r *http.Request) {
	dir, err := os.MkdirTemp("", "files")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	for i := 0; i < 20; i++ {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.txt", i)), bytes.Repeat([]byte{'a' + byte(i)}, i*100), 0o640); err != nil {
			panic(err)
		}
	}
	_ = os.MkdirAll(filepath.Join(dir, "sub/deep"), 0o755)
	_ = os.Rename(filepath.Join(dir, "05.txt"), filepath.Join(dir, "sub/deep/moved.txt"))
	_ = os.Symlink("00.txt", filepath.Join(dir, "link"))
	_ = os.Remove(filepath.Join(dir, "06.txt"))
	var lines []string
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, _ := entry.Info()
		name, _ := filepath.Rel(dir, path)
		size := info.Size()
		if entry.IsDir() {
			size = 0
		}
		lines = append(lines, fmt.Sprintf("%s %s %d", name, info.Mode(), size))
		return nil
	})
	_, missing := os.ReadFile(filepath.Join(dir, "06.txt"))
	file, _ := os.OpenFile(filepath.Join(dir, "07.txt"), os.O_RDWR, 0)
	defer file.Close()
	_, _ = file.WriteAt([]byte("XYZ"), 10)
	_ = file.Truncate(16)
	_, _ = file.Seek(8, io.SeekStart)
	rest, _ := io.ReadAll(file)
	readOnly := os.WriteFile("/server", nil, 0o644)
	writeJSON(w, 200, map[string]any{"lines": lines, "missing": errors.Is(missing, fs.ErrNotExist), "rest": string(rest), "denied": fmt.Sprint(readOnly)})
}

// self shows what the program can read of itself.
func self(w http.ResponseWriter, r *http.Request) {
	exe, err := os.Executable()
	status, _ := os.ReadFile("/proc/self/status")
	command, _ := os.ReadFile("/proc/self/cmdline")
	name := ""
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "Name:") || strings.HasPrefix(line, "Uid:") {
			name += line + ";"
		}
	}
	var limit syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_STACK, &limit)
	host, _ := os.Hostname()
	writeJSON(w, 200, map[string]any{"exe": exe, "error": err, "name": name, "command": strings.Split(string(command), "\x00"), "pid": os.Getpid() > 0, "host": host != ""})
}
