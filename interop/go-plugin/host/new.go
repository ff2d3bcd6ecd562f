//go:build !before_mux

package main

import (
	"bytes"
	"context"
	"fmt"

	plugin "github.com/hashicorp/go-plugin"
	grpctest "github.com/hashicorp/go-plugin/test/grpc"
	"google.golang.org/grpc"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
)

func multiplex(config *plugin.ClientConfig, on bool) {
	config.GRPCBrokerMultiplex = on
}

func reflects(ctx context.Context, conn *grpc.ClientConn) error {
	stream, err := reflection.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		return err
	}
	list := &reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_ListServices{}}
	if err := stream.Send(list); err != nil {
		return err
	}
	reply, err := stream.Recv()
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, service := range reply.GetListServicesResponse().GetService() {
		names[service.Name] = true
	}
	for _, name := range []string{"grpctest.Test", "plugin.GRPCBroker", "plugin.GRPCStdio", "grpc.health.v1.Health"} {
		if !names[name] {
			return fmt.Errorf("%s is not listed in %v", name, names)
		}
		symbol := &reflection.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: name}
		if err := stream.Send(&reflection.ServerReflectionRequest{MessageRequest: symbol}); err != nil {
			return err
		}
		reply, err := stream.Recv()
		if err != nil {
			return err
		}
		if len(reply.GetFileDescriptorResponse().GetFileDescriptorProto()) == 0 {
			return fmt.Errorf("no descriptor of %s: %v", name, reply)
		}
	}
	return stream.CloseSend()
}

type pingPong struct {
	grpctest.UnimplementedPingPongServer
}

func (h *host) stdio(ctx context.Context) {
	h.check("what the plugin prints reaches SyncStdout and SyncStderr", func() error {
		request := &grpctest.PrintStdioRequest{Stdout: []byte("to stdout\n"), Stderr: []byte("to stderr\n")}
		if _, err := h.test.PrintStdio(ctx, request); err != nil {
			return err
		}
		return eventually("both", func() bool {
			return h.stdout.String() == "to stdout\n" && h.stderr.String() == "to stderr\n"
		})
	})
	h.check("200 KiB of print in one write", func() error {
		before := len(h.stdout.String())
		text := bytes.Repeat([]byte("0123456789abcdef"), 200*64)
		if _, err := h.test.PrintStdio(ctx, &grpctest.PrintStdioRequest{Stdout: text}); err != nil {
			return err
		}
		return eventually("all of it", func() bool { return len(h.stdout.String()) == before+len(text) })
	})
}
