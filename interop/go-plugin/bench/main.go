// Command bench is a stock go-plugin host that measures one plugin on request. It reads commands from stdin and answers
// each with one line of JSON:
//
//	unary MS          one call after the other: {"p50": us, "p99": us, "rate": calls/s}
//	parallel N MS     N calls at once: {"rate": calls/s}
//	stream MS         64 messages kept under way through one stream: {"rate": messages/s}
//	start MTLS        a fresh plugin until its first call is answered: {"ms": ms}
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	grpctest "github.com/hashicorp/go-plugin/test/grpc"
	"google.golang.org/grpc"
)

type testPlugin struct {
	plugin.NetRPCUnsupportedPlugin
}

func (testPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }

func (testPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (interface{}, error) {
	return grpctest.NewTestClient(conn), nil
}

func start(mtls bool) (*plugin.Client, grpctest.TestClient, error) {
	version := uint(1)
	if mtls && strings.Contains(strings.Join(os.Args, " "), "test-mtls") {
		version = 2
	}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  version,
			MagicCookieKey:   "TEST_MAGIC_COOKIE",
			MagicCookieValue: "test",
		},
		Plugins:          map[string]plugin.Plugin{"test": testPlugin{}},
		Cmd:              exec.Command(os.Args[1], os.Args[2:]...),
		AutoMTLS:         mtls,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})
	protocol, err := client.Client()
	if err != nil {
		return client, nil, err
	}
	raw, err := protocol.Dispense("test")
	if err != nil {
		return client, nil, err
	}
	return client, raw.(grpctest.TestClient), nil
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answer(value map[string]float64) {
	text, _ := json.Marshal(value)
	fmt.Println(string(text))
}

func unary(test grpctest.TestClient, length time.Duration) {
	var times []float64
	began := time.Now()
	for time.Since(began) < length {
		at := time.Now()
		_, err := test.Double(context.Background(), &grpctest.TestRequest{Input: 21})
		must(err)
		times = append(times, float64(time.Since(at).Nanoseconds())/1000)
	}
	rate := float64(len(times)) / time.Since(began).Seconds()
	sort.Float64s(times)
	answer(map[string]float64{"p50": times[len(times)/2], "p99": times[len(times)*99/100], "rate": rate})
}

func parallel(test grpctest.TestClient, lanes int, length time.Duration) {
	var count int64
	done := make(chan bool)
	began := time.Now()
	for i := 0; i < lanes; i++ {
		go func() {
			for time.Since(began) < length {
				_, err := test.Double(context.Background(), &grpctest.TestRequest{Input: 21})
				must(err)
				atomic.AddInt64(&count, 1)
			}
			done <- true
		}()
	}
	for i := 0; i < lanes; i++ {
		<-done
	}
	answer(map[string]float64{"rate": float64(count) / time.Since(began).Seconds()})
}

func stream(test grpctest.TestClient, length time.Duration) {
	call, err := test.Stream(context.Background())
	must(err)
	began := time.Now()
	const window = 64
	for i := 0; i < window; i++ {
		must(call.Send(&grpctest.TestRequest{Input: 21}))
	}
	open, count := window, 0
	for {
		if _, err := call.Recv(); err != nil {
			break
		}
		count++
		if time.Since(began) < length {
			must(call.Send(&grpctest.TestRequest{Input: 21}))
		} else if open--; open == 0 {
			must(call.CloseSend())
		}
	}
	answer(map[string]float64{"rate": float64(count) / time.Since(began).Seconds()})
}

func main() {
	mtls := os.Getenv("BENCH_MTLS") == "1"
	var client *plugin.Client
	var test grpctest.TestClient
	defer plugin.CleanupClients()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		ms := func(i int) time.Duration {
			n, err := strconv.Atoi(words[i])
			must(err)
			return time.Duration(n) * time.Millisecond
		}
		if words[0] != "start" && test == nil {
			var err error
			client, test, err = start(mtls)
			must(err)
			defer client.Kill()
		}
		switch words[0] {
		case "unary":
			unary(test, ms(1))
		case "parallel":
			lanes, err := strconv.Atoi(words[1])
			must(err)
			parallel(test, lanes, ms(2))
		case "stream":
			stream(test, ms(1))
		case "start":
			began := time.Now()
			fresh, calls, err := start(words[1] == "1")
			must(err)
			_, err = calls.Double(context.Background(), &grpctest.TestRequest{Input: 1})
			must(err)
			took := float64(time.Since(began).Nanoseconds()) / 1e6
			fresh.Kill()
			answer(map[string]float64{"ms": took})
		}
	}
}
