// Command host is a stock go-plugin host that puts one plugin through named checks and prints one JSON line for each:
//
//	{"name": "...", "ok": true, "detail": "..."}
//
// The plugin answers go-plugin's own test service (github.com/hashicorp/go-plugin/test/grpc).
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	grpctest "github.com/hashicorp/go-plugin/test/grpc"
	"google.golang.org/grpc"
)

var handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "TEST_MAGIC_COOKIE",
	MagicCookieValue: "test",
}

type testPlugin struct {
	plugin.NetRPCUnsupportedPlugin
}

type testClient struct {
	grpctest.TestClient
	broker *plugin.GRPCBroker
	conn   *grpc.ClientConn
}

func (testPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }

func (testPlugin) GRPCClient(_ context.Context, broker *plugin.GRPCBroker, conn *grpc.ClientConn) (interface{}, error) {
	return &testClient{grpctest.NewTestClient(conn), broker, conn}, nil
}

func (pingPong) Ping(context.Context, *grpctest.PingRequest) (*grpctest.PongResponse, error) {
	return &grpctest.PongResponse{Msg: "pong"}, nil
}

// locked is a buffer that the library writes and the checks read.
type locked struct {
	mutex sync.Mutex
	bytes bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.bytes.Write(p)
}

func (l *locked) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.bytes.String()
}

type host struct {
	client         *plugin.Client
	protocol       plugin.ClientProtocol
	test           *testClient
	stdout, stderr locked
	logs           locked
	failed         bool
}

func (h *host) check(name string, run func() error) {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("panic: %v", r)
			}
		}()
		done <- run()
	}()
	var err error
	select {
	case err = <-done:
	case <-time.After(30 * time.Second):
		err = errors.New("not done after 30 s")
	}
	line := map[string]interface{}{"name": name, "ok": err == nil}
	if err != nil {
		h.failed = true
		line["detail"] = err.Error()
	}
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

func (h *host) double(ctx context.Context, n int32) error {
	reply, err := h.test.Double(ctx, &grpctest.TestRequest{Input: n})
	if err != nil {
		return err
	}
	if reply.Output != n*2 {
		return fmt.Errorf("%d doubled is %d", n, reply.Output)
	}
	return nil
}

func (h *host) bidirectional(ctx context.Context) error {
	id := h.test.broker.NextId()
	go h.test.broker.AcceptAndServe(id, func(options []grpc.ServerOption) *grpc.Server {
		server := grpc.NewServer(options...)
		grpctest.RegisterPingPongServer(server, pingPong{})
		return server
	})
	reply, err := h.test.Bidirectional(ctx, &grpctest.BidirectionalRequest{Id: id})
	if err != nil {
		return err
	}
	conn, err := h.test.broker.Dial(reply.Id)
	if err != nil {
		return err
	}
	defer conn.Close()
	pong, err := grpctest.NewPingPongClient(conn).Ping(ctx, &grpctest.PingRequest{})
	if err != nil {
		return err
	}
	if pong.Msg != "pong" {
		return fmt.Errorf("got %q", pong.Msg)
	}
	return nil
}

func (h *host) stream(ctx context.Context, count int32) error {
	stream, err := h.test.Stream(ctx)
	if err != nil {
		return err
	}
	for i := int32(1); i <= count; i++ {
		if err := stream.Send(&grpctest.TestRequest{Input: i}); err != nil {
			return err
		}
		reply, err := stream.Recv()
		if err != nil {
			return err
		}
		if reply.Output != i {
			return fmt.Errorf("%d came back as %d", i, reply.Output)
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if _, err := stream.Recv(); err != io.EOF {
		return fmt.Errorf("after the end: %v", err)
	}
	return nil
}

// pidOf asks the plugin itself: under a shell the child's id is the shell's.
func pidOf(client *plugin.Client) (int32, error) {
	protocol, err := client.Client()
	if err != nil {
		return 0, err
	}
	raw, err := protocol.Dispense("test")
	if err != nil {
		return 0, err
	}
	reply, err := raw.(*testClient).Double(context.Background(), &grpctest.TestRequest{Input: -6})
	if err != nil {
		return 0, err
	}
	return reply.Output, nil
}

func eventually(what string, ok func() bool) error {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return nil
		}
	}
	return errors.New("never: " + what)
}

