package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

func registerConcurrency(mux *http.ServeMux) {
	mux.HandleFunc("/counter", counter)
	mux.HandleFunc("/pipeline", pipeline)
	mux.HandleFunc("/select", selects)
	mux.HandleFunc("/deadline", deadline)
	mux.HandleFunc("/cond", cond)
	mux.HandleFunc("/spin", spin)
	mux.HandleFunc("/garbage", garbage)
	mux.HandleFunc("/cancelled", cancelled)
}

// counter has many goroutines fight for a mutex, an RWMutex, an atomic and a map.
func counter(w http.ResponseWriter, r *http.Request) {
	var (
		mu      sync.Mutex
		rw      sync.RWMutex
		locked  int
		shared  = map[int]int{}
		once    sync.Once
		onces   int
		added   atomic.Int64
		m       sync.Map
		waiting sync.WaitGroup
	)
	for g := 0; g < 100; g++ {
		waiting.Add(1)
		go func(g int) {
			defer waiting.Done()
			for i := 0; i < 200; i++ {
				mu.Lock()
				locked++
				mu.Unlock()
				if i%10 == 0 {
					rw.Lock()
					shared[i]++
					rw.Unlock()
					runtime.Gosched()
				} else {
					rw.RLock()
					_ = shared[i]
					rw.RUnlock()
				}
				added.Add(int64(g))
			}
			once.Do(func() { onces++ })
			m.LoadOrStore(g%7, g)
		}(g)
	}
	waiting.Wait()
	keys := 0
	m.Range(func(_, _ any) bool { keys++; return true })
	writeJSON(w, 200, map[string]any{"locked": locked, "shared": len(shared), "hundreds": shared[190], "once": onces, "added": added.Load(), "keys": keys})
}

// pipeline squares numbers in workers between channels, with and without buffers.
func pipeline(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	numbers := make(chan int)
	go func() {
		defer close(numbers)
		for i := 1; i <= 2000; i++ {
			select {
			case numbers <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	squares := make(chan int, 16)
	var workers sync.WaitGroup
	for i := 0; i < 8; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for n := range numbers {
				squares <- n * n
			}
		}()
	}
	go func() { workers.Wait(); close(squares) }()
	var all []int
	for s := range squares {
		all = append(all, s)
	}
	sort.Ints(all)
	sum := 0
	for _, s := range all {
		sum += s
	}
	writeJSON(w, 200, map[string]any{"count": len(all), "first": all[:5], "last": all[len(all)-1], "sum": sum})
}

func selects(w http.ResponseWriter, r *http.Request) {
	var said []string
	never := make(chan struct{})
	select {
	case <-never:
		said = append(said, "never")
	case <-time.After(30 * time.Millisecond):
		said = append(said, "timeout")
	}
	fired := make(chan string, 2)
	late := time.AfterFunc(2*time.Second, func() { fired <- "late" })
	time.AfterFunc(5*time.Millisecond, func() { fired <- "early" })
	said = append(said, <-fired)
	said = append(said, fmt.Sprint("stopped ", late.Stop()))
	timer := time.NewTimer(time.Hour)
	timer.Reset(time.Millisecond)
	<-timer.C
	select {
	case <-fired:
		said = append(said, "fired")
	default:
		said = append(said, "default")
	}
	writeJSON(w, 200, said)
}

func deadline(w http.ResponseWriter, r *http.Request) {
	// Before the timer starts: it is this clock that must not be ahead of it.
	since := time.Now()
	ctx, cancel := context.WithTimeout(r.Context(), 25*time.Millisecond)
	defer cancel()
	child, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	<-child.Done()
	took := time.Since(since)
	other, end := context.WithCancelCause(context.Background())
	end(errors.New("reasons"))
	writeJSON(w, 200, map[string]any{"error": child.Err().Error(), "early": took < 25*time.Millisecond, "deadline": errors.Is(child.Err(), context.DeadlineExceeded), "cause": context.Cause(other).Error()})
}

func cond(w http.ResponseWriter, r *http.Request) {
	var mu sync.Mutex
	ready := sync.NewCond(&mu)
	turn := 0
	var order []int
	var done sync.WaitGroup
	for i := 9; i >= 0; i-- {
		done.Add(1)
		go func(i int) {
			defer done.Done()
			mu.Lock()
			defer mu.Unlock()
			for turn != i {
				ready.Wait()
			}
			order = append(order, i)
			turn++
			ready.Broadcast()
		}(i)
	}
	done.Wait()
	writeJSON(w, 200, order)
}

// spin has goroutines in loops without calls, which only asynchronous preemption takes off their threads.
func spin(w http.ResponseWriter, r *http.Request) {
	var stop atomic.Bool
	var rounds atomic.Int64
	var done sync.WaitGroup
	for i := 0; i < 2*runtime.GOMAXPROCS(0); i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			n := int64(0)
			for !stop.Load() {
				n++
			}
			rounds.Add(n)
		}()
	}
	time.Sleep(30 * time.Millisecond)
	runtime.GC()
	stop.Store(true)
	done.Wait()
	writeJSON(w, 200, map[string]any{"spun": rounds.Load() > 0})
}

type node struct {
	left, right *node
	value       int
}

func tree(depth int) *node {
	if depth == 0 {
		return &node{value: 1}
	}
	return &node{tree(depth - 1), tree(depth - 1), depth}
}

func (n *node) sum() int {
	if n == nil {
		return 0
	}
	return n.value + n.left.sum() + n.right.sum()
}

// garbage makes the collector work beside goroutines that allocate, and waits for a finalizer.
func garbage(w http.ResponseWriter, r *http.Request) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	finalized := make(chan bool, 1)
	func() {
		big := &node{value: 1 << 20}
		runtime.SetFinalizer(big, func(*node) { finalized <- true })
	}()
	var done sync.WaitGroup
	var total atomic.Int64
	for i := 0; i < 4; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			for j := 0; j < 3; j++ {
				total.Add(int64(tree(12).sum()))
			}
		}()
	}
	done.Wait()
	ran := false
	for i := 0; i < 20 && !ran; i++ {
		runtime.GC()
		select {
		case ran = <-finalized:
		case <-time.After(50 * time.Millisecond):
		}
	}
	runtime.ReadMemStats(&after)
	writeJSON(w, 200, map[string]any{"total": total.Load(), "finalized": ran, "collected": after.NumGC > before.NumGC})
}

var gone atomic.Int64

// cancelled waits for its client to go, and with ?count tells how many went.
func cancelled(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("count") {
		for i := 0; i < 100 && gone.Load() == 0; i++ {
			time.Sleep(10 * time.Millisecond)
		}
		writeJSON(w, 200, gone.Load())
		return
	}
	w.WriteHeader(200)
	block := make([]byte, 32<<10)
	for r.Context().Err() == nil {
		if _, err := w.Write(block); err != nil {
			break
		}
	}
	<-r.Context().Done()
	gone.Add(1)
}
