package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/rpc"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func registerNetwork(mux *http.ServeMux) {
	mux.HandleFunc("/proxy", proxy)
	mux.HandleFunc("/tls", overTLS)
	mux.HandleFunc("/unix", overUnix)
	mux.HandleFunc("/udp", overUDP)
	mux.HandleFunc("/dial", dial)
	mux.HandleFunc("/interfaces", interfaces)
	mux.HandleFunc("/hijack", hijack)
}

// proxy passes a request to another server in the same program.
func proxy(w http.ResponseWriter, r *http.Request) {
	inner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Inner", "yes")
		fmt.Fprintf(w, "inner saw %s %s for %t: ", r.Method, r.URL.Path, r.Header.Get("X-Forwarded-For") != "")
		_, _ = io.Copy(w, r.Body)
	}))
	defer inner.Close()
	to, _ := url.Parse(inner.URL)
	httputil.NewSingleHostReverseProxy(to).ServeHTTP(w, r)
}

// overTLS makes a certificate, serves HTTP/2 with it, and asks itself.
func overTLS(w http.ResponseWriter, r *http.Request) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "inner"}, DNSNames: []string{"inner.test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	raw, err := x509.CreateCertificate(crand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	certificate, _ := x509.ParseCertificate(raw)
	inner := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", r.Proto, r.TLS.ServerName)
	}))
	inner.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}
	inner.EnableHTTP2 = true
	inner.StartTLS()
	defer inner.Close()
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "inner.test"}}}
	defer client.CloseIdleConnections()
	answer, err := client.Get(inner.URL)
	if err != nil {
		http.Error(w, err.Error(), 502)
		return
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	writeJSON(w, 200, map[string]any{"body": string(body), "version": tls.VersionName(answer.TLS.Version), "resumed": answer.TLS.DidResume})
}

// Arith is served by net/rpc.
type Arith struct{}

// Multiply multiplies.
func (Arith) Multiply(args [2]int, product *int) error { *product = args[0] * args[1]; return nil }

func overUnix(w http.ResponseWriter, r *http.Request) {
	dir, err := os.MkdirTemp("", "rpc")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	listener, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	server := rpc.NewServer()
	_ = server.Register(Arith{})
	go server.Accept(listener)
	client, err := rpc.Dial("unix", listener.Addr().String())
	if err != nil {
		panic(err)
	}
	defer client.Close()
	sum := 0
	for i := 0; i < 50; i++ {
		var product int
		if err := client.Call("Arith.Multiply", [2]int{i, 3}, &product); err != nil {
			panic(err)
		}
		sum += product
	}
	err = client.Call("Arith.Divide", [2]int{1, 0}, new(int))
	writeJSON(w, 200, map[string]any{"sum": sum, "error": err.Error()})
}

func overUDP(w http.ResponseWriter, r *http.Request) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer server.Close()
	go func() {
		buffer := make([]byte, 100)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = server.WriteTo([]byte(strings.ToUpper(string(buffer[:n]))), from)
		}
	}()
	client, err := net.Dial("udp", server.LocalAddr().String())
	if err != nil {
		panic(err)
	}
	defer client.Close()
	_, _ = client.Write([]byte("datagram"))
	_ = client.SetReadDeadline(time.Now().Add(5 * time.Second))
	buffer := make([]byte, 100)
	n, err := client.Read(buffer)
	_ = client.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	_, late := client.Read(buffer[50:])
	timeout, _ := late.(net.Error)
	writeJSON(w, 200, map[string]any{"answer": string(buffer[:n]), "error": err, "timeout": timeout.Timeout()})
}

// dial shows how connections are refused and given up, and how names are looked up without a network.
func dial(w http.ResponseWriter, r *http.Request) {
	closed, _ := net.Listen("tcp", "127.0.0.1:0")
	address := closed.Addr().String()
	_ = closed.Close()
	_, refused := net.DialTimeout("tcp", address, time.Second)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, cancelled := new(net.Dialer).DialContext(ctx, "tcp", "localhost:1")
	names, err := net.LookupHost("localhost")
	_, missing := net.LookupHost("bad name")
	six, sixErr := net.Listen("tcp6", "[::1]:0")
	if six != nil {
		defer six.Close()
	}
	writeJSON(w, 200, map[string]any{
		"refused": strings.ReplaceAll(fmt.Sprint(refused), address, "ADDRESS"), "cancelled": fmt.Sprint(cancelled), "names": names, "error": err,
		"missing": fmt.Sprint(missing), "six": sixErr,
	})
}

func interfaces(w http.ResponseWriter, r *http.Request) {
	all, err := net.Interfaces()
	loopback := []string{}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			addresses, _ := i.Addrs()
			loopback = append(loopback, i.Name, fmt.Sprint(i.MTU), addresses[0].String())
		}
	}
	writeJSON(w, 200, map[string]any{"loopback": loopback, "error": err})
}

// hijack takes the connection from net/http and writes the response itself.
func hijack(w http.ResponseWriter, r *http.Request) {
	connection, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	defer connection.Close()
	out := bufio.NewWriter(buffered)
	_, _ = out.WriteString("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n")
	for i := 0; i < 3; i++ {
		fmt.Fprintf(out, "line %d\n", i)
		_ = out.Flush()
		_ = buffered.Flush()
		time.Sleep(5 * time.Millisecond)
	}
}