func main() {
	autoMTLS := flag.Bool("automtls", false, "use AutoMTLS")
	mux := flag.Bool("mux", false, "ask for a multiplexed broker")
	stdio := flag.Bool("stdio", true, "the library has the stdio service")
	wait := flag.Bool("wait", false, "only start the plugin, print its process id, and wait to be killed")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()

	h := &host{}
	config := &plugin.ClientConfig{
		HandshakeConfig:  handshake,
		Plugins:          map[string]plugin.Plugin{"test": testPlugin{}},
		Cmd:              exec.Command(flag.Arg(0), flag.Args()[1:]...),
		AutoMTLS:         *autoMTLS,
		SyncStdout:       &h.stdout,
		SyncStderr:       &h.stderr,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: &h.logs, JSONFormat: true}),
	}
	multiplex(config, *mux)
	h.client = plugin.NewClient(config)
	defer func() {
		h.client.Kill()
		if h.failed {
			logs := h.logs.String()
			fmt.Fprint(os.Stderr, logs[max(0, len(logs)-20000):])
			os.Exit(1)
		}
	}()

	if *wait {
		if _, err := h.client.Client(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		reply, err := pidOf(h.client)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		fmt.Printf("{\"pid\": %d}\n", reply)
		select {}
	}
	h.check("starts and negotiates version 1 over gRPC", func() (err error) {
		if h.protocol, err = h.client.Client(); err != nil {
			return err
		}
		if v, p := h.client.NegotiatedVersion(), h.client.Protocol(); v != 1 || p != plugin.ProtocolGRPC {
			return fmt.Errorf("version %d, protocol %s", v, p)
		}
		raw, err := h.protocol.Dispense("test")
		if err != nil {
			return err
		}
		h.test = raw.(*testClient)
		return nil
	})
	if h.test == nil {
		return
	}
	h.check("ping", h.protocol.Ping)
	h.check("unary call", func() error { return h.double(ctx, 21) })
	h.check("64 calls at once, 640 in all", func() error {
		failures := make(chan error, 64)
		for i := 0; i < 64; i++ {
			go func(i int32) {
				for j := int32(0); j < 10; j++ {
					if err := h.double(ctx, i*10+j); err != nil {
						failures <- err
						return
					}
				}
				failures <- nil
			}(int32(i))
		}
		for i := 0; i < 64; i++ {
			if err := <-failures; err != nil {
				return err
			}
		}
		return nil
	})
	h.check("values of both kinds, logged by the plugin with level and fields", func() error {
		text := &grpctest.PrintKVRequest{Key: "k1", Value: &grpctest.PrintKVRequest_ValueString{ValueString: "text"}}
		number := &grpctest.PrintKVRequest{Key: "k2", Value: &grpctest.PrintKVRequest_ValueInt{ValueInt: 7}}
		for _, request := range []*grpctest.PrintKVRequest{text, number} {
			if _, err := h.test.PrintKV(ctx, request); err != nil {
				return err
			}
		}
		return eventually("a parsed log line", func() bool {
			for _, line := range strings.Split(h.logs.String(), "\n") {
				var record map[string]interface{}
				if json.Unmarshal([]byte(line), &record) == nil && record["key"] == "k2" {
					return record["@level"] == "info" && record["@message"] == "PrintKV" && record["value"] == 7.0
				}
			}
			return false
		})
	})
	h.check("6 MiB message", func() error {
		_, err := h.test.PrintKV(ctx, &grpctest.PrintKVRequest{
			Key:   strings.Repeat("k", 6<<20),
			Value: &grpctest.PrintKVRequest_ValueInt{ValueInt: 1},
		})
		return err
	})
	h.check("bidirectional stream of 50", func() error { return h.stream(ctx, 50) })
	h.check("status code and text of a failed call", func() error {
		_, err := h.test.Double(ctx, &grpctest.TestRequest{Input: -5})
		if err == nil || !strings.Contains(err.Error(), "FailedPrecondition") || !strings.Contains(err.Error(), "refused by the plugin") {
			return fmt.Errorf("got %v", err)
		}
		return nil
	})
	h.check("broker both ways", func() error { return h.bidirectional(ctx) })
	h.check("broker both ways, three more times", func() error {
		for i := 0; i < 3; i++ {
			if err := h.bidirectional(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if *stdio {
		h.stdio(ctx)
	}
	h.check("reflection lists the services", func() error { return reflects(ctx, h.test.conn) })
	if !*mux && !*autoMTLS {
		h.check("a second host reattaches", func() error {
			second := plugin.NewClient(&plugin.ClientConfig{
				HandshakeConfig:  handshake,
				Plugins:          map[string]plugin.Plugin{"test": testPlugin{}},
				Reattach:         h.client.ReattachConfig(),
				AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
				Logger:           hclog.NewNullLogger(),
			})
			protocol, err := second.Client()
			if err != nil {
				return err
			}
			raw, err := protocol.Dispense("test")
			if err != nil {
				return err
			}
			again := &host{test: raw.(*testClient)}
			if err := again.double(ctx, 4); err != nil {
				return err
			}
			return again.bidirectional(ctx)
		})
	}
	h.check("ends gracefully within two seconds", func() error {
		began := time.Now()
		h.client.Kill()
		if !h.client.Exited() {
			return errors.New("still there")
		}
		if took := time.Since(began); took > 1900*time.Millisecond {
			return fmt.Errorf("took %s", took)
		}
		if strings.Contains(h.logs.String(), "failed to exit gracefully") {
			return errors.New("it had to be killed")
		}
		return nil
	})
}
